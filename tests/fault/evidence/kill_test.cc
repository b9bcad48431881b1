// A writer is killed at any moment: what it was told is on disk is on disk, and the log verifies.
// REACHPROOF_SEED repeats a run.
#include <fcntl.h>
#include <sys/wait.h>

#include <csignal>
#include <random>
#include <thread>

#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

constexpr int kRounds = 30;

unsigned seed() {
  const char* given = std::getenv("REACHPROOF_SEED");
  return given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::stoul(given));
}

/// Appends for ever, in batches of one to seven, signing now and then; writes each size that the
/// log has acknowledged to the pipe.
[[noreturn]] void write_until_killed(const std::string& path, int pipe, unsigned number) {
  std::mt19937 random(number);
  auto log = Log::open(path, "child");
  if (!log) _exit(3);
  while (true) {
    std::vector<Record> batch;
    for (auto n = 1 + random() % 7; n > 0; --n) {
      batch.push_back(test::record(static_cast<int>(log->size() + batch.size())));
    }
    if (!log->append(batch, core::WallTime{})) _exit(4);
    if (random() % 4 == 0 && !log->sign(test::test_key(), core::WallTime{})) _exit(5);
    const std::uint64_t size = log->size();
    if (::write(pipe, &size, sizeof size) != sizeof size) _exit(6);
  }
}

/// Lets a writer run for so long, kills it, and returns the last size it was told.
std::uint64_t killed_after(const std::string& path, std::chrono::microseconds time,
                           unsigned number) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) write_until_killed(path, ends[1], number);
  ::close(ends[1]);
  std::this_thread::sleep_for(time);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
  std::uint64_t acknowledged = 0;
  std::uint64_t size = 0;
  while (::read(ends[0], &size, sizeof size) == sizeof size) acknowledged = size;
  ::close(ends[0]);
  return acknowledged;
}

TEST(KilledWriter, LosesNothingThatItWasToldIsThere) {
  const unsigned number = seed();
  SCOPED_TRACE(testing::Message() << "REACHPROOF_SEED=" << number);
  std::mt19937 random(number);
  const test::Folder folder;
  const auto path = folder.file("log.db");
  std::uint64_t before = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::chrono::microseconds time(1000 + random() % 60'000);
    const auto acknowledged = killed_after(path, time, number + static_cast<unsigned>(round));
    if (!std::filesystem::exists(path)) continue;  // killed before it had opened anything
    {
      auto log = Log::open(path, "after the crash");
      ASSERT_TRUE(log.has_value()) << log.error().message;
      ASSERT_GE(log->size(), std::max(acknowledged, before));
      before = log->size();
    }
    const auto report = verify_log(path, test::test_key().verifier());
    ASSERT_TRUE(report.has_value()) << report.error().message;
    ASSERT_TRUE(report->sound()) << "round " << round << ": " << test::problems(path);
    ASSERT_EQ(report->records, before);
  }
  EXPECT_GT(before, 100U);
  const auto reader = LogReader::open(path);
  std::uint64_t next = 0;
  ASSERT_TRUE(reader->scan(0, before, {}, [&](const StoredRecord& record) {
    EXPECT_EQ(record.body, test::record(static_cast<int>(next)).body);
    return ++next > 0;
  }));
  EXPECT_EQ(next, before);
}

}  // namespace
}  // namespace reachproof::evidence
