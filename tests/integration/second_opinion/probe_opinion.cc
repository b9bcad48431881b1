#include "tests/integration/second_opinion/probe_opinion.h"

#include "protocol/codec.h"

namespace reachproof::second_opinion {

ProbeOpinion::ProbeOpinion(const lab::Lab& lab, const std::string& host, const Question& question)
    : question_(question),
      task_(lab, host, {REACHPROOF_BIN_DIR "/reachproof-probe", "--stdio", "--no-witness"}) {
  for (const auto port : question.ports) {
    protocol::AttemptOrder order{.id = port,
                                 .protocol = question.protocol,
                                 .address = question.address,
                                 .port = port,
                                 .timeout = question.patience};
    if (question.protocol == core::Protocol::Udp) order.nonce = protocol::Nonce{1, 2, 3};
    task_.say(protocol::encode(order) + "\n");
  }
}

std::map<core::Port, protocol::OutcomeReport> ProbeOpinion::outcomes() {
  std::map<core::Port, protocol::OutcomeReport> outcomes;
  while (outcomes.size() < question_.ports.size()) {
    const auto line = task_.line();
    if (line.empty()) break;
    const auto message = protocol::decode(line);
    if (!message) break;
    const auto* report = std::get_if<protocol::OutcomeReport>(&*message);
    if (report != nullptr) outcomes[static_cast<core::Port>(report->id)] = *report;
  }
  task_.say(protocol::encode(protocol::Stop{.reason = "the test is over"}) + "\n");
  return outcomes;
}

}  // namespace reachproof::second_opinion
