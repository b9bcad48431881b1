#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evidence/run_records.h"
#include "orchestrator/api/api.h"
#include "tests/support/fake_fleet.h"
#include "tests/support/log_file.h"

/// The API over a fleet in memory and a real evidence file, with tokens for everybody.
namespace reachproof::test {

/// Writes at once and answers from the loop, as the real one does.
class FakeJournal : public api::Journal {
 public:
  FakeJournal(boost::asio::io_context& loop, const std::string& path)
      : loop_(loop), log_(open_log(path)) {}

  void append(std::vector<evidence::Record> records, api::Done<evidence::LeafIndex> done) override {
    auto kept = full ? Result<evidence::LeafIndex>(fail(ErrorCode::Io, "the disk is full"))
                     : log_.append(records, at_noon());
    if (kept) written.insert(written.end(), records.begin(), records.end());
    boost::asio::post(loop_, [done = std::move(done), kept] { done(kept); });
  }
  evidence::Log& log() { return log_; }

  /// Bodies of the records of that kind.
  [[nodiscard]] std::vector<std::string> bodies(const std::string& kind) const {
    std::vector<std::string> out;
    for (const auto& record : written) {
      if (record.kind == kind) out.push_back(record.body);
    }
    return out;
  }
  bool full = false;
  std::vector<evidence::Record> written;

 private:
  boost::asio::io_context& loop_;
  evidence::Log log_;
};

/// A run of checks in these segments, one each.
inline std::vector<evidence::Record> run_records(const std::string& run,
                                                 const std::vector<std::string>& segments) {
  core::Plan plan;
  std::vector<core::CheckVerdict> verdicts;
  std::vector<std::vector<core::Observation>> observations;
  for (const auto& segment : segments) {
    core::Check check{.id = "X01/" + segment + "/db/tcp/22",
                      .rule = "X01",
                      .source = segment + "-app",
                      .destination = "db",
                      .source_segment = segment,
                      .destination_segment = segment,
                      .port = {core::Protocol::Tcp, 22}};
    check.paths.push_back({.vantage = "a",
                           .target = "b",
                           .address = *core::IpAddress::parse("10.0.0.1"),
                           .attempts = 1,
                           .timeout = std::chrono::milliseconds(100)});
    plan.checks.push_back(check);
    core::Observation seen;
    seen.attempts.push_back({.number = 1, .outcome = core::Outcome::Connected});
    observations.push_back({seen});
    verdicts.push_back(
        {.verdict = {core::Reachability::Open, core::Proof::Proved, core::CheckResult::Violation,
                     core::Reason::Connected, "", 1, 1},
         .deciding_path = 0});
  }
  const evidence::RunHeader header{.run = run, .started = at_noon(), .who = "test"};
  auto records = evidence::records_of_start(header, {}, {}, plan);
  for (auto& record : evidence::records_of_observations(run, at_noon(), observations)) {
    records.push_back(std::move(record));
  }
  for (auto& record : evidence::records_of_verdicts(run, verdicts)) {
    records.push_back(std::move(record));
  }
  evidence::RunEnd end{.finished = at_noon(), .proved = static_cast<int>(segments.size())};
  end.results["violation"] = static_cast<int>(segments.size());
  records.push_back(evidence::record_of_end(run, end));
  return records;
}

class ApiWorld {
 public:
  explicit ApiWorld(api::AuthLimiter::Limits limits = {})
      : journal(loop, folder.file("evidence.db")) {
    append(run_records("run-red", {"red"}));
    append(run_records("run-blue", {"blue"}));
    append(run_records("run-both", {"red", "blue"}));
    EXPECT_TRUE(journal.log().sign(test_key(), at_noon()).has_value());
    api::AccessBook book;
    for (const auto role : api::all_roles()) {
      tokens[std::string(word(role))] = make_token(book, role, {});
      tokens["red " + std::string(word(role))] = make_token(book, role, {"red"});
    }
    api::ApiOptions options{.evidence_path = folder.file("evidence.db"),
                            .keys = {test_key().verifier()},
                            .authentication = limits,
                            .now = [this] { return now; }};
    options.unready = [this] { return unready; };
    api = std::make_unique<api::Api>(loop, options,
                                     api::Backend{probes, probe_tokens, runs, schedules, findings,
                                                  engagements, stop, integrations, journal},
                                     std::move(book), metrics);
  }

  struct Ask {
    std::string token;  ///< its name in `tokens`, empty for none
    std::string body;
    std::map<std::string, std::string> headers;
    std::string from = "192.0.2.1";
  };
  /// "GET", "/api/v1/probes?limit=1"
  api::Response ask(const std::string& method, const std::string& target, Ask with) {
    api::Request request{.method = method,
                         .path = target.substr(0, target.find('?')),
                         .headers = std::move(with.headers),
                         .body = std::move(with.body),
                         .peer = *core::IpAddress::parse(with.from)};
    if (const auto mark = target.find('?'); mark != std::string::npos) {
      request.query = target.substr(mark + 1);
    }
    if (!request.body.empty()) request.headers.try_emplace("content-type", "application/json");
    if (!with.token.empty()) request.headers["authorization"] = "Bearer " + tokens.at(with.token);
    std::optional<api::Response> answer;
    api->handle(std::move(request), [&](api::Response response) { answer = std::move(response); });
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    loop.restart();
    while (!answer && std::chrono::steady_clock::now() < until) {
      loop.run_one_for(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(answer.has_value()) << method << " " << target << " was not answered";
    return answer.value_or(api::Response{.status = 0});
  }
  api::Response get(const std::string& target, const std::string& token = "admin") {
    return ask("GET", target, {.token = token});
  }
  api::Response post(const std::string& target, const std::string& token,
                     const std::string& body = "{}") {
    return ask("POST", target, {.token = token, .body = body});
  }
  static boost::json::value json(const api::Response& response) {
    boost::system::error_code failed;
    auto value = boost::json::parse(response.body, failed);
    EXPECT_FALSE(failed) << response.body;
    return value;
  }
  void append(const std::vector<evidence::Record>& records) {
    EXPECT_TRUE(journal.log().append(records, at_noon()).has_value());
  }
  /// Lets what was posted happen.
  void settle() {
    loop.restart();
    loop.poll();
  }
  static std::string make_token(api::AccessBook& book, api::Role role,
                                const std::vector<std::string>& segments) {
    const auto made = book.make({.name = std::string(word(role)),
                                 .roles = {role},
                                 .segments = segments,
                                 .life = std::chrono::hours(24),
                                 .created_by = "test"},
                                api::random_secret(), at_noon());
    EXPECT_TRUE(made.has_value());
    EXPECT_TRUE(book.apply(made->record.body).has_value());
    return made->text;
  }
  [[nodiscard]] std::string id_of(const std::string& token) const {
    return tokens.at(token).substr(4, 8);
  }

  Folder folder;
  boost::asio::io_context loop;
  core::WallTime now = at_noon();
  FakeProbes probes;
  FakeProbeTokens probe_tokens;
  FakeRuns runs;
  FakeSchedules schedules;
  FakeFindings findings;
  FakeEngagements engagements;
  FakeStop stop;
  FakeIntegrations integrations;
  FakeJournal journal;
  orchestrator::Metrics metrics;
  std::vector<std::string> unready;
  std::map<std::string, std::string> tokens;
  std::unique_ptr<api::Api> api;
};

}  // namespace reachproof::test
