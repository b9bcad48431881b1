#pragma once

#include "evidence/key_store.h"
#include "evidence/run_records.h"
#include "evidence/stored_run.h"
#include "tests/support/log_file.h"

/// Evidence files with whole runs in them, as a run writes them, without a network.
namespace reachproof::test {

inline core::WallTime at(std::string_view time) {
  return *core::parse_wall_time(time);
}

inline core::Check check_of(const std::string& id, core::Expectation expectation) {
  core::Check check;
  check.id = id;
  check.rule = id.substr(0, id.find('/'));
  check.why = "patients' records stay where they are";
  check.source = "vendor";
  check.destination = "phi-db";
  check.source_segment = "outside";
  check.destination_segment = "data";
  check.port = {core::Protocol::Tcp, 5432};
  check.expectation = expectation;
  core::Path path;
  path.address = *core::IpAddress::parse("10.9.0.5");
  path.vantage = "vendor-1";
  path.target = "phi-db-1";
  path.attempts = 1;
  path.timeout = std::chrono::milliseconds(500);
  check.paths.push_back(path);
  return check;
}

/// What came of one check.
struct Judged {
  std::string id;
  core::Expectation expectation = core::Expectation::Deny;
  core::CheckResult result = core::CheckResult::Pass;
};

inline core::CheckVerdict verdict_of(const Judged& judged) {
  core::CheckVerdict decided;
  auto& verdict = decided.verdict;
  verdict.result = judged.result;
  verdict.attempts = 1;
  decided.deciding_path = 0;
  if (judged.result == core::CheckResult::Violation) {
    verdict.reachability = core::Reachability::Open;
    verdict.proof = core::Proof::Proved;
    verdict.reason = core::Reason::HandshakeSeen;
    verdict.connected = 1;
  } else if (judged.result != core::CheckResult::Unproven) {
    verdict.reachability = core::Reachability::Blocked;
    verdict.proof = core::Proof::Proved;
    verdict.reason = core::Reason::DroppedOnTheWay;
  }
  return decided;
}

inline core::Observation seen_from(const std::string& address) {
  core::Observation seen;
  core::Attempt attempt;
  attempt.number = 1;
  attempt.source = *core::IpAddress::parse(address);
  attempt.source_port = 40'000;
  attempt.started.monotonic_us = 1;
  attempt.elapsed_us = 250;
  seen.attempts.push_back(attempt);
  seen.sightings.emplace_back();
  return seen;
}

struct RunOf {
  std::string id = "r-20261130-020000-0001";
  std::string started = "2026-11-30T02:00:00.000Z";
  std::vector<Judged> checks{
      {.id = "X1/vendor/phi-db/tcp/5432"},
      {.id = "F1/ehr/phi-db/tcp/5432", .expectation = core::Expectation::Allow}};
  bool finished = true;
  std::vector<std::string> controls;  ///< that all checks carry
  std::string change = {};
  std::string scenario = "version: 1\nname: clinic\n# database at 10.9.0.5\n";
};

/// All records of a run, in their order.
inline std::vector<evidence::Record> records_of(const RunOf& run) {
  core::Scenario scenario;
  scenario.name = "clinic";
  scenario.file = "scenario.yaml";
  scenario.text = run.scenario;
  core::Inventory inventory{.file = "inventory.yaml", .text = "version: 1\n", .endpoints = {}};
  evidence::RunHeader header;
  header.run = run.id;
  header.started = at(run.started);
  header.who = "auditor@host";
  header.scenario = scenario.name;
  header.scenario_file = scenario.file;
  header.scenario_sha256 = core::hex(evidence::sha256(scenario.text));
  header.inventory_file = inventory.file;
  header.inventory_sha256 = core::hex(evidence::sha256(inventory.text));
  header.software = "reachproof test";
  header.change = run.change;
  core::Plan plan;
  std::vector<std::vector<core::Observation>> observations;
  std::vector<core::CheckVerdict> verdicts;
  evidence::RunEnd end{.finished = at(run.started) + std::chrono::minutes(1)};
  for (const auto& judged : run.checks) {
    plan.checks.push_back(check_of(judged.id, judged.expectation));
    plan.checks.back().controls = run.controls;
    observations.push_back({seen_from("172.28.9.5")});
    verdicts.push_back(verdict_of(judged));
    ++end.results[std::string(core::word(judged.result))];
  }
  auto records = evidence::records_of_start(header, scenario, inventory, plan);
  const auto add = [&](std::vector<evidence::Record> more) {
    for (auto& record : more) records.push_back(std::move(record));
  };
  add(evidence::records_of_observations(run.id, header.started, observations));
  add(evidence::records_of_verdicts(run.id, verdicts));
  if (run.finished) records.push_back(evidence::record_of_end(run.id, end));
  return records;
}

/// An evidence file with its keys beside it, as `reachproof run` leaves them.
class JudgedLog {
 public:
  explicit JudgedLog(std::string path) : path_(std::move(path)) {
    const auto key = evidence::SignerKey::generate("clinic.example/reachproof/log");
    EXPECT_TRUE(key->save(path_ + ".key").has_value());
    write_bytes(path_ + ".vkey", key->verifier().text() + "\n");
  }

  /// Keeps a run, and signs, in the minute after it began.
  void run(const RunOf& run = {}) const { append(records_of(run), at(run.started)); }

  void append(const std::vector<evidence::Record>& records, core::WallTime now) const {
    auto log = open_log(path_);
    const auto first = log.append(records, now);
    ASSERT_TRUE(first.has_value()) << first.error().message;
    const auto key = evidence::SignerKey::load(path_ + ".key");
    const auto note = log.sign(*key, now);
    ASSERT_TRUE(note.has_value()) << note.error().message;
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] evidence::VerifierKey key() const {
    return *evidence::VerifierKey::parse(bytes_of(path_ + ".vkey"));
  }
  [[nodiscard]] evidence::KeyUse use() const {
    return {.log_path = path_,
            .files = evidence::KeyFiles::beside(path_),
            .holder = "test",
            .now = at("2026-12-01T00:00:00.000Z")};
  }

 private:
  std::string path_;
};

}  // namespace reachproof::test
