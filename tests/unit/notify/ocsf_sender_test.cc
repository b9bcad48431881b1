// Lines in a real file, through rotation and a full disk.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <csignal>

#include "orchestrator/notify/ocsf.h"
#include "orchestrator/notify/sender.h"
#include "tests/support/news.h"
#include "tests/support/program.h"

namespace reachproof::orchestrator {
namespace {

using ::reachproof::testing::file_text;

class OcsfFile : public ::testing::Test {
 protected:
  DeliveryAnswer send(char finding) {
    return sender_->send({.id = "m", .notifications = {opened(finding)}}, kNewsTime, {});
  }
  static std::string line(char finding) { return ocsf_line(opened(finding), kTeller); }

  reachproof::testing::TemporaryFolder folder_;
  std::string path_ = (folder_ / "findings.ndjson").string();
  std::unique_ptr<Sender> sender_ = make_ocsf_sender(path_, kTeller);
};

TEST_F(OcsfFile, GrowsLineByLine) {
  EXPECT_TRUE(send('a').taken);
  EXPECT_TRUE(send('b').taken);
  EXPECT_EQ(file_text(path_), line('a') + line('b'));
}

TEST_F(OcsfFile, IsMadeAnewAfterRotation) {
  send('a');
  std::filesystem::rename(path_, path_ + ".1");
  EXPECT_TRUE(send('b').taken);
  EXPECT_EQ(file_text(path_ + ".1"), line('a'));
  EXPECT_EQ(file_text(path_), line('b'));
}

TEST_F(OcsfFile, KeepsALineThatACrashCutOffApart) {
  reachproof::testing::write_file(path_, "{\"activity");
  send('a');
  EXPECT_EQ(file_text(path_), "{\"activity\n" + line('a'));
}

TEST_F(OcsfFile, TakesBackWhatWasWrittenInPart) {
  send('a');
  const auto before = file_text(path_);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit usual{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
  const rlimit tight{.rlim_cur = before.size() + 100, .rlim_max = usual.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  const auto answer = send('b');
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &usual), 0);
  EXPECT_EQ(fate_of(answer), DeliveryFate::Again);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("write " + path_));
  EXPECT_EQ(file_text(path_), before);
  EXPECT_TRUE(send('b').taken);
  EXPECT_EQ(file_text(path_), before + line('b'));
}

TEST_F(OcsfFile, ThatCannotBeOpenedIsTriedAgain) {
  auto nowhere = make_ocsf_sender((folder_ / "no/such/folder").string(), kTeller);
  const auto answer = nowhere->send({.id = "m", .notifications = {opened('a')}}, kNewsTime, {});
  EXPECT_EQ(fate_of(answer), DeliveryFate::Again);
  EXPECT_THAT(answer.error, ::testing::HasSubstr("No such file"));
}

}  // namespace
}  // namespace reachproof::orchestrator
