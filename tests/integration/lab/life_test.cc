#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "lab/netns.h"
#include "tests/integration/lab/lab_fixture.h"

namespace reachproof::lab {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const char* const kSmall =
    "segments: { net: [10.81.0.0/24, \"fd81::/64\"] }\nhosts:\n"
    "  a: { segment: net, workload: wa }\n"
    "  b: { segment: net, workload: wb, listeners: { tcp/80: http } }\n";

class LabLife : public LabTest {
 protected:
  std::string links() { return shell("ip -o link | sed 's/@.*//'"); }
  [[nodiscard]] bool root() const { return ::geteuid() == 0; }
  std::string namespaces() {
    return root() ? shell("ls /run/netns | grep '^" + name_ + "\\.'") : "";
  }
};

TEST_F(LabLife, DownLeavesNothingBehind) {
  const auto links_before = links();
  bring_up(kSmall);
  const auto state = status(lab_)->state;
  const auto helper = status(lab_)->helper_pid;
  if (root()) {
    EXPECT_THAT(namespaces(), HasSubstr(name_ + ".a"));
  }
  EXPECT_EQ(links(), links_before) << "cables never touch the machine's own network";
  EXPECT_TRUE(down(name_).value_or(false));
  EXPECT_THAT(namespaces(), Not(HasSubstr(name_)));
  EXPECT_EQ(links(), links_before);
  EXPECT_FALSE(std::filesystem::exists(state));
  EXPECT_NE(::kill(helper, 0), 0);
  EXPECT_FALSE(down(name_).value_or(true)) << "down of what is not up is fine";
}

TEST_F(LabLife, UpTwiceTouchesNothing) {
  bring_up(kSmall);
  const auto helper = status(lab_)->helper_pid;
  const auto again = up(lab_, options_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->how, UpReport::How::AlreadyUp);
  EXPECT_EQ(status(lab_)->helper_pid, helper);
}

TEST_F(LabLife, UpRebuildsWhatChangedOrDied) {
  bring_up(kSmall);
  auto changed = try_up(std::string(kSmall) + "  c: { segment: net }\n");
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->how, UpReport::How::Rebuilt);
  EXPECT_EQ(inside("c", [] { return tcp("10.81.0.11", 80); }), "connected");
  ::kill(status(lab_)->helper_pid, SIGKILL);
  ::waitpid(-1, nullptr, 0);
  EXPECT_FALSE(status(lab_)->healthy);
  const auto again = up(lab_, options_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->how, UpReport::How::Rebuilt);
  EXPECT_TRUE(status(lab_)->healthy);
}

TEST_F(LabLife, AFailedUpNamesTheLineAndLeavesNothing) {
  const auto report = try_up(
      "segments: { net: 10.81.0.0/24 }\nrouters:\n  fw:\n    segments: [net]\n    rules:\n"
      "      - accept from net to net\n      - nft: bogus words here\nhosts: {}\n");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::Config);
  EXPECT_THAT(report.error().message, StartsWith("test.yaml:9: error: nft: syntax error"));
  EXPECT_THAT(namespaces(), Not(HasSubstr(name_)));
  EXPECT_FALSE(status(lab_)->up);
}

TEST_F(LabLife, ARuleThatTheKernelRefusesNamesItsLineToo) {
  const auto report = try_up(
      "segments: { net: 10.81.0.0/24 }\nrouters:\n  fw:\n    segments: [net]\n    nft: |\n"
      "      table inet mine {\n        chain x {\n          jump nowhere\n        }\n      "
      "}\nhosts: {}\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, StartsWith("test.yaml:10: error: nft: "));
}

TEST_F(LabLife, AnErrorInAnNftFileNamesThatFilesLine) {
  const auto rules = lab_file_named(name_ + "-rules", "table inet mine {\n  oops\n}\n");
  const auto report = try_up(
      "segments: { net: 10.81.0.0/24 }\nrouters:\n  fw:\n    segments: [net]\n    nft-file: " +
      rules + "\nhosts: {}\n");
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, StartsWith(rules + ":2: error: nft: "));
  std::filesystem::remove(rules);
}

TEST_F(LabLife, RecoversFromAnUpThatWasKilledMidway) {
  const auto path = lab_file_named(name_, "version: 1\nname: " + name_ + "\n" + kSmall);
  for (const int wait_ms : {1, 5, 10, 20, 40}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setpgid(0, 0);
      ::execl(lab_tool().c_str(), lab_tool().c_str(), "up", path.c_str(), nullptr);
      ::_exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const auto up_again = shell(lab_tool() + " up " + path);
    EXPECT_THAT(up_again, StartsWith("0 ")) << wait_ms;
    EXPECT_THAT(shell(lab_tool() + " status " + path), HasSubstr("healthy=1")) << wait_ms;
    EXPECT_THAT(shell(lab_tool() + " down " + path), StartsWith("0 "));
    EXPECT_THAT(namespaces(), Not(HasSubstr(name_)));
  }
  std::filesystem::remove(path);
}

TEST_F(LabLife, DownEndsProcessesInside) {
  bring_up(kSmall);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto failed = exec(lab_, "a", {"sleep", "60"});
    ::_exit(static_cast<int>(failed.code));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_TRUE(down(name_).value_or(false));
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(LabLife, ExecPassesTheExitCodeOn) {
  bring_up(kSmall);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto failed = exec(lab_, "a", {"sh", "-c", "exit 42"});
    ::_exit(static_cast<int>(failed.code));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 42);
}

TEST_F(LabLife, StatusCountsWhatWasServed) {
  bring_up(kSmall);
  inside("a", [] { return tcp("10.81.0.11", 80); });
  const auto now = status(lab_);
  ASSERT_TRUE(now);
  EXPECT_TRUE(now->healthy);
  EXPECT_EQ(now->nodes[1].listeners[0].served, 1U);
}

TEST_F(LabLife, NeverTouchesANamespaceOfSomebodyElse) {
  if (!root()) GTEST_SKIP() << "without root a lab's namespaces are its own";
  const auto theirs = name_ + ".b";
  ASSERT_THAT(shell("ip netns add " + theirs), StartsWith("0 "));
  const auto report = try_up(kSmall);
  ASSERT_FALSE(report);
  EXPECT_THAT(report.error().message, HasSubstr(theirs + " exists already"));
  EXPECT_THAT(namespaces(), HasSubstr(theirs));
  EXPECT_THAT(shell("ip netns delete " + theirs), StartsWith("0 "));
}

TEST_F(LabLife, WorksTheSameForAnUnprivilegedUser) {
  if (!root()) GTEST_SKIP() << "this test becomes another user, which root can do";
  const auto path = lab_file_named(name_ + "r", "version: 1\nname: " + name_ + "r\n" + kSmall);
  const auto as_nobody =
      "setpriv --reuid=65534 --regid=65534 --clear-groups env -u XDG_RUNTIME_DIR " + lab_tool();
  const auto up_once = shell(as_nobody + " up " + path);
  EXPECT_THAT(up_once, StartsWith("0 0 /tmp/reachproof-65534/lab/")) << "was built";
  EXPECT_THAT(shell(as_nobody + " up " + path), StartsWith("0 2 ")) << "is up already";
  EXPECT_THAT(shell(as_nobody + " status " + path), HasSubstr("healthy=1"));
  EXPECT_THAT(
      shell(as_nobody + " exec " + path + " a -- bash -c 'echo > /dev/tcp/10.81.0.11/80; exit 7'"),
      StartsWith("7 "));
  EXPECT_THAT(shell("cat /tmp/reachproof-65534/lab/" + name_ + "r/inventory.yaml"),
              HasSubstr("\"lab\", \"exec\""));
  EXPECT_THAT(shell("ls /run/netns"), Not(HasSubstr(name_ + "r.")));
  EXPECT_THAT(shell(as_nobody + " down " + path), StartsWith("0 "));
  EXPECT_FALSE(std::filesystem::exists("/tmp/reachproof-65534/lab/" + name_ + "r"));
  std::filesystem::remove(path);
}

TEST_F(LabLife, AHundredHostsAreUpInASecond) {
  std::string text = "segments:\n";
  for (int i = 0; i < 10; ++i)
    text += fmt::format("  s{0}: [10.90.{0}.0/24, \"fd90:{0}::/64\"]\n", i);
  text +=
      "routers:\n  fw: { segments: [s0, s1, s2, s3, s4, s5, s6, s7, s8, s9], policy: drop "
      "}\nhosts:\n";
  for (int i = 0; i < 100; ++i) {
    text += fmt::format(
        "  h{}: {{ segment: s{}, listeners: {{ tcp/443: accept, tcp/80: http, udp/53: echo }} }}\n",
        i, i % 10);
  }
  const auto begin = std::chrono::steady_clock::now();
  bring_up(text);
  const auto middle = std::chrono::steady_clock::now();
  ASSERT_TRUE(down(name_));
  const auto end = std::chrono::steady_clock::now();
  const auto ms = [](auto span) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
  };
  std::printf("100 hosts, 300 listeners: up in %ld ms, down in %ld ms\n",
              static_cast<long>(ms(middle - begin)), static_cast<long>(ms(end - middle)));
  EXPECT_LT(ms(middle - begin), 5000) << "the bar is 1 s; a busy machine gets more";
}

}  // namespace
}  // namespace reachproof::lab
