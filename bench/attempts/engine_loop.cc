#include <cstdio>

#include "bench/attempts/work.h"
#include "core/check.h"
#include "probe/attempt_engine.h"

namespace reachproof::bench {
namespace {

core::IpAddress target(std::uint32_t number) {
  const std::uint32_t address = kFirstTarget + number;
  const std::uint8_t bytes[] = {
      static_cast<std::uint8_t>(address >> 24U), static_cast<std::uint8_t>(address >> 16U),
      static_cast<std::uint8_t>(address >> 8U), static_cast<std::uint8_t>(address)};
  return core::IpAddress::v4(bytes);
}

/// The whole report counts, as a verdict needs it: the ICMP code, and the source port.
bool is_right(const protocol::OutcomeReport& report, Case of) {
  using core::Outcome;
  if (report.source_port == 0 || report.source.bytes()[0] != 10) return false;
  switch (of) {
    case Case::Open:
      return report.outcome == Outcome::Connected;
    case Case::Refused:
      return report.outcome == Outcome::Refused && !report.icmp;
    case Case::Rejected:
      return report.outcome == Outcome::Unreachable && report.icmp->type == 3 &&
             report.icmp->code == 13;
    case Case::Silent:
      return report.outcome == Outcome::TimedOut;
  }
  return false;
}

}  // namespace

std::uint32_t run_engine(const Work& work) {
  std::uint32_t finished = 0;
  std::uint32_t right = 0;
  auto engine = probe::AttemptEngine::create(work.window, [&](protocol::OutcomeReport&& report) {
    ++finished;
    if (is_right(report, work.of)) ++right;
  });
  CHECK(engine);
  protocol::AttemptOrder order{.port = kPort, .timeout = timeout_of(work.of)};
  std::uint32_t started = 0;
  while (finished < kAttempts) {
    while (started < kAttempts && !(*engine)->full()) {
      order.id = started;
      order.address = target(started++);
      (*engine)->start(order);
    }
    (*engine)->run_once(std::chrono::milliseconds(100));
  }
  return kAttempts - right;
}

}  // namespace reachproof::bench
