#include "evidence/log.h"

#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

using test::append;
using test::open_log;
using test::run_sql;
using test::test_key;
using testing::HasSubstr;

class LogTest : public testing::Test {
 protected:
  test::Folder folder_;
  std::string path_ = folder_.file("log.db");

  LogReader reader() const { return *LogReader::open(path_); }
  Result<Log> open_again() const { return Log::open(path_, "second"); }
};

TEST_F(LogTest, BeginsEmptyAndGrows) {
  auto log = open_log(path_);
  EXPECT_EQ(log.size(), 0U);
  EXPECT_EQ(log.root(), empty_root());
  EXPECT_EQ(*log.append(std::vector{test::record(0), test::record(1)}, {}), 0U);
  EXPECT_EQ(*log.append(std::vector{test::record(2)}, {}), 2U);
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(*reader().size(), 3U);
  EXPECT_EQ(*log.append({}, {}), 3U);
}

TEST_F(LogTest, KeepsTheBytesThatItWasGiven) {
  auto log = open_log(path_);
  const std::string body("{\"a\":\"\0\xc3\xa9\"}", 11);
  const auto time = *core::parse_wall_time("2026-11-30T01:02:03.004Z");
  ASSERT_TRUE(log.append(std::vector<Record>{{"odd", body}}, time).has_value());
  const auto stored = reader().read(0);
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->body, body);
  EXPECT_EQ(stored->kind, "odd");
  EXPECT_EQ(stored->recorded_at, "2026-11-30T01:02:03.004Z");
  EXPECT_EQ(stored->leaf, leaf_hash(body));
  EXPECT_EQ(reader().read(1).error().code, ErrorCode::NotFound);
}

TEST_F(LogTest, OpenedAgainItIsTheSameTreeAtEverySize) {
  std::vector<Hash> leaves;
  for (int size = 0; size < 20; ++size) {
    auto log = open_log(path_);
    EXPECT_EQ(log.size(), leaves.size());
    EXPECT_EQ(log.root(), tree_root(leaves));
    append(log, 1);
    leaves.push_back(leaf_hash(test::record(size).body));
  }
}

TEST_F(LogTest, ARecordTooLargeIsRefusedAndTakesItsWholeBatchWithIt) {
  auto log = open_log(path_);
  append(log, 3);
  const auto root = log.root();
  const Record large{"big", std::string(kBodyBytesMax + 1, 'x')};
  EXPECT_FALSE(log.append(std::vector{test::record(3), large}, {}).has_value());
  EXPECT_EQ(log.size(), 3U);
  EXPECT_EQ(log.root(), root);
  EXPECT_EQ(*reader().size(), 3U);
  EXPECT_TRUE(
      log.append(std::vector<Record>{{"big", std::string(kBodyBytesMax, 'x')}}, {}).has_value());
  EXPECT_EQ(test::problems(path_), "");
}

TEST_F(LogTest, BatchesOfEverySizeMakeTheSameTree) {
  std::vector<Hash> leaves;
  auto log = open_log(path_);
  for (const int count : {1, 49, 50, 51, 99, 100, 101, 7, 250}) {
    append(log, count);
    while (leaves.size() < log.size()) {
      leaves.push_back(leaf_hash(test::record(static_cast<int>(leaves.size())).body));
    }
    ASSERT_EQ(log.root(), tree_root(leaves)) << count;
  }
  ASSERT_EQ(log.size(), 708U);
  EXPECT_EQ(test::problems(path_), "");
  EXPECT_EQ(reader().read(400)->body, test::record(400).body);
}

TEST_F(LogTest, AFailureDeepInALargeBatchLeavesNothingOfIt) {
  auto log = open_log(path_);
  append(log, 3);
  std::vector<Record> batch(120, test::record(3));
  batch[77].body.assign(kBodyBytesMax + 1, 'x');
  EXPECT_FALSE(log.append(batch, {}).has_value());
  EXPECT_EQ(log.size(), 3U);
  append(log, 60);
  EXPECT_EQ(log.size(), 63U);
  EXPECT_EQ(test::problems(path_), "");
}

TEST_F(LogTest, ItsTriggersRefuseWhatIsNotAnAppend) {
  auto log = open_log(path_);
  append(log, 4);
  const std::string zero = "zeroblob(32)";
  for (const std::string sql :
       {"DELETE FROM record WHERE idx = 3", "DELETE FROM record",
        "UPDATE record SET kind = 'x' WHERE idx = 1",
        "UPDATE record SET body = x'00' WHERE idx = 1", "UPDATE record SET idx = 9 WHERE idx = 3",
        "UPDATE record SET leaf_hash = zeroblob(32)",
        "UPDATE record SET recorded_at = 'x', body = NULL WHERE idx = 1",
        "INSERT INTO record VALUES(5,'k','t',x'00',zeroblob(32),zeroblob(32))",
        "INSERT INTO record VALUES(NULL,'k','t',x'00',zeroblob(32),zeroblob(32))",
        "INSERT INTO record VALUES(-1,'k','t',x'00',zeroblob(32),zeroblob(32))",
        "INSERT INTO record VALUES(4,'k','t','text',zeroblob(32),zeroblob(32))",
        "INSERT INTO record VALUES(4,'k','t',x'00',zeroblob(31),zeroblob(32))",
        "INSERT OR REPLACE INTO record VALUES(1,'k','t',x'00',zeroblob(32),zeroblob(32))",
        "UPDATE OR REPLACE record SET idx = 1 WHERE idx = 3",
        "INSERT INTO record VALUES(1,'k','t',x'00',zeroblob(32),zeroblob(32)) ON CONFLICT DO "
        "UPDATE SET body = x'00'"}) {
    EXPECT_NE(run_sql(path_, sql), "") << sql;
  }
  EXPECT_EQ(test::problems(path_), "");
}

TEST_F(LogTest, ASecondWriterIsToldWhoHoldsIt) {
  const auto log = Log::open(path_, "run r-1, process 42");
  ASSERT_TRUE(log.has_value());
  const auto second = open_again();
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::Busy);
  EXPECT_THAT(second.error().message, HasSubstr("run r-1, process 42"));
}

TEST_F(LogTest, OnceItsWriterIsGoneAnotherMayWrite) {
  { append(*std::make_unique<Log>(open_log(path_)), 1); }
  EXPECT_TRUE(open_again().has_value());
}

TEST_F(LogTest, IsReadWhileItIsWritten) {
  auto log = open_log(path_);
  append(log, 2);
  const auto during = reader();
  append(log, 1);
  EXPECT_EQ(*during.size(), 3U);
}

TEST_F(LogTest, ScansByPlaceAndKind) {
  auto log = open_log(path_);
  ASSERT_TRUE(log.append(std::vector<Record>{{"a", "0"}, {"b", "1"}, {"a", "2"}, {"c", "3"}}, {}));
  const auto scan = [&](LeafIndex first, LeafIndex end, const std::vector<std::string>& kinds) {
    std::string bodies;
    EXPECT_TRUE(reader().scan(first, end, kinds, [&](const StoredRecord& record) {
      bodies += record.body;
      return true;
    }));
    return bodies;
  };
  EXPECT_EQ(scan(0, 4, {}), "0123");
  EXPECT_EQ(scan(1, 3, {}), "12");
  EXPECT_EQ(scan(0, ~LeafIndex{0}, {"a", "c"}), "023");
  EXPECT_EQ(scan(0, 4, {"none"}), "");
}

TEST_F(LogTest, SignsItsTreeAndKeepsTheHead) {
  auto log = open_log(path_);
  EXPECT_EQ(reader().last_checkpoint().error().code, ErrorCode::NotFound);
  append(log, 3);
  const auto note = log.sign(test_key(), {});
  ASSERT_TRUE(note.has_value());
  const auto checkpoint = Checkpoint::parse(*open_note(*note, {test_key().verifier()}));
  EXPECT_EQ(checkpoint->size, 3U);
  EXPECT_EQ(checkpoint->root, log.root());
  EXPECT_EQ(checkpoint->origin, test_key().verifier().name);
  EXPECT_EQ(*reader().last_checkpoint(), *note);
  EXPECT_EQ(test::bytes_of(head_path(path_)), *note);
  append(log, 1);
  ASSERT_TRUE(log.sign(test_key(), {}).has_value());
  EXPECT_EQ(reader().checkpoints()->size(), 2U);
}

TEST_F(LogTest, SigningTheSameTreeAgainKeepsWhatAnchoredIt) {
  auto log = open_log(path_);
  append(log, 1);
  ASSERT_TRUE(log.sign(test_key(), {}).has_value());
  ASSERT_EQ(run_sql(path_, "UPDATE checkpoint SET tsr = x'3003', anchored_at = 'then'"), "");
  ASSERT_TRUE(log.sign(test_key(), {}).has_value());
  EXPECT_EQ(*reader().database().number("SELECT COUNT(*) FROM checkpoint WHERE tsr = x'3003'"), 1);
}

/// The file as it was after `size` records, restored over a longer one.
void roll_back(const std::string& path, const test::Folder& folder, int size, int more) {
  auto log = std::make_unique<Log>(open_log(path));
  append(*log, size);
  ASSERT_TRUE(log->sign(test_key(), {}).has_value());
  log.reset();
  ASSERT_EQ(run_sql(path, "VACUUM INTO '" + folder.file("backup") + "'"), "");
  log = std::make_unique<Log>(open_log(path));
  append(*log, more);
  ASSERT_TRUE(log->sign(test_key(), {}).has_value());
  log.reset();
  std::filesystem::remove(path + "-wal");
  std::filesystem::remove(path + "-shm");
  std::filesystem::copy_file(folder.file("backup"), path,
                             std::filesystem::copy_options::overwrite_existing);
}

TEST_F(LogTest, AnOldBackupIsRefusedForWritingAndNamedByVerification) {
  roll_back(path_, folder_, 3, 2);
  const auto opened = open_again();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ErrorCode::Corrupt);
  EXPECT_THAT(opened.error().message,
              testing::AllOf(HasSubstr("3 records"), HasSubstr("5 were signed")));
  EXPECT_THAT(test::problems(path_), HasSubstr("signed at 5 records, the log holds 3"));
}

TEST_F(LogTest, AFileThatIsNoLogIsNotTakenForOne) {
  test::write_bytes(path_, std::string(5000, 'x'));
  EXPECT_FALSE(open_again().has_value());
  EXPECT_FALSE(LogReader::open(path_).has_value());
  EXPECT_EQ(LogReader::open(folder_.file("none")).error().code, ErrorCode::NotFound);
  EXPECT_FALSE(Log::open("/nonexistent/folder/log", "x").has_value());
}

TEST_F(LogTest, AFileOfANewerReleaseIsLeftAlone) {
  { open_log(path_); }
  run_sql(path_, "PRAGMA user_version = 99");
  EXPECT_THAT(open_again().error().message, HasSubstr("newer release"));
}

TEST_F(LogTest, AHeadThatIsNoCheckpointStopsWriting) {
  { append(*std::make_unique<Log>(open_log(path_)), 1); }
  test::write_bytes(head_path(path_), "junk");
  EXPECT_EQ(open_again().error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace reachproof::evidence
