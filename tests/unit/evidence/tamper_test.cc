// Evidence is tested by breaking it: each change is found, and the record is named.
#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

using test::append;
using test::kDropTriggers;
using test::open_log;
using test::problems;
using test::run_sql;
using test::test_key;
using testing::HasSubstr;

class TamperTest : public testing::Test {
 protected:
  void SetUp() override {
    auto log = open_log(path_);
    append(log, 4);
    ASSERT_TRUE(log.sign(test_key(), {}).has_value());
    append(log, 4);
    ASSERT_TRUE(log.sign(test_key(), {}).has_value());
  }

  /// As an administrator would: the triggers first.
  std::string after(const std::string& sql) const {
    static_cast<void>(run_sql(path_, kDropTriggers));
    EXPECT_EQ(run_sql(path_, sql), "");
    return problems(path_);
  }

  test::Folder folder_;
  std::string path_ = folder_.file("log.db");
};

TEST_F(TamperTest, AnUntouchedLogIsSound) {
  const auto report = verify_log(path_, test_key().verifier());
  ASSERT_TRUE(report.has_value());
  EXPECT_TRUE(report->sound()) << problems(path_);
  EXPECT_EQ(report->records, 8U);
  EXPECT_EQ(report->checkpoints, 2U);
  EXPECT_EQ(report->unsigned_records, 0U);
  EXPECT_EQ(report->last_note, test::bytes_of(head_path(path_)));
}

TEST_F(TamperTest, RecordsBehindTheLastCheckpointAreCountedAsUnsigned) {
  { append(*std::make_unique<Log>(open_log(path_)), 3); }
  const auto report = verify_log(path_, test_key().verifier());
  EXPECT_TRUE(report->sound());
  EXPECT_EQ(report->unsigned_records, 3U);
}

TEST_F(TamperTest, AChangedBodyIsFound) {
  EXPECT_THAT(after("UPDATE record SET body = CAST(replace(body, '5', '6') AS BLOB) WHERE idx = 5"),
              HasSubstr("record 5: its leaf hash"));
}

TEST_F(TamperTest, AChangedBodyWithItsHashesMadeToFitIsFoundByTheTree) {
  const std::string body = R"({"kind":"verdict","n":6,"run":"r-1"})";
  const auto found = after("UPDATE record SET body = CAST('" + body +
                           "' AS BLOB), body_sha256 = x'" + core::hex(sha256(body)) +
                           "', leaf_hash = x'" + core::hex(leaf_hash(body)) + "' WHERE idx = 5");
  EXPECT_THAT(found, HasSubstr("checkpoint of size 8"));
  EXPECT_THAT(found, HasSubstr("tree node 2 of level 1"));
  EXPECT_THAT(found, testing::Not(HasSubstr("checkpoint of size 4")));
}

TEST_F(TamperTest, AChangedKindIsFound) {
  EXPECT_THAT(after("UPDATE record SET kind = 'snapshot' WHERE idx = 5"), HasSubstr("record 5"));
}

// A kind that goes on where the body goes on is still another kind.
TEST_F(TamperTest, AKindThatQuotesTheBodyIsFound) {
  EXPECT_THAT(after(R"(UPDATE record SET kind = 'verdict","n":5,"run":"r-1' WHERE idx = 5)"),
              HasSubstr("record 5"));
}

TEST_F(TamperTest, AChangedHashIsFound) {
  const auto found = after(
      "UPDATE record SET leaf_hash = zeroblob(32) WHERE idx = 2;"
      "UPDATE record SET body_sha256 = zeroblob(32) WHERE idx = 3;");
  EXPECT_THAT(found, HasSubstr("record 2: its leaf hash"));
  EXPECT_THAT(found, HasSubstr("record 3: its SHA-256"));
}

TEST_F(TamperTest, ABodyTakenAwayWithAnotherLeafHashIsFound) {
  EXPECT_THAT(after("UPDATE record SET body = NULL, leaf_hash = zeroblob(32) WHERE idx = 2"),
              HasSubstr("checkpoint of size 4"));
}

TEST_F(TamperTest, ABodyTakenAwayIsFound) {
  ASSERT_EQ(run_sql(path_, "UPDATE record SET body = NULL WHERE idx = 2"), "");
  EXPECT_THAT(problems(path_), HasSubstr("record 2: its body is missing, and no prune took it"));
}

TEST_F(TamperTest, DeletedLastRecordsAreFound) {
  const auto found = after(
      "DELETE FROM record WHERE idx >= 6;"
      "DELETE FROM tree_node WHERE (n + 1) * (1 << level) > 6;");
  EXPECT_THAT(found, HasSubstr("checkpoint of size 8: the log holds 6 records only"));
}

TEST_F(TamperTest, DeletedLastRecordsAreFoundByTheHeadWhereTheirCheckpointWentWithThem) {
  const auto found = after(
      "DELETE FROM record WHERE idx >= 6; DELETE FROM checkpoint WHERE size = 8;"
      "DELETE FROM tree_node WHERE (n + 1) * (1 << level) > 6;");
  EXPECT_THAT(found, HasSubstr("signed at 8 records, the log holds 6"));
}

TEST_F(TamperTest, ADeletedRecordInTheMiddleIsNamed) {
  EXPECT_THAT(after("DELETE FROM record WHERE idx = 3"), HasSubstr("record 3 is missing"));
}

TEST_F(TamperTest, SwappedRecordsAreFound) {
  const auto found = after(
      "UPDATE record SET idx = 99 WHERE idx = 1; UPDATE record SET idx = 1 WHERE idx = 6;"
      "UPDATE record SET idx = 6 WHERE idx = 99;");
  EXPECT_THAT(found, HasSubstr("tree node 0 of level 1"));
  EXPECT_THAT(found, HasSubstr("checkpoint of size 4"));
}

TEST_F(TamperTest, AnInsertedRecordIsFound) {
  const auto found = after(
      "UPDATE record SET idx = idx + 100 WHERE idx >= 4;"
      "INSERT INTO record SELECT 4, kind, recorded_at, body, body_sha256, leaf_hash "
      "FROM record WHERE idx = 0;"
      "UPDATE record SET idx = idx - 99 WHERE idx >= 100;");
  EXPECT_THAT(found, HasSubstr("checkpoint of size 8"));
  EXPECT_THAT(found, HasSubstr("tree node 2 of level 1"));
}

TEST_F(TamperTest, AChangedTreeNodeIsFound) {
  EXPECT_THAT(after("UPDATE tree_node SET hash = zeroblob(32) WHERE level = 1 AND n = 3"),
              HasSubstr("tree node 3 of level 1"));
}

TEST_F(TamperTest, AMissingOrAnInventedTreeNodeIsFound) {
  EXPECT_THAT(after("DELETE FROM tree_node WHERE level = 2 AND n = 1"),
              HasSubstr("tree node 1 of level 2"));
}

TEST_F(TamperTest, AnInventedTreeNodeIsFound) {
  EXPECT_THAT(after("INSERT INTO tree_node VALUES(9, 9, zeroblob(32))"), HasSubstr("stored nodes"));
}

TEST_F(TamperTest, AChangedCheckpointIsFound) {
  EXPECT_THAT(
      after("UPDATE checkpoint SET note = CAST(replace(note, x'0a340a', x'0a350a') AS BLOB) "
            "WHERE size = 4"),
      HasSubstr("checkpoint of size 4"));
  EXPECT_THAT(problems(path_), HasSubstr("does not verify"));
}

TEST_F(TamperTest, ACheckpointInTheWrongPlaceIsFound) {
  EXPECT_THAT(after("UPDATE checkpoint SET size = 5 WHERE size = 4"),
              HasSubstr("checkpoint of size 5: it speaks of another size"));
}

TEST_F(TamperTest, AnotherKeyVerifiesNothing) {
  const auto other =
      *SignerKey::from_seed("example.com/reachproof/demo", std::array<std::uint8_t, 32>{9});
  EXPECT_THAT(problems(path_, other), HasSubstr("no known key has signed it"));
}

TEST_F(TamperTest, TheSameKeyUnderAnotherNameIsAnotherKey) {
  EXPECT_NE(problems(path_, test_key("example.com/reachproof/prod")), "");
}

TEST_F(TamperTest, ATruncatedFileIsFoundWhereverItWasCut) {
  test::settle(path_);
  const auto whole = test::bytes_of(path_);
  std::vector<std::size_t> kept{whole.size() - 1, 100, 1};
  for (std::size_t page = 0; page < whole.size(); page += 4096) kept.push_back(page);
  for (const auto keep : kept) {
    test::write_bytes(path_, whole.substr(0, keep));
    EXPECT_NE(problems(path_), "") << keep;
  }
}

// What the file says, column by column, as far as hashes cover it.
std::string said_by(const std::string& path) {
  std::string said;
  const auto take = [](void* to, int count, char** values, char**) {
    for (int i = 0; i < count; ++i) {
      *static_cast<std::string*>(to) += std::string(values[i] == nullptr ? "-" : values[i]) + "|";
    }
    return 0;
  };
  sqlite3* database = nullptr;
  sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr);
  for (const char* sql :
       {"SELECT idx, kind, hex(body), hex(body_sha256), hex(leaf_hash) FROM record",
        "SELECT level, n, hex(hash) FROM tree_node ORDER BY level, n",
        "SELECT size, hex(note) FROM checkpoint"}) {
    if (sqlite3_exec(database, sql, take, &said, nullptr) != SQLITE_OK) said += "unreadable";
  }
  sqlite3_close(database);
  return said;
}

// A database has bytes that mean nothing (free space, counters, the text of a trigger). Every byte
// that changes what the file says is found.
TEST_F(TamperTest, NoFlippedByteOfTheFileChangesWhatItSaysUnseen) {
  test::settle(path_);
  const auto whole = test::bytes_of(path_);
  const auto said = said_by(path_);
  std::size_t found = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    // Pages are mostly empty: of a run of zeroes every 64th byte is enough.
    const bool empty = whole[i] == 0 && i > 0 && whole[i - 1] == 0;
    if (empty && i % 64 != 0) continue;
    auto flipped = whole;
    flipped[i] = static_cast<char>(static_cast<unsigned char>(flipped[i]) ^ (1U << (i % 8)));
    test::write_bytes(path_, flipped);
    if (problems(path_).empty()) {
      EXPECT_EQ(said_by(path_), said) << "byte " << i;
    } else {
      ++found;
    }
  }
  EXPECT_GT(found, 1500U);
}

TEST_F(TamperTest, ATimeThatIsNoneIsFound) {
  EXPECT_THAT(after("UPDATE record SET recorded_at = 'yesterday' WHERE idx = 5"),
              HasSubstr("record 5: when it was kept"));
}

TEST_F(TamperTest, ARecordThatWasPutInAgainIsFound) {
  const auto found = after(
      "INSERT INTO record SELECT 8, kind, recorded_at, body, body_sha256, leaf_hash FROM record "
      "WHERE idx = 3");
  // Behind the newest checkpoint nothing is signed yet: the reader is told how much that is.
  const auto report = verify_log(path_, test_key().verifier());
  EXPECT_EQ(report->unsigned_records, 1U);
  const auto replayed = after(
      "UPDATE record SET (body, body_sha256, leaf_hash) = (SELECT body, body_sha256, leaf_hash "
      "FROM record WHERE idx = 3) WHERE idx = 6");
  EXPECT_THAT(replayed, HasSubstr("checkpoint of size 8"));
}

TEST_F(TamperTest, AMissingHeadIsTold) {
  std::filesystem::remove(head_path(path_));
  const auto report = verify_log(path_, test_key().verifier());
  EXPECT_TRUE(report->sound());
  EXPECT_THAT(report->notes, testing::Contains(HasSubstr("restored backup would go unnoticed")));
}

TEST_F(TamperTest, AForgedHeadIsFound) {
  auto head = test::bytes_of(head_path(path_));
  head[head.size() - 10] = head[head.size() - 10] == 'A' ? 'B' : 'A';
  test::write_bytes(head_path(path_), head);
  EXPECT_THAT(problems(path_), HasSubstr("not a checkpoint signed by this log's key"));
}

TEST_F(TamperTest, AHeadOfAnotherHistoryIsFound) {
  const Checkpoint other{test_key().verifier().name, 8, leaf_hash("another history")};
  test::write_bytes(head_path(path_), *signed_note(other.text(), test_key()));
  EXPECT_NE(problems(path_), "");
}

// The head is written after the checkpoint: whoever is stopped in between has done nothing wrong.
TEST_F(TamperTest, AHeadThatASigningBrokenOffLeftBehindIsToldAndIsNoProblem) {
  const auto reader = LogReader::open(path_);
  test::write_bytes(head_path(path_), reader->checkpoints()->front());
  const auto report = verify_log(path_, test_key().verifier());
  EXPECT_TRUE(report->sound()) << problems(path_);
  EXPECT_THAT(report->notes, testing::Contains(HasSubstr("older")));
}

TEST_F(TamperTest, EveryFlippedByteOfEveryBodyIsFoundAndItsRecordNamed) {
  test::settle(path_);
  const auto whole = test::bytes_of(path_);
  for (int n = 0; n < 8; ++n) {
    const auto body = test::record(n).body;
    const auto at = whole.find(body);
    ASSERT_NE(at, std::string::npos);
    for (std::size_t i = 0; i < body.size(); ++i) {
      auto flipped = whole;
      flipped[at + i] =
          static_cast<char>(static_cast<unsigned char>(flipped[at + i]) ^ (1U << (i % 8)));
      test::write_bytes(path_, flipped);
      EXPECT_THAT(problems(path_), HasSubstr("record " + std::to_string(n) + ":")) << i;
    }
  }
}

TEST_F(TamperTest, EveryFlippedByteOfTheSignedHashesIsFound) {
  test::settle(path_);
  const auto whole = test::bytes_of(path_);
  for (int n = 0; n < 8; ++n) {
    const auto hash = leaf_hash(test::record(n).body);
    const auto at = whole.find(std::string(hash.begin(), hash.end()));
    ASSERT_NE(at, std::string::npos);
    for (std::size_t i = 0; i < hash.size(); i += 5) {
      auto flipped = whole;
      flipped[at + i] = static_cast<char>(static_cast<unsigned char>(flipped[at + i]) ^ 0x10U);
      test::write_bytes(path_, flipped);
      EXPECT_THAT(problems(path_), HasSubstr("record " + std::to_string(n) + ":")) << i;
    }
  }
}

}  // namespace
}  // namespace reachproof::evidence
