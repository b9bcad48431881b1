#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

/// A whole fleet in a lab: a service, enrolled probes in three segments, runs, and what goes wrong.
namespace reachproof::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

const std::filesystem::path kExample =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/fleet";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

class FleetInALab : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    if (geteuid() != 0)
      GTEST_SKIP() << "the hosts' namespaces are entered with ip(8), which needs root";
    lab_ = std::make_unique<LabUp>(
        folder_, replaced(file_text(kExample / "lab.yaml"), "name: fleet\n", "name: LAB\n"));
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    // Slow enough for something to happen in the middle; no schedule of its own.
    auto scenario = file_text(kExample / "scenario.yaml");
    scenario = replaced(scenario, "rate: 200/s", "rate: 4/s");
    scenario = replaced(scenario, "per-target: 50/s", "per-target: 2/s");
    scenario = replaced(scenario, "*/2 * * * *", "0 0 1 1 *");
    write_file(folder_ / "scenario.yaml", scenario);
    write_file(folder_ / "orchestrator.yaml", file_text(kExample / "orchestrator.yaml"));
    write_file(folder_ / "inventory.yaml", file_text(kExample / "inventory.yaml"));
    serve();
  }

  void TearDown() override {
    for (auto& [name, program] : programs_) {
      program->signal(SIGKILL);
      program->wait(seconds(5));
    }
  }

  static std::string netns(const std::string& host) {
    return "t" + std::to_string(getpid()) + "." + host;
  }
  std::vector<std::string> on(const std::string& host, std::vector<std::string> command) {
    command.insert(command.begin(), {"ip", "netns", "exec", netns(host)});
    return command;
  }
  std::filesystem::path place(const std::string& name) {
    std::filesystem::create_directories(folder_ / name);
    return folder_ / name;
  }
  void start(const std::string& name, const std::vector<std::string>& command) {
    programs_[name] = std::make_unique<Program>(command, place(name + ".out"));
  }
  void end(const std::string& name, int signal) {
    programs_.at(name)->signal(signal);
    programs_.at(name)->wait(seconds(10));
    programs_.erase(name);
  }

  void serve() {
    start("orchestrator", on("orchestrator", {binary("reachproof"), "serve", "--config",
                                              (folder_ / "orchestrator.yaml").string()}));
    until([this] { return ask({"status"}).exit == 0; });
  }
  Finished ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", (folder_ / "state").string()});
    return reachproof(folder_, arguments);
  }
  std::vector<std::string> probe(const std::string& host, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), binary("reachproof-probe"));
    arguments.insert(arguments.end(), {"--state", (folder_ / host).string(), "--stop-file",
                                       (folder_ / (host + ".stop")).string()});
    return on(host, arguments);
  }
  Finished on_probe(const std::string& host, const std::vector<std::string>& arguments) {
    return Program(probe(host, arguments), place("once")).wait(seconds(30));
  }
  std::string token(const std::string& segment, const std::string& name, bool automatic = true) {
    std::vector<std::string> words{"probe", "token",  "create", "--segment",
                                   segment, "--name", name};
    if (automatic) words.emplace_back("--auto-approve");
    const auto line = ask(words).out;
    const auto at = line.find("rpj_");
    return at == std::string::npos ? "" : line.substr(at, line.size() - at - 1);
  }
  void enrol_all() {
    for (const auto& [host, segment] : kHosts) {
      const auto joined = on_probe(host, {"join", token(segment, host)});
      ASSERT_EQ(joined.exit, 0) << joined.err;
      start(host, probe(host, {"run"}));
    }
    until([this] { return connected() == 3; });
  }
  int connected() {
    const auto text = ask({"probe", "list"}).out;
    int count = 0;
    for (auto at = text.find("connected"); at != std::string::npos;
         at = text.find("connected", at + 1))
      ++count;
    return count;
  }
  template <class Condition>
  void until(Condition condition, seconds at_most = seconds(20)) {
    const auto end_of_patience = std::chrono::steady_clock::now() + at_most;
    while (!condition() && std::chrono::steady_clock::now() < end_of_patience) {
      std::this_thread::sleep_for(milliseconds(50));
    }
    EXPECT_TRUE(condition());
  }

  std::string dispatch() {
    auto text = ask({"dispatch", "--reason", "test"}).out;
    return text.empty() ? text : text.substr(0, text.size() - 1);
  }
  void until_over() {
    until([this] { return ask({"status"}).out.find("\nrun ") == std::string::npos; }, seconds(120));
  }
  void until_attempts() {
    until([this] {
      std::smatch found;
      const auto text = ask({"status"}).out;
      return std::regex_search(text, found, std::regex("attempts ([0-9]+)/")) && found[1] != "0" &&
             found[1] != "1";
    });
  }
  std::map<std::string, CheckWords> results(const std::string& run) {
    return checks_in(reachproof(folder_, {"--output", "json", "results", "-e",
                                          (folder_ / "state/evidence.db").string(), run})
                         .out);
  }
  std::string result(const std::string& run, const std::string& check) {
    const auto checks = results(run);
    const auto it = checks.find(check);
    return it == checks.end() ? "none" : it->second.result + " " + it->second.reachability;
  }
  void expect_evidence_verifies() {
    const auto verified =
        reachproof(folder_, {"evidence", "verify", "-e", (folder_ / "state/evidence.db").string()});
    EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
  }
  /// What is so in this lab, whatever happened on the way.
  void expect_the_usual(const std::string& run) {
    EXPECT_EQ(result(run, "X1/staff/database/tcp/22"), "violation open");
    EXPECT_EQ(result(run, "X1/staff/database/tcp/5432"), "pass blocked");
    EXPECT_EQ(result(run, "F1/staff/portal/tcp/443"), "pass open");
    EXPECT_EQ(result(run, "F2/portal/database/tcp/5432"), "pass open");
    EXPECT_EQ(result(run, "default/database/portal/tcp/443"), "pass blocked");
  }
  void expect_no_false_blocked(const std::string& run) {
    for (const auto& [id, words] : results(run)) {
      const bool open_in_truth = id == "X1/staff/database/tcp/22" || id.starts_with("F");
      if (open_in_truth) {
        EXPECT_NE(words.reachability, "blocked") << id;
      }
    }
  }

  static inline const std::map<std::string, std::string> kHosts{
      {"laptop", "office"}, {"portal", "app"}, {"database", "data"}};
  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  std::map<std::string, std::unique_ptr<Program>> programs_;
};

TEST_F(FleetInALab, FindsWhatIsOpenAndProvesWhatIsBlocked) {
  enrol_all();
  const auto run = dispatch();
  until_over();
  expect_the_usual(run);
  expect_evidence_verifies();
}

TEST_F(FleetInALab, AnInventoryOfItsProbesFitsTheScenario) {
  enrol_all();
  const auto inventory = ask({"probe", "inventory"});
  ASSERT_EQ(inventory.exit, 0) << inventory.err;
  write_file(folder_ / "enrolled.yaml", inventory.out);
  const auto plan = reachproof(folder_, {"plan", (folder_ / "scenario.yaml").string(), "-i",
                                         (folder_ / "enrolled.yaml").string()});
  EXPECT_EQ(plan.exit, 0) << plan.err << inventory.out;
  EXPECT_THAT(plan.out, HasSubstr("from 3 probes"));
  EXPECT_THAT(inventory.out, HasSubstr("\"10.30.0.10\""));
}

TEST_F(FleetInALab, AFindingOpensOnceAndClosesWhenTheMistakeIsUndone) {
  const auto findings = [this] {
    return reachproof(folder_,
                      {"findings", "--all", "-e", (folder_ / "state/evidence.db").string()});
  };
  const auto wait_for = [&](const std::string& state) {
    until([&] { return findings().out.find(state) != std::string::npos; });
  };
  enrol_all();
  dispatch();
  until_over();
  wait_for("open   violation critical");
  EXPECT_EQ(findings().exit, 3);
  dispatch();
  until_over();
  const auto twice = findings().out;
  EXPECT_EQ(std::ranges::count(twice, '\n'), 1) << twice;
  const auto rules =
      Program(on("firewall", {"nft", "-a", "list", "ruleset"}), place("once")).wait().out;
  std::smatch handle;
  ASSERT_TRUE(std::regex_search(rules, handle, std::regex("dport 22 .*accept.*# handle ([0-9]+)")))
      << rules;
  const std::string chain =
      rules.substr(rules.rfind("chain ", static_cast<std::size_t>(handle.position())) + 6);
  ASSERT_EQ(Program(on("firewall", {"nft", "delete", "rule", "inet", "lab",
                                    chain.substr(0, chain.find(' ')), "handle", handle[1]}),
                    place("once"))
                .wait()
                .exit,
            0);
  dispatch();
  until_over();
  wait_for("closed violation critical");
  EXPECT_EQ(findings().exit, 0) << findings().out;
  EXPECT_EQ(std::ranges::count(findings().out, '\n'), 1);
}

TEST_F(FleetInALab, AKilledOrchestratorTakesItsRunUpWhereItStood) {
  enrol_all();
  const auto run = dispatch();
  until_attempts();
  end("orchestrator", SIGKILL);
  std::this_thread::sleep_for(seconds(1));
  serve();
  until_over();
  expect_the_usual(run);
  expect_evidence_verifies();
}

TEST_F(FleetInALab, AKilledProbeLeavesItsChecksUnprovenAndIsBackForTheNextRun) {
  enrol_all();
  const auto run = dispatch();
  until_attempts();
  end("database", SIGKILL);
  start("database", probe("database", {"run"}));
  until_over();
  expect_no_false_blocked(run);
  EXPECT_EQ(result(run, "X1/staff/database/tcp/5432"), "unproven inconclusive");
  until([this] { return connected() == 3; });
  const auto next = dispatch();
  until_over();
  expect_the_usual(next);
  expect_evidence_verifies();
}

TEST_F(FleetInALab, AStopReachesEveryProbeAndNothingRunsUntilItIsReleased) {
  enrol_all();
  const auto run = dispatch();
  until_attempts();
  const auto stopped = ask({"stop", "--all", "--reason", "drill"});
  EXPECT_EQ(stopped.exit, 0) << stopped.out << stopped.err;
  EXPECT_THAT(stopped.out, HasSubstr("stopped 3 of 3"));
  EXPECT_EQ(ask({"dispatch"}).exit, 7);
  end("orchestrator", SIGKILL);
  serve();
  EXPECT_EQ(ask({"dispatch"}).exit, 7) << "a restart must not release a stop";
  until([this] { return connected() == 3; });
  EXPECT_EQ(ask({"stop", "--release", "--reason", "over"}).exit, 0);
  expect_no_false_blocked(run);
  until([this] { return ask({"probe", "list"}).out.find("idle") == std::string::npos; });
  const auto next = dispatch();
  until_over();
  expect_the_usual(next);
}

TEST_F(FleetInALab, ALocalStopFileNeedsNoOrchestrator) {
  enrol_all();
  write_file(folder_ / "laptop.stop", "");
  until([this] { return ask({"probe", "list"}).out.find("is there") != std::string::npos; });
  const auto run = dispatch();
  until_over();
  EXPECT_EQ(result(run, "F1/staff/portal/tcp/443"), "unproven inconclusive");
  EXPECT_EQ(result(run, "F2/portal/database/tcp/5432"), "pass open");
  expect_evidence_verifies();
}

TEST_F(FleetInALab, AProbeWithAPolicyKeyRunsSignedPlansAlone) {
  enrol_all();
  ASSERT_EQ(
      Program({"openssl", "genpkey", "-algorithm", "ed25519", "-out", "policy.key"}, folder_.path())
          .wait()
          .exit,
      0);
  ASSERT_EQ(Program({"openssl", "pkey", "-in", "policy.key", "-pubout", "-out", "policy.pem"},
                    folder_.path())
                .wait()
                .exit,
            0);
  end("laptop", SIGTERM);
  start("laptop", probe("laptop", {"run", "--policy-key", (folder_ / "policy.pem").string()}));
  until([this] { return connected() == 3; });
  const auto refused = dispatch();
  until_over();
  EXPECT_EQ(result(refused, "F1/staff/portal/tcp/443"), "unproven inconclusive");
  write_file(folder_ / "probes.json", ask({"--output", "json", "probe", "list"}).out);
  const auto signed_plan = reachproof(
      folder_, {"sign", "scenario.yaml", "--key", "policy.key", "--probes", "probes.json"});
  ASSERT_EQ(signed_plan.exit, 0) << signed_plan.err;
  write_file(folder_ / "orchestrator.yaml",
             file_text(folder_ / "orchestrator.yaml") + "signed-plans: signed-plans.jsonl\n");
  end("orchestrator", SIGTERM);
  serve();
  until([this] { return connected() == 3; });
  const auto run = dispatch();
  until_over();
  expect_the_usual(run);
}

TEST_F(FleetInALab, WhoIsNotLetInGetsNothing) {
  // A forged secret, a used token, a pending probe, a banned one.
  const auto sound = token("office", "laptop", false);
  EXPECT_EQ(on_probe("portal", {"join", "rpj_bm9uc2Vuc2U"}).exit, 2);
  const auto pending = on_probe("laptop", {"join", sound});
  EXPECT_EQ(pending.exit, 0) << pending.err;
  EXPECT_THAT(pending.out, HasSubstr("waiting for approval"));
  EXPECT_THAT(on_probe("database", {"join", sound}).err, HasSubstr("used up"));
  EXPECT_THAT(ask({"probe", "list"}).out, HasSubstr("pending"));
  start("laptop", probe("laptop", {"run"}));
  EXPECT_EQ(ask({"probe", "approve", "laptop"}).exit, 0);
  until([this] { return connected() == 1; });
  EXPECT_EQ(ask({"probe", "ban", "laptop", "--reason", "stolen"}).exit, 0);
  until([this] { return connected() == 0; });
  EXPECT_EQ(ask({"probe", "approve", "laptop"}).exit, 2) << "the name is free, its bearer is gone";
  expect_evidence_verifies();
}

TEST_F(FleetInALab, ACopiedKeyQuarantinesBoth) {
  enrol_all();
  std::filesystem::copy(folder_ / "laptop", folder_ / "portal-copy",
                        std::filesystem::copy_options::recursive);
  auto copy = probe("laptop", {"run"});
  for (auto& word : copy) {
    if (word == (folder_ / "laptop").string()) word = (folder_ / "portal-copy").string();
  }
  start("copy", copy);
  until(
      [this] {
        return ask({"probe", "list"}).out.find("quarantined") != std::string::npos;
      },
      seconds(40));
  EXPECT_EQ(ask({"probe", "doctor"}).exit, 8);
}

}  // namespace
}  // namespace reachproof::testing
