#include <fmt/core.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>

#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

/// Thirty enrolled probes in ten segments behind three routers, and a network that drifts between
/// runs. With REACHPROOF_BY_CLOCK=1 the schedule begins the runs, one a minute; otherwise they are
/// begun as that schedule would.
namespace reachproof::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
namespace json = boost::json;

constexpr int kSegments = 10;
constexpr int kHostsOfSegment = 3;
constexpr std::array<const char*, 3> kRouters{"campus", "core", "cloud"};

std::string segment(int s) {
  return fmt::format("s{}", s);
}
std::string host(int s, int h) {
  return fmt::format("s{}h{}", s, h);
}
std::string address(int s, int h) {
  return fmt::format("10.{}.0.{}", 10 + s, 10 + h);
}
const char* router_of(int s) {
  return kRouters[static_cast<std::size_t>(s % 3)];
}
int next(int s, int by = 1) {
  return (s + by) % kSegments;
}

/// Each segment needs the web of the next one and of another, and must not reach the SSH of the one
/// between. Two, because a source that reaches nothing at all is not proven to work.
std::string lab_text() {
  std::string text = "version: 1\nname: LAB\nsegments:\n  mgmt: 10.90.0.0/24\n";
  for (int s = 0; s < kSegments; ++s)
    text += fmt::format("  {}: 10.{}.0.0/24\n", segment(s), 10 + s);
  text += "routers:\n";
  for (std::size_t r = 0; r < kRouters.size(); ++r) {
    text += fmt::format("  {}:\n    segments: [{}", kRouters[r], r == 1 ? "mgmt" : "");
    const char* comma = r == 1 ? ", " : "";
    for (int s = 0; s < kSegments; ++s) {
      if (router_of(s) != kRouters[r]) continue;
      text += comma + segment(s);
      comma = ", ";
    }
    text +=
        fmt::format("]\n{}    policy: drop\n    rules:\n", r == 1 ? "" : "    transit: [core]\n");
    for (int s = 0; s < kSegments; ++s) {
      text += fmt::format("      - accept from {} to {}, {} tcp/443\n", segment(s),
                          segment(next(s)), segment(next(s, 3)));
      text += fmt::format("      - accept from {} to orchestrator tcp/8443\n", segment(s));
    }
  }
  text +=
      "hosts:\n  orchestrator: { segment: mgmt, workload: orchestrator, addresses: [10.90.0.10] "
      "}\n";
  for (int s = 0; s < kSegments; ++s) {
    for (int h = 0; h < kHostsOfSegment; ++h) {
      text += fmt::format(
          "  {}: {{ segment: {}, workload: w{}, addresses: [{}], "
          "listeners: {{ tcp/443: http, tcp/22: banner SSH-2.0-lab }} }}\n",
          host(s, h), segment(s), s, address(s, h));
    }
  }
  return text;
}

std::string scenario_text(bool by_clock) {
  std::string text =
      "version: 1\nname: thirty\nowner: you@example.org\n"
      "defaults: { expectation: deny, check: { attempts: 2, timeout: 1s, samples: 2 } }\n"
      "segments:\n  mgmt: { mode: observe }\n";
  for (int s = 0; s < kSegments; ++s)
    text += fmt::format("  {}: {{ mode: enforce }}\n", segment(s));
  text += "workloads:\n  orchestrator: { segment: mgmt, match: [ { cidr: 10.90.0.0/24 } ] }\n";
  for (int s = 0; s < kSegments; ++s) {
    text += fmt::format("  w{}: {{ segment: {}, match: [ {{ cidr: 10.{}.0.0/24 }} ] }}\n", s,
                        segment(s), 10 + s);
  }
  text += "flows:\n";
  for (int s = 0; s < kSegments; ++s) {
    text += fmt::format(
        "  - {{ id: F{0}, from: w{0}, to: [w{1}, w{2}], service: [tcp/443], need: required, why: "
        "web }}\n",
        s, next(s), next(s, 3));
  }
  text += "forbids:\n";
  for (int s = 0; s < kSegments; ++s) {
    text += fmt::format(
        "  - {{ id: X{0}, severity: critical, title: no SSH, from: w{0}, to: w{1}, "
        "service: [tcp/22], reach: direct }}\n",
        s, next(s, 2));
  }
  return text + fmt::format(
                    "schedules:\n  nightly: {{ cron: \"{}\", timezone: Europe/Berlin, window: 5m, "
                    "vantages-online: 100 }}\nlimits: {{ rate: 200/s, per-target: 20/s }}\n",
                    by_clock ? "* * * * *" : "0 0 1 1 *");
}

std::string inventory_text() {
  std::string text = "version: 1\nendpoints:\n";
  for (int s = 0; s < kSegments; ++s) {
    for (int h = 0; h < kHostsOfSegment; ++h) {
      text += fmt::format(
          "  - {{ workload: w{}, name: {}, addresses: [\"{}\"], listens: [tcp/443, tcp/22], "
          "probe: enrolled }}\n",
          s, host(s, h), address(s, h));
    }
  }
  return text;
}

class ThirtyProbes : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    if (geteuid() != 0) GTEST_SKIP() << "the hosts' namespaces are entered with ip(8): needs root";
    lab_ = std::make_unique<LabUp>(folder_, lab_text());
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", scenario_text(by_clock_));
    write_file(folder_ / "inventory.yaml", inventory_text());
    write_file(folder_ / "orchestrator.yaml",
               "version: 1\nstate: state\nscenario: scenario.yaml\ninventory: inventory.yaml\n"
               "listen: 10.90.0.10\nport: 8443\n");
    start("orchestrator",
          {binary("reachproof"), "serve", "--config", (folder_ / "orchestrator.yaml").string()});
    until([this] { return ask({"status"}).exit == 0; }, seconds(20));
  }
  void TearDown() override {
    for (auto& [name, program] : programs_) program->signal(SIGKILL);
    for (auto& [name, program] : programs_) program->wait(seconds(5));
  }

  static std::vector<std::string> on(const std::string& name, std::vector<std::string> command) {
    command.insert(command.begin(), {"ip", "netns", "exec", fmt::format("t{}.{}", getpid(), name)});
    return command;
  }
  std::filesystem::path place(const std::string& name) {
    std::filesystem::create_directories(folder_ / name);
    return folder_ / name;
  }
  void start(const std::string& name, const std::vector<std::string>& command) {
    programs_[name] = std::make_unique<Program>(on(name, command), place(name + ".out"));
  }
  Finished ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", (folder_ / "state").string()});
    return reachproof(folder_, arguments);
  }
  template <class Condition>
  void until(Condition condition, seconds at_most) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(milliseconds(100));
    }
    EXPECT_TRUE(condition()) << journal();
  }
  std::string journal() { return file_text(folder_ / "orchestrator.out" / "program.err"); }
  std::size_t runs_finished() {
    const auto text = journal();
    std::size_t count = 0;
    for (auto at = text.find("run finished"); at != std::string::npos;
         at = text.find("run finished", at + 1)) {
      ++count;
    }
    return count;
  }

  void enrol_all() {
    for (int s = 0; s < kSegments; ++s) {
      // One token enrols the hosts of its segment; each is called as its inventory calls it.
      for (int h = 0; h < kHostsOfSegment; ++h) {
        const auto name = host(s, h);
        const auto line = ask({"probe", "token", "create", "--segment", segment(s), "--name", name,
                               "--auto-approve"})
                              .out;
        const auto token = line.substr(line.find("rpj_"), line.size() - line.find("rpj_") - 1);
        const std::vector<std::string> tail{"--state", (folder_ / name).string(), "--stop-file",
                                            (folder_ / (name + ".stop")).string()};
        std::vector<std::string> join{binary("reachproof-probe"), "join", token};
        join.insert(join.end(), tail.begin(), tail.end());
        const auto joined = Program(on(name, join), place("once")).wait(seconds(30));
        ASSERT_EQ(joined.exit, 0) << joined.err;
        std::vector<std::string> run{binary("reachproof-probe"), "run"};
        run.insert(run.end(), tail.begin(), tail.end());
        start(name, run);
      }
    }
    until([this] { return ask({"status"}).out.starts_with("probes connected: 30\n"); },
          seconds(60));
  }

  /// So many runs from now on, from beginning to end.
  void nights(std::size_t count) {
    // A run that is under way may have seen the network as it was before.
    const bool under_way = ask({"status"}).out.find("\nrun ") != std::string::npos;
    const auto wanted = runs_finished() + count + (under_way ? 1 : 0);
    while (runs_finished() < wanted) {
      if (by_clock_) {
        until([&] { return runs_finished() >= wanted; },
              seconds(90 * static_cast<long>(count + 1)));
        return;
      }
      const auto before = runs_finished();
      const auto begun = ask({"dispatch", "--schedule", "nightly"});
      ASSERT_EQ(begun.exit, 0) << begun.err;
      until([&] { return runs_finished() > before; }, seconds(120));
      if (::testing::Test::HasFailure()) return;
    }
  }

  /// A rule at the head of the forward chain of every router; its handles, to take it away again.
  std::map<std::string, std::string> drift(const std::string& rule) {
    std::map<std::string, std::string> handles;
    for (const auto* router : kRouters) {
      const auto done =
          Program(on(router, {"nft", "-e", "-a", "insert", "rule", "inet", "lab", "forward", rule}),
                  place("once"))
              .wait();
      EXPECT_EQ(done.exit, 0) << done.err;
      const auto at = done.out.find("# handle ");
      EXPECT_NE(at, std::string::npos) << done.out;
      if (at != std::string::npos)
        handles[router] = std::to_string(std::stoi(done.out.substr(at + 9)));
    }
    return handles;
  }
  void undo(const std::map<std::string, std::string>& handles) {
    for (const auto& [router, handle] : handles) {
      const auto done =
          Program(on(router, {"nft", "delete", "rule", "inet", "lab", "forward", "handle", handle}),
                  place("once"))
              .wait();
      EXPECT_EQ(done.exit, 0) << done.err;
    }
  }

  /// "state rule times-opened" of every finding that was ever told.
  std::multiset<std::string> findings() {
    const auto text = reachproof(folder_, {"--output", "json", "findings", "--all", "-e",
                                           (folder_ / "state/evidence.db").string()})
                          .out;
    std::multiset<std::string> words;
    const auto value = json::parse(text);
    for (const auto& item : value.at("findings").as_array()) {
      words.insert(fmt::format("{} {} {}", item.at("state").as_string().c_str(),
                               item.at("rule").as_string().c_str(),
                               item.at("times_opened").to_number<int>()));
    }
    return words;
  }

  const bool by_clock_ = std::getenv("REACHPROOF_BY_CLOCK") != nullptr;
  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  std::map<std::string, std::unique_ptr<Program>> programs_;
};

TEST_F(ThirtyProbes, EachDriftOpensOneFindingAndClosesItWhenUndone) {
  enrol_all();
  nights(1);
  EXPECT_THAT(findings(), IsEmpty());

  // A debugging rule: all hosts of one segment reach the SSH of another.
  const auto opened = drift("ip saddr 10.13.0.0/24 ip daddr 10.15.0.0/24 tcp dport 22 accept");
  nights(2);
  EXPECT_THAT(findings(), UnorderedElementsAre("open X3 1"));

  // A lost rule beside it: a required flow is broken, and told once it failed twice.
  const auto broken = drift("ip saddr 10.16.0.0/24 ip daddr 10.17.0.0/24 tcp dport 443 drop");
  nights(2);
  EXPECT_THAT(findings(), UnorderedElementsAre("open X3 1", "open F6 1"));

  undo(opened);
  nights(1);
  EXPECT_THAT(findings(), UnorderedElementsAre("closed X3 1", "open F6 1"));
  undo(broken);
  nights(2);
  EXPECT_THAT(findings(), UnorderedElementsAre("closed X3 1", "closed F6 1"));

  // The same mistake again is the same finding.
  const auto again = drift("ip saddr 10.13.0.0/24 ip daddr 10.15.0.0/24 tcp dport 22 accept");
  nights(1);
  EXPECT_THAT(findings(), UnorderedElementsAre("open X3 2", "closed F6 1"));
  undo(again);
  nights(1);
  EXPECT_THAT(findings(), UnorderedElementsAre("closed X3 2", "closed F6 1"));
  const auto verified =
      reachproof(folder_, {"evidence", "verify", "-e", (folder_ / "state/evidence.db").string()});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace reachproof::testing
