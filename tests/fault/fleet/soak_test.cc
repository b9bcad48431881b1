#include <fmt/core.h>
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/lab_up.h"
#include "tests/support/log_sql.h"
#include "tests/support/run_result.h"

/// A fleet in a lab that loses something in every run: processes, links, answers, disks, its clock,
/// its certificates, its log. Whatever is lost, nothing is called blocked that is open, nothing
/// counts twice, what was not done says why, and the evidence verifies.
///
/// REACHPROOF_SOAK_ROUNDS says how many rounds (10), REACHPROOF_SEED which.
namespace reachproof::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::filesystem::path kExample =
    std::filesystem::path(REACHPROOF_SOURCE_DIR) / "examples/fleet";
constexpr const char* kFakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  if (at != std::string::npos) text.replace(at, what.size(), with);
  return text;
}

unsigned number_from(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

class Soak : public ::testing::Test {
 public:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    if (geteuid() != 0)
      GTEST_SKIP() << "namespaces are entered and file systems mounted: needs root";
    lab_ = std::make_unique<LabUp>(
        folder_, replaced(file_text(kExample / "lab.yaml"), "name: fleet\n", "name: LAB\n"));
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    auto scenario = file_text(kExample / "scenario.yaml");
    scenario = replaced(scenario, "rate: 200/s", "rate: 12/s");
    scenario = replaced(scenario, "per-target: 50/s", "per-target: 6/s");
    scenario = replaced(scenario, "*/2 * * * *", "0 0 1 1 *");
    write_file(folder_ / "scenario.yaml", scenario);
    write_file(folder_ / "inventory.yaml", file_text(kExample / "inventory.yaml"));
    write_file(folder_ / "orchestrator.yaml", file_text(kExample / "orchestrator.yaml") +
                                                  "probe-silence: 5s\ncertificate-life: 12s\n");
    mount("state", "48m");
    for (const auto& [host, segment] : kHosts) mount(host, "16m");
    serve();
    for (const auto& [host, segment] : kHosts) {
      const auto line =
          ask({"probe", "token", "create", "--segment", segment, "--name", host, "--auto-approve"})
              .out;
      const auto token = line.substr(line.find("rpj_"), line.size() - line.find("rpj_") - 1);
      const auto joined = Program(probe(host, {"join", token}), place("once")).wait(seconds(30));
      ASSERT_EQ(joined.exit, 0) << joined.err;
      start(host, probe(host, {"run"}));
    }
    until_connected();
  }
  void TearDown() override {
    for (auto& [name, program] : programs_) program->signal(SIGKILL);
    for (auto& [name, program] : programs_) program->wait(seconds(5));
    for (const auto& path : mounted_) ::umount2(path.c_str(), MNT_DETACH);
  }

  // Parts of the fleet.
  void mount(const std::string& name, const char* size) {
    const auto path = place(name).string();
    ASSERT_EQ(::mount("tmpfs", path.c_str(), "tmpfs", 0, fmt::format("size={}", size).c_str()), 0);
    mounted_.push_back(path);
  }
  /// On that host, with a clock that clock(host) can set.
  std::vector<std::string> on(const std::string& host, std::vector<std::string> command) {
    std::vector<std::string> words{"ip", "netns", "exec", fmt::format("t{}.{}", getpid(), host)};
    if (std::filesystem::exists(kFakeTime)) {
      const auto clock = clock_file(host);
      if (!std::filesystem::exists(clock)) write_file(clock, "+0\n");
      words.insert(words.end(), {"env", std::string("LD_PRELOAD=") + kFakeTime,
                                 "FAKETIME_TIMESTAMP_FILE=" + clock.string(), "FAKETIME_NO_CACHE=1",
                                 "FAKETIME_DONT_FAKE_MONOTONIC=1"});
    }
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }
  std::filesystem::path clock_file(const std::string& host) const {
    return folder_ / (host + ".clock");
  }
  std::filesystem::path place(const std::string& name) {
    std::filesystem::create_directories(folder_ / name);
    return folder_ / name;
  }
  void start(const std::string& name, const std::vector<std::string>& command) {
    programs_[name] =
        std::make_unique<Program>(command, place(fmt::format("{}.out.{}", name, ++starts_)));
  }
  void end(const std::string& name, int signal) {
    programs_.at(name)->signal(signal);
    programs_.at(name)->wait(seconds(10));
    programs_.erase(name);
  }
  std::vector<std::string> probe(const std::string& host, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), binary("reachproof-probe"));
    arguments.insert(arguments.end(), {"--state", (folder_ / host).string(), "--stop-file",
                                       (folder_ / (host + ".stop")).string()});
    return on(host, arguments);
  }
  void serve() {
    start("orchestrator", on("orchestrator", {binary("reachproof"), "serve", "--config",
                                              (folder_ / "orchestrator.yaml").string()}));
    until(
        "the service answers", [this] { return ask({"status"}).exit == 0; }, seconds(30));
  }
  Finished ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--state", (folder_ / "state").string()});
    return reachproof(folder_, arguments);
  }
  std::string journal(const std::string& name) {
    std::string text;
    for (int i = 1; i <= starts_; ++i) {
      const auto file = folder_ / fmt::format("{}.out.{}", name, i);
      if (std::filesystem::exists(file)) text = file_text(file / "program.err");
    }
    return text.size() > 4000 ? text.substr(text.size() - 4000) : text;
  }
  void until(const char* what, const std::function<bool()>& condition, seconds at_most) {
    const auto end_of_patience = std::chrono::steady_clock::now() + at_most;
    while (!condition() && std::chrono::steady_clock::now() < end_of_patience) {
      std::this_thread::sleep_for(milliseconds(50));
    }
    EXPECT_TRUE(condition()) << what << "\n"
                             << ask({"status"}).out << ask({"probe", "list"}).out
                             << journal("orchestrator") << journal("laptop");
  }
  void until_connected() {
    until(
        "three probes are connected",
        [this] { return ask({"status"}).out.starts_with("probes connected: 3\n"); }, seconds(90));
  }
  void until_attempts() {
    const auto end_of_patience = std::chrono::steady_clock::now() + seconds(20);
    std::smatch found;
    for (std::string text; std::chrono::steady_clock::now() < end_of_patience;) {
      text = ask({"status"}).out;
      if (std::regex_search(text, found, std::regex("attempts ([0-9]+)/")) && found[1] != "0")
        return;
      if (text.find("\nrun ") == std::string::npos) return;
      std::this_thread::sleep_for(milliseconds(30));
    }
  }
  static void pause(unsigned ms) { std::this_thread::sleep_for(milliseconds(ms)); }
  unsigned any(unsigned from, unsigned to) {
    return std::uniform_int_distribution<unsigned>(from, to)(random_);
  }
  std::string any_host() {
    auto it = kHosts.begin();
    std::advance(it, any(0, 2));
    return it->first;
  }
  void nft(const std::vector<std::string>& words) {
    std::vector<std::string> command{"ip", "netns", "exec", fmt::format("t{}.firewall", getpid()),
                                     "nft"};
    command.insert(command.end(), words.begin(), words.end());
    const auto done = Program(command, place("once")).wait();
    EXPECT_EQ(done.exit, 0) << done.err;
  }
  /// Drops what a rule matches for so long.
  void drop_for(const std::string& match, unsigned ms) {
    nft({"add table inet cut { chain c { type filter hook forward priority -10; }; }"});
    nft({"add", "rule", "inet", "cut", "c", match + " drop"});
    pause(ms);
    nft({"delete", "table", "inet", "cut"});
  }
  void fill(const std::string& name, unsigned ms) {
    const auto file = (folder_ / name) / "ballast";
    {
      std::ofstream out(file, std::ios::binary);
      const std::string block(4096, 'x');
      while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
      }
    }
    pause(ms);
    std::filesystem::remove(file);
  }

  // Faults. Each is over, or mended, when it returns.
  void kill_orchestrator() {
    end("orchestrator", SIGKILL);
    pause(any(0, 3000));
    serve();
  }
  void kill_probe() {
    const auto host = any_host();
    end(host, SIGKILL);
    pause(any(0, 3000));
    start(host, probe(host, {"run"}));
  }
  void cut_link() {
    drop_for(fmt::format("ip saddr {} tcp dport 8443", kAddresses.at(any_host())),
             any(300, 14'000));
  }
  void lose_answers() {
    drop_for(fmt::format("ip daddr {} tcp sport 8443", kAddresses.at(any_host())), any(200, 4000));
  }
  void fill_probes_disk() {
    const auto host = any_host();
    gave_up_.insert(host);  // for want of room it may give up what was confirmed
    fill(host, any(500, 4000));
  }
  void fill_orchestrators_disk() { fill("state", any(500, 4000)); }
  void step_clock() {
    const auto host = any(0, 3) == 0 ? "orchestrator" : any_host();
    write_file(clock_file(host), any(0, 1) == 0 ? "+3600\n" : "-3600\n");
    pause(any(500, 4000));
    if (any(0, 1) == 0) write_file(clock_file(host), "+0\n");
  }
  void kill_both() {
    end("orchestrator", SIGKILL);
    const auto host = any_host();
    end(host, SIGKILL);
    start(host, probe(host, {"run"}));
    pause(any(0, 2000));
    serve();
  }
  void copy_state(const std::filesystem::path& from, const std::filesystem::path& to) {
    for (const auto& entry : std::filesystem::directory_iterator(to))
      std::filesystem::remove_all(entry);
    for (const auto& entry : std::filesystem::directory_iterator(from)) {
      if (entry.is_socket()) continue;
      std::filesystem::copy(entry, to / entry.path().filename(),
                            std::filesystem::copy_options::recursive);
    }
  }
  /// The log of a while ago; the probes have seen a longer one, and tell again what it has lost.
  void restore_backup() {
    pause(2000);  // for what is under way to be confirmed
    end("orchestrator", SIGKILL);
    auto confirmed = batches();
    const auto excused = given_up();
    std::erase_if(confirmed, [&](const std::string& batch) {
      return excused.contains(batch.substr(0, batch.find('/')));
    });
    copy_state(folder_ / "backup", folder_ / "state");
    serve();
    restored_ = true;
    until(
        "the rollback is noticed",
        [this] { return count("select count(*) from record where kind='rollback-seen'") > 0; },
        seconds(60));
    until(
        "what was confirmed is there again",
        [&] {
          const auto now = batches();
          return std::ranges::includes(now, confirmed);
        },
        seconds(60));
  }
  void take_backup() {
    end("orchestrator", SIGTERM);
    copy_state(folder_ / "state", place("backup"));
    gave_up_.clear();
    serve();
    until_connected();
    backup_ = true;
  }

  /// The first column's texts.
  std::set<std::string> rows(const std::string& query) {
    const auto found = test::log_rows((folder_ / "state/evidence.db").string(), query);
    return {found.begin(), found.end()};
  }
  /// Every batch in the log: "session/sequence".
  std::set<std::string> batches() {
    return rows(
        "select json_extract(body_text(body),'$.session')||'/'||"
        "json_extract(body_text(body),'$.seq') from record where kind='batch'");
  }
  /// The sessions of probes that may have given up what was confirmed.
  std::set<std::string> given_up() {
    std::set<std::string> sessions;
    for (const auto& host : gave_up_) {
      sessions.merge(rows(fmt::format(
          "select json_extract(body_text(body),'$.session') from record where kind='session' "
          "and json_extract(body_text(body),'$.endpoint')='{}'",
          host)));
    }
    return sessions;
  }

  // What must hold.
  int count(const std::string& query) {
    const auto found = test::log_rows((folder_ / "state/evidence.db").string(), query);
    return found.size() == 1 ? std::atoi(found.front().c_str()) : -1;
  }
  void expect_sound(const std::string& run) {
    const auto database = (folder_ / "state/evidence.db").string();
    const auto verified = reachproof(folder_, {"evidence", "verify", "-e", database});
    EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
    EXPECT_EQ(count("select count(*) from (select 1 from record where kind='batch' and body is not "
                    "null and not json_extract(body_text(body),'$.late') group by "
                    "json_extract(body_text(body),'$.session'),json_extract(body_text(body),'$.seq'"
                    ") having count(*)>1)"),
              0)
        << "a result counts twice";
    EXPECT_EQ(
        count("select count(*) from (select count(*) n,max(json_extract(body_text(body),'$.seq')) "
              "m from record where kind='batch' and not "
              "json_extract(body_text(body),'$.late') group by "
              "json_extract(body_text(body),'$.session') having n<>m)"),
        0)
        << "a result that was confirmed is lost";
    const auto results = reachproof(folder_, {"--output", "json", "results", "-e", database, run});
    if (results.out.empty()) {
      ++unseen_;  // the run's own beginning could not be kept, or went with the restored log
      return;
    }
    for (const auto& [id, check] : checks_in(results.out)) {
      const bool is_open = id == "X1/staff/database/tcp/22" || id.starts_with("F");
      const auto wrong = is_open ? "blocked" : "open";
      EXPECT_NE(check.reachability, wrong) << id << " in " << run << ": " << check.detail;
      if (check.result.empty()) continue;
      ++checks_;
      if (check.result == "unproven") {
        ++unproven_;
        EXPECT_FALSE(check.reason.empty()) << id << " in " << run;
      }
    }
  }

  struct Fault {
    const char* name;
    void (Soak::*make)();
  };
  static inline const std::map<std::string, std::string> kHosts{
      {"database", "data"}, {"laptop", "office"}, {"portal", "app"}};
  static inline const std::map<std::string, std::string> kAddresses{
      {"database", "10.30.0.10"}, {"laptop", "10.10.0.10"}, {"portal", "10.20.0.10"}};
  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  std::map<std::string, std::unique_ptr<Program>> programs_;
  std::vector<std::string> mounted_;
  int starts_ = 0;
  std::mt19937 random_;
  bool backup_ = false;
  bool restored_ = false;
  std::set<std::string> gave_up_;  ///< hosts whose disk was full since the backup
  int checks_ = 0;
  int unproven_ = 0;
  int unseen_ = 0;
};

TEST_F(Soak, WhateverIsLostNothingIsToldThatIsNotSo) {
  const auto rounds = number_from("REACHPROOF_SOAK_ROUNDS", 10);
  const auto seed = number_from("REACHPROOF_SEED", std::random_device{}());
  std::cout << "REACHPROOF_SEED=" << seed << std::endl;
  random_.seed(seed);
  std::vector<Fault> faults{{"kill orchestrator", &Soak::kill_orchestrator},
                            {"kill probe", &Soak::kill_probe},
                            {"cut link", &Soak::cut_link},
                            {"lose answers", &Soak::lose_answers},
                            {"fill probe's disk", &Soak::fill_probes_disk},
                            {"fill orchestrator's disk", &Soak::fill_orchestrators_disk},
                            {"kill both", &Soak::kill_both}};
  if (std::filesystem::exists(kFakeTime)) {
    faults.push_back({"step clock", &Soak::step_clock});
  } else {
    std::cout << "libfaketime is not installed: no clock is stepped\n";
  }
  std::map<std::string, int> made;
  for (unsigned round = 0; round < rounds; ++round) {
    // All of them once in a while, and a backup from the middle.
    const auto& fault =
        faults[round < faults.size() ? round : any(0, static_cast<unsigned>(faults.size() - 1))];
    if (round % 20 == 5) take_backup();
    const auto begun = ask({"dispatch", "--reason", "soak"});
    ASSERT_EQ(begun.exit, 0) << begun.err << journal("orchestrator");
    const auto run = begun.out.substr(0, begun.out.size() - 1);
    until_attempts();
    pause(any(0, 1500));
    const bool restore = backup_ && round % 20 == 8;
    const std::string name = restore ? "restore backup" : fault.name;
    std::cout << fmt::format("round {}: {} in {}", round + 1, name, run) << std::endl;
    ++made[name];
    restore ? restore_backup() : (this->*fault.make)();
    until(
        "the run is over",
        [this] { return ask({"status"}).out.find("\nrun ") == std::string::npos; }, seconds(150));
    until_connected();
    expect_sound(run);
    if (HasFailure()) {
      std::cout << journal("orchestrator");
      return;
    }
    for (const auto* host : {"orchestrator", "database", "laptop", "portal"}) {
      write_file(clock_file(host), "+0\n");
    }
  }
  for (const auto& [name, times] : made) std::cout << fmt::format("{:4} {}\n", times, name);
  std::cout << fmt::format("{} checks judged, {} of them unproven; {} runs without a stored plan\n",
                           checks_, unproven_, unseen_);
  EXPECT_GT(checks_, unproven_) << "it proved nothing at all";
}

}  // namespace
}  // namespace reachproof::testing
