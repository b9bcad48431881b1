#pragma once

#include <string>
#include <vector>

#include "evidence/stored_run.h"

/// Stored runs made in memory: as a log would give them, of any size.
namespace reachproof::test {

struct RunShape {
  int segments = 5;
  int workloads_each = 5;
  int ports = 16;           ///< checks of each ordered pair of workloads
  int violation_each = 97;  ///< every so many checks one is a violation, 0 for none
};

inline core::CheckVerdict verdict_as(core::CheckResult result) {
  core::CheckVerdict decided{.verdict = {}, .deciding_path = 0};
  auto& verdict = decided.verdict;
  verdict.result = result;
  verdict.attempts = 2;
  verdict.reachability = core::Reachability::Blocked;
  verdict.proof = core::Proof::Proved;
  verdict.reason = core::Reason::DroppedOnTheWay;
  if (result == core::CheckResult::Violation || result == core::CheckResult::Excepted) {
    verdict.reachability = core::Reachability::Open;
    verdict.reason = core::Reason::HandshakeSeen;
    verdict.connected = 2;
  } else if (result == core::CheckResult::Unproven) {
    verdict.reachability = core::Reachability::Inconclusive;
    verdict.proof = core::Proof::None;
    verdict.reason = core::Reason::TargetNotAlive;
  }
  return decided;
}

inline core::Observation seen_twice(core::CheckResult result, core::WallTime when) {
  core::Observation seen;
  seen.witness = core::WitnessState::Armed;
  seen.port = core::PortState::Listening;
  seen.source = core::SourceProof::Reached;
  const bool open = result == core::CheckResult::Violation || result == core::CheckResult::Excepted;
  for (int number = 1; number <= 2; ++number) {
    core::Attempt attempt;
    attempt.number = number;
    attempt.outcome = open ? core::Outcome::Connected : core::Outcome::TimedOut;
    attempt.source = *core::IpAddress::parse("10.0.0.1");
    attempt.source_port = static_cast<core::Port>(40'000 + number);
    attempt.started = {when + std::chrono::milliseconds(number), number};
    attempt.elapsed_us = 1'500;
    seen.attempts.push_back(attempt);
    seen.sightings.push_back(
        {.arrived = open,
         .answer = open ? core::HostAnswer::Accepted : core::HostAnswer::Nothing,
         .seen_source = attempt.source,
         .seen_source_port = attempt.source_port});
  }
  return seen;
}

/// A check of a made run with everything in it; its verdict stands in record `record`.
inline evidence::StoredCheck stored_check(core::Check check, core::CheckResult result,
                                          core::WallTime when, evidence::LeafIndex record) {
  core::Path path;
  path.vantage = check.source + "-1";
  path.target = check.destination + "-1";
  path.address = *core::IpAddress::parse("10.1.0.1");
  path.attempts = 2;
  path.witnessed = true;
  check.paths.push_back(path);
  return {.check = std::move(check),
          .observations = {seen_twice(result, when)},
          .verdict = verdict_as(result),
          .has_verdict = true,
          .plan_record = 1,
          .observation_record = record - 1,
          .verdict_record = record};
}

inline evidence::StoredRun empty_run() {
  evidence::StoredRun run;
  run.header.run = "r-20261130-020000-0001";
  run.header.started = *core::parse_wall_time("2026-11-30T02:00:00.000Z");
  run.header.who = "night@orchestrator";
  run.header.scenario = "made";
  run.header.scenario_file = "scenarios/made.yaml";
  run.header.scenario_sha256 = std::string(64, 'a');
  run.header.inventory_file = "inventory.yaml";
  run.header.inventory_sha256 = std::string(64, 'b');
  run.header.software = "reachproof 0.1.0";
  run.header.judge_version = 2;
  run.end_record = 4;
  run.end.emplace().finished = run.header.started + std::chrono::minutes(5);
  return run;
}

inline evidence::StoredRun made_run(const RunShape& shape) {
  auto run = empty_run();
  const int workloads = shape.segments * shape.workloads_each;
  const auto name = [&](int w) { return "w" + std::to_string(w); };
  const auto segment = [&](int w) { return "segment-" + std::to_string(w / shape.workloads_each); };
  int number = 0;
  for (int from = 0; from < workloads; ++from) {
    for (int to = 0; to < workloads; ++to) {
      for (int port = 0; port < shape.ports; ++port, ++number) {
        core::Check check;
        check.rule = to % 2 == 0 ? "X1" : "default";
        check.why = "nothing of one segment reaches another";
        check.mark.line = to % 2 == 0 ? 12 : 0;
        check.source = name(from);
        check.destination = name(to);
        check.source_segment = segment(from);
        check.destination_segment = segment(to);
        check.port = {core::Protocol::Tcp, static_cast<core::Port>(1000 + port)};
        check.severity = core::Severity::High;
        check.controls = {"nist-sc-7-5"};
        check.techniques = {"T1021.004", "T1210"};
        check.id =
            check.rule + "/" + check.source + "/" + check.destination + "/" + check.port.text();
        const bool bad = shape.violation_each > 0 && number % shape.violation_each == 5;
        const bool unclear = shape.violation_each > 0 && number % shape.violation_each == 9;
        const auto result = bad       ? core::CheckResult::Violation
                            : unclear ? core::CheckResult::Unproven
                                      : core::CheckResult::Pass;
        run.checks.push_back(stored_check(std::move(check), result, run.header.started,
                                          static_cast<evidence::LeafIndex>(3 + number / 500)));
      }
    }
  }
  run.end_record = static_cast<evidence::LeafIndex>(5 + number / 500);
  return run;
}

}  // namespace reachproof::test
