#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

/// A whole service with its API, its receivers and its rules, over probes that it launches in a
/// lab.
namespace reachproof::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

const std::filesystem::path kExample =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/quickstart";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

class Service : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    lab_ = std::make_unique<LabUp>(
        folder_, replaced(file_text(kExample / "lab.yaml"), "name: quickstart\n", "name: LAB\n"));
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", file_text(kExample / "scenario.yaml"));
  }
  void TearDown() override { end(SIGKILL); }

  void serve(const std::string& more = "") {
    place_ = folder_ / ("service." + std::to_string(++starts_));
    std::filesystem::create_directories(place_);
    write_file(folder_ / "orchestrator.yaml",
               "version: 1\nstate: state\nscenario: scenario.yaml\ninventory: inventory.yaml\n"
               "port: 0\napi: { port: 0 }\n" +
                   more);
    program_ = std::make_unique<Program>(
        std::vector<std::string>{binary("reachproof"), "serve", "--config",
                                 (folder_ / "orchestrator.yaml").string()},
        place_);
    until([this] { return said("serving"); });
    const auto log = journal();
    const auto at = log.find("people at ") + 10;
    server_ = log.substr(at, log.find(',', at) - at);
  }
  void end(int signal) {
    if (!program_) return;
    program_->signal(signal);
    program_->wait(seconds(20));
    program_.reset();
  }
  void reload() {
    const auto before = std::ranges::count(journal(), '\n');
    program_->signal(SIGHUP);
    until([&] { return std::ranges::count(journal(), '\n') > before; });
  }
  std::string journal() { return file_text(place_ / "program.err"); }
  bool said(const std::string& what) { return journal().find(what) != std::string::npos; }

  /// Over the control socket.
  Finished ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", (folder_ / "state").string()});
    return reachproof(folder_, arguments);
  }
  /// Over the API, as the holder of a token.
  Finished as(const std::string& who, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(),
                     {"--server", server_, "--token-file", (folder_ / (who + ".token")).string()});
    return reachproof(folder_, arguments);
  }
  json::value get(const std::string& who, const std::string& path) {
    const auto answer = as(who, {"api", "GET", path});
    json::error_code failed;
    auto value = json::parse(answer.out, failed);
    EXPECT_FALSE(failed) << path << ": " << answer.out << answer.err;
    return value;
  }
  Finished post(const std::string& who, const std::string& path, const std::string& body) {
    return as(who, {"api", "POST", path, "--body", body});
  }
  void first_admin() {
    const auto in =
        as("admin", {"login", "--name", "admin", "--setup", (folder_ / "state").string()});
    ASSERT_EQ(in.exit, 0) << in.err;
  }
  void make_token(const std::string& name, const std::vector<std::string>& roles,
                  const std::vector<std::string>& segments = {}) {
    std::vector<std::string> words{"token", "create", "--name", name};
    for (const auto& role : roles) words.insert(words.end(), {"--role", role});
    for (const auto& segment : segments) words.insert(words.end(), {"--segment", segment});
    const auto made = as("admin", words);
    ASSERT_EQ(made.exit, 0) << made.err;
    const auto file = folder_ / (name + ".token");
    write_file(file, made.out.substr(0, made.out.find('\n')));
    ::chmod(file.c_str(), 0600);
  }
  template <class Condition>
  void until(Condition condition, seconds at_most = seconds(60)) {
    const auto end_of_patience = std::chrono::steady_clock::now() + at_most;
    while (!condition() && std::chrono::steady_clock::now() < end_of_patience) {
      std::this_thread::sleep_for(milliseconds(30));
    }
    EXPECT_TRUE(condition()) << journal();
  }
  std::string dispatch(std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"dispatch", "--reason", "test"});
    const auto done = ask(more);
    EXPECT_EQ(done.exit, 0) << done.err;
    return done.out.empty() ? "" : done.out.substr(0, done.out.size() - 1);
  }
  void until_finished(const std::string& run) {
    until([&] { return said("run finished: " + run); });
  }
  /// Slow enough for something to happen in the middle.
  void slow_scenario(const std::string& rate = "2/s") {
    auto scenario = file_text(kExample / "scenario.yaml");
    scenario = replaced(scenario, "rate: 200/s", "rate: " + rate);
    write_file(folder_ / "scenario.yaml", scenario);
  }

  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  std::unique_ptr<Program> program_;
  std::filesystem::path place_;  ///< of the service's output
  int starts_ = 0;
  std::string server_;
};

TEST_F(Service, TheFirstAdministratorNeedsTheServicesOwnMachine) {
  serve();
  EXPECT_EQ(as("nobody", {"whoami"}).exit, 6);
  const auto guessed =
      post("nobody", "/api/v1/setup", R"({"setup_token":"rps_guess","name":"eve"})");
  EXPECT_NE(guessed.exit, 0);
  first_admin();
  EXPECT_THAT(as("admin", {"whoami"}).out, HasSubstr("admin"));
  const auto again = as("late", {"login", "--setup", (folder_ / "state").string()});
  EXPECT_EQ(again.exit, 7) << again.err;
  end(SIGTERM);
  serve();  // tokens outlive a restart
  EXPECT_EQ(as("admin", {"whoami"}).exit, 0);
  EXPECT_THAT(journal(), Not(HasSubstr("nobody administers")));
}

TEST_F(Service, ARunIsBegunWatchedAndReadOverTheApi) {
  serve("notify:\n  - { name: siem, ocsf: findings.ndjson }\n");
  first_admin();
  const auto started = post("admin", "/api/v1/runs", R"({"reason":"a look","only":["X1","F"]})");
  ASSERT_EQ(started.exit, 0) << started.out << started.err;
  const auto run = std::string(json::parse(started.out).at("id").as_string());
  until_finished(run);
  const auto shown = get("admin", "/api/v1/runs/" + run);
  EXPECT_EQ(shown.at("state").as_string(), "finished");
  EXPECT_EQ(shown.at("who").as_string(), "admin");
  EXPECT_EQ(shown.at("why").as_string(), "a look");
  EXPECT_EQ(shown.at("results").at("violation").to_number<int>(), 1);
  const auto verdicts = get("admin", "/api/v1/runs/" + run + "/verdicts?result=violation");
  ASSERT_EQ(verdicts.at("items").as_array().size(), 1U);
  EXPECT_EQ(verdicts.at("items").at(0).at("id").as_string(), "X1/staff/database/tcp/22");
  until([&] { return said("finding opened"); });
  const auto findings = get("admin", "/api/v1/findings");
  ASSERT_EQ(findings.at("items").as_array().size(), 1U);
  const auto id = std::string(findings.at("items").at(0).at("id").as_string());
  EXPECT_EQ(as("admin", {"findings", "ack", id, "--note", "ticket 7"}).exit, 0);
  // What people do between runs is signed too, at the latest when the service ends.
  until([&] {
    return file_text(folder_ / "findings.ndjson").find("office to data, tcp/22") !=
           std::string::npos;
  });
  const auto metrics = as("admin", {"api", "GET", "/metrics"}).out;
  EXPECT_THAT(metrics, HasSubstr("reachproof_checks{expectation=\"deny\",result=\"violation\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("reachproof_findings_open{severity=\"critical\""));
  EXPECT_THAT(metrics, HasSubstr("reachproof_runs_total{schedule=\"\",result=\"finished\"} 1"));
  EXPECT_THAT(as("nobody", {"api", "GET", "/readyz"}).out, HasSubstr("ready"));
  end(SIGTERM);
  const auto verified = reachproof(folder_, {"evidence", "verify", "-e", "state/evidence.db"});
  EXPECT_EQ(verified.exit, 0);
  EXPECT_THAT(verified.out + verified.err, Not(HasSubstr("not signed yet")));
  serve();  // what people said of a finding is evidence too
  const auto after = get("admin", "/api/v1/findings/" + id);
  EXPECT_EQ(after.at("state").as_string(), "acknowledged");
  EXPECT_EQ(after.at("note").as_string(), "ticket 7");
  EXPECT_EQ(after.at("first_run").as_string(), run);
  EXPECT_EQ(reachproof(folder_, {"evidence", "verify", "-e", "state/evidence.db"}).exit, 0);
}

TEST_F(Service, ATenantSeesAndChangesTheirOwnSegmentsAlone) {
  serve();
  first_admin();
  make_token("office", {"operator", "viewer"}, {"office"});
  const auto run = dispatch();
  until_finished(run);
  until([&] { return said("finding opened"); });
  const auto tokens = ask({"probe", "token", "create", "--segment", "data", "--name", "db"});
  ASSERT_EQ(tokens.exit, 0) << tokens.err;
  EXPECT_TRUE(get("office", "/api/v1/probe-tokens").at("items").as_array().empty());
  const auto other = get("admin", "/api/v1/probe-tokens").at("items").at(0).at("id");
  EXPECT_NE(
      as("office", {"api", "DELETE", "/api/v1/probe-tokens/" + std::string(other.as_string())})
          .exit,
      0);
  EXPECT_EQ(get("admin", "/api/v1/probe-tokens").at("items").at(0).at("revoked").as_bool(), false);
  // The finding is between office and data: seen, but not theirs to change.
  const auto finding = get("office", "/api/v1/findings").at("items").at(0).at("id");
  EXPECT_EQ(as("office", {"findings", "ack", std::string(finding.as_string())}).exit, 6);
  EXPECT_EQ(post("office", "/api/v1/runs", "{}").exit, 6);
  EXPECT_EQ(post("office", "/api/v1/stop:engage", R"({"reason":"x"})").exit, 6);
  const auto audit = as("admin", {"audit", "list", "--limit", "50"}).out;
  EXPECT_THAT(audit, HasSubstr("/api/v1/stop:engage"));
}

TEST_F(Service, NoRunGoesOnOutsideTheRulesOfEngagement) {
  slow_scenario();
  const std::string engagement = R"(version: 1
engagements:
  - { id: e1, owner: ada, contact: soc@example.org, approvers: [maya], segments: [office, app, data],
      starts: 2026-01-01, ends: 2099-01-01 }
)";
  write_file(folder_ / "engagements.yaml", engagement);
  serve("engagements: engagements.yaml\n");
  first_admin();
  make_token("maya", {"approver"});
  make_token("ada", {"approver"});
  const auto refused = ask({"dispatch"});
  EXPECT_EQ(refused.exit, 7);
  EXPECT_THAT(refused.err, HasSubstr("e1: it has 0 of the 1 approvals"));
  EXPECT_EQ(as("ada", {"engagement", "approve", "e1"}).exit, 7);  // its owner
  EXPECT_EQ(as("maya", {"engagement", "approve", "e1"}).exit, 0);
  const auto run = dispatch();
  until([&] { return ask({"status"}).out.find("attempts") != std::string::npos; });
  EXPECT_EQ(as("maya", {"engagement", "revoke", "e1", "--reason", "an incident"}).exit, 0);
  until_finished(run);
  const auto shown = get("admin", "/api/v1/runs/" + run);
  EXPECT_THAT(std::string(shown.at("interrupted").as_string()),
              HasSubstr("engagement e1: it was revoked"));
  const auto results = checks_in(
      reachproof(folder_, {"--output", "json", "results", "-e", "state/evidence.db", run}).out);
  for (const auto& [id, check] : results) EXPECT_NE(check.result, "broken") << id;
  // A scope that changed wants to be approved anew.
  write_file(folder_ / "engagements.yaml", replaced(engagement, "id: e1", "id: e2"));
  reload();
  EXPECT_EQ(ask({"dispatch"}).exit, 7);
  EXPECT_EQ(as("maya", {"engagement", "approve", "e2"}).exit, 0);
  EXPECT_EQ(ask({"dispatch", "--engagement", "e1"}).exit, 2);
  EXPECT_EQ(ask({"dispatch", "--engagement", "e2", "--only", "F1"}).exit, 0);
}

TEST_F(Service, AWrongConfigurationIsReportedAndTheLastGoodOneStays) {
  serve("notify:\n  - { name: siem, ocsf: findings.ndjson }\n");
  first_admin();
  write_file(folder_ / "scenario.yaml", "version: 1\nname: broken\nsegmets: {}\n");
  reload();
  EXPECT_THAT(journal(), HasSubstr("configuration kept as it was"));
  EXPECT_THAT(journal(), HasSubstr("scenario.yaml:3:1: error: unknown key `segmets`"));
  EXPECT_THAT(as("admin", {"api", "GET", "/metrics"}).out,
              HasSubstr("reachproof_config_last_reload_successful 0"));
  until_finished(dispatch({"--only", "F1"}));
  write_file(folder_ / "scenario.yaml", file_text(kExample / "scenario.yaml"));
  write_file(folder_ / "orchestrator.yaml",
             replaced(file_text(folder_ / "orchestrator.yaml"), "name: siem", "name: lake"));
  EXPECT_EQ(post("admin", "/-/reload", "").exit, 0);
  EXPECT_EQ(get("admin", "/api/v1/integrations").at("items").at(0).at("name").as_string(), "lake");
}

TEST_F(Service, ARunOfAHigherPriorityEndsOneOfALower) {
  slow_scenario();
  write_file(
      folder_ / "scenario.yaml",
      file_text(folder_ / "scenario.yaml") +
          "schedules:\n  slow: { cron: \"0 0 1 1 *\", priority: low }\n"
          "  urgent: { cron: \"0 0 1 1 *\", priority: high, select: { severity: [critical] } }\n");
  serve("runs-at-once: 1\n");
  const auto slow = dispatch({"--schedule", "slow"});
  EXPECT_EQ(ask({"dispatch", "--schedule", "slow"}).exit, 8);
  const auto urgent = dispatch({"--schedule", "urgent"});
  until_finished(slow);
  EXPECT_THAT(journal(), HasSubstr("preempted: ended for"));
  until_finished(urgent);
  EXPECT_THAT(ask({"status"}).out, HasSubstr("slow: `0 0 1 1 *` UTC, preempted"));
}

TEST_F(Service, RunsThatOverlapShareTheRate) {
  slow_scenario("8/s");
  serve();
  const auto begin = std::chrono::steady_clock::now();
  const auto first = dispatch();
  const auto second = dispatch();
  until_finished(first);
  until_finished(second);
  const auto took = std::chrono::steady_clock::now() - begin;
  int attempts = 0;
  for (const auto& run : {first, second}) {
    const auto results = checks_in(
        reachproof(folder_, {"--output", "json", "results", "-e", "state/evidence.db", run}).out);
    for (const auto& [id, check] : results) attempts += check.attempts;
  }
  EXPECT_GT(attempts, 20);
  EXPECT_GE(took, milliseconds(1000 / 8 * (attempts - 1)));
}

TEST_F(Service, ARunMayBeCancelledAndKeepsWhatItHas) {
  slow_scenario();
  serve();
  const auto run = dispatch();
  until([&] { return ask({"status"}).out.find("attempts 1/") != std::string::npos; });
  EXPECT_EQ(ask({"cancel", run, "--reason", "wrong night"}).exit, 0);
  until_finished(run);
  EXPECT_THAT(journal(), HasSubstr("wrong night"));
  EXPECT_EQ(ask({"cancel", run}).exit, 7);
}

TEST_F(Service, SaysInItsConfigurationWhereItIsWrong) {
  write_file(folder_ / "orchestrator.yaml",
             "version: 1\nscenario: scenario.yaml\ninventory: inventory.yaml\n"
             "api: { listen: 0.0.0.0 }\nnotify:\n  - { name: x }\nruns-at-once: 0\n");
  const auto refused = reachproof(folder_, {"serve", "--config", "orchestrator.yaml"});
  EXPECT_EQ(refused.exit, 2);
  EXPECT_THAT(refused.err, HasSubstr("orchestrator.yaml:4:"));
  EXPECT_THAT(refused.err, HasSubstr("in plain on an address that others reach"));
  EXPECT_THAT(refused.err, HasSubstr("orchestrator.yaml:6:"));
  EXPECT_THAT(refused.err, HasSubstr("runs-at-once"));
}

}  // namespace
}  // namespace reachproof::testing
