#include "orchestrator/run_outcome.h"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "core/hex.h"
#include "evidence/merkle.h"
#include "orchestrator/observe.h"

namespace reachproof::orchestrator {
namespace {

std::string sha256_hex(const std::string& text) {
  return core::hex(evidence::sha256(text));
}

std::vector<evidence::ProbeRecord> probe_records(const RunFacts& facts) {
  std::vector<evidence::ProbeRecord> records;
  for (const auto& [name, probe] : facts.probes) {
    records.push_back({.endpoint = name,
                       .host = probe.hello.host,
                       .software = probe.hello.software,
                       .scope = probe.hello.scope,
                       .can_capture = probe.hello.can_capture,
                       .hello = probe.hello.now,
                       .lost = probe.lost});
  }
  return records;
}

std::vector<evidence::RefusalRecord> refusal_records(const RunFacts& facts) {
  std::vector<evidence::RefusalRecord> records;
  for (const auto& refusal : facts.refusals) {
    records.push_back({.endpoint = refusal.endpoint,
                       .order = refusal.refused.id,
                       .why = std::string(protocol::word(refusal.refused.why)),
                       .detail = refusal.refused.detail});
  }
  return records;
}

evidence::RunEnd end_of(const core::Plan& plan, const RunFacts& facts,
                        const std::vector<core::CheckVerdict>& verdicts, core::WallTime finished) {
  evidence::RunEnd end;
  end.finished = finished;
  end.interrupted = facts.interrupted;
  for (const auto& decided : verdicts) {
    ++end.results[std::string(core::word(decided.verdict.result))];
    end.proved += decided.verdict.proof == core::Proof::Proved ? 1 : 0;
    end.corroborated += decided.verdict.proof == core::Proof::Corroborated ? 1 : 0;
  }
  for (const auto& check : plan.checks) end.pairs_untried += check.pairs_untried;
  return end;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown-host";
}

std::string user_at_host() {
  const passwd* user = getpwuid(geteuid());
  return fmt::format("{}@{}", user == nullptr ? std::to_string(geteuid()) : user->pw_name,
                     host_name());
}

evidence::RunHeader header_of(const RunAbout& about, const core::Scenario& scenario,
                              const core::Inventory& inventory) {
  evidence::RunHeader header;
  header.run = about.run;
  header.started = about.started;
  header.who = about.who.empty() ? user_at_host() : about.who;
  header.why = about.why;
  header.change = about.change;
  header.as_of = about.as_of;
  header.scenario = scenario.name;
  header.scenario_file = scenario.file;
  header.scenario_sha256 = sha256_hex(scenario.text);
  header.inventory_file = inventory.file;
  header.inventory_sha256 = sha256_hex(inventory.text);
  header.software = "reachproof " REACHPROOF_VERSION;
  header.judge_version = core::kJudgeVersion;
  header.require_proved = about.require_proved;
  return header;
}

RunOutcome outcome_of(const RunAbout& about, const core::Plan& plan,
                      const core::Inventory& inventory, const RunFacts& facts,
                      core::WallTime finished) {
  RunOutcome outcome;
  const auto seen = observations(plan, inventory, facts);
  outcome.verdicts = verdicts(plan, seen, about.require_proved);
  outcome.records =
      evidence::records_of_probes(about.run, probe_records(facts), refusal_records(facts));
  std::ranges::move(evidence::records_of_observations(about.run, about.started, seen),
                    std::back_inserter(outcome.records));
  std::ranges::move(evidence::records_of_verdicts(about.run, outcome.verdicts),
                    std::back_inserter(outcome.records));
  outcome.records.push_back(
      evidence::record_of_end(about.run, end_of(plan, facts, outcome.verdicts, finished)));
  return outcome;
}

}  // namespace reachproof::orchestrator
