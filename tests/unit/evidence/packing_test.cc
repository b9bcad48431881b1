// Bodies at rest: what comes out is what went in, or nothing.
#include "evidence/packing.h"

#include <gmock/gmock.h>
#include <zstd.h>

#include <random>

#include "evidence/log.h"
#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

using testing::HasSubstr;

std::string list_of(int items) {
  std::string body = R"({"items":[)";
  for (int i = 0; i < items; ++i) body += (i == 0 ? "[" : ",[") + std::to_string(i * 7919) + "]";
  return body + R"(],"kind":"observations","part":0,"run":"r-1"})";
}

std::string unpacked(std::string_view stored) {
  Unpacker unpacker;
  const auto body = unpacker.unpack(stored);
  return body ? std::string(*body) : "error: " + body.error().message;
}

TEST(Packing, LongBodiesArePackedAndShortOnesRestAsTheyAre) {
  Packer packer;
  const auto body = list_of(2000);
  const auto stored = packer.pack("observations", body);
  EXPECT_TRUE(is_packed(stored));
  EXPECT_LT(stored.size(), body.size() / 2);
  EXPECT_EQ(unpacked(stored), body);
  EXPECT_EQ(packer.pack("observations", list_of(3)), list_of(3));
  EXPECT_EQ(packer.pack("key", body), body) << "SQL reads keys";
}

TEST(Packing, ABodyThatLooksPackedIsPacked) {
  Packer packer;
  const std::string body("\x28\xb5\x2f\xfd and more", 13);
  for (const auto* kind : {"odd", "key"}) EXPECT_EQ(unpacked(packer.pack(kind, body)), body);
}

TEST(Packing, AnyBytesOfAnyLengthComeBack) {
  std::mt19937_64 random{7};
  Packer packer;
  Unpacker unpacker;
  for (int round = 0; round < 300; ++round) {
    std::string body(random() % kBodyBytesMax, '\0');
    const auto letters = 1 + random() % 256;
    for (auto& c : body) c = static_cast<char>(random() % letters);
    const auto stored = packer.pack("odd", body);
    const auto back = unpacker.unpack(stored);
    ASSERT_TRUE(back.has_value());
    ASSERT_EQ(*back, body);
  }
}

TEST(Packing, EveryChangedBitIsFound) {
  const auto whole = Packer().pack("observations", list_of(400));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      // Within the first four bytes it is no longer packed at all: the hash of the body tells.
      if (!is_packed(changed)) continue;
      ASSERT_THAT(unpacked(changed), HasSubstr("damaged")) << at;
    }
  }
}

TEST(Packing, EveryCutIsFound) {
  const auto whole = Packer().pack("observations", list_of(400));
  for (std::size_t keep = 4; keep < whole.size(); ++keep) {
    ASSERT_THAT(unpacked(whole.substr(0, keep)), HasSubstr("damaged")) << keep;
  }
  EXPECT_THAT(unpacked(whole + "\n"), HasSubstr("damaged"));
}

// A frame that would unfold into more than a body may be, its check sum made to fit.
TEST(Packing, ABombIsRefused) {
  const std::string zeros(1U << 30U, '\0');
  std::string frame(ZSTD_compressBound(zeros.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), zeros.data(), zeros.size(), 1));
  ASSERT_LT(frame.size(), 200'000U);
  const auto sound = Packer().pack("observations", list_of(400));
  EXPECT_THAT(unpacked(frame + sound.substr(sound.size() - 12)), HasSubstr("damaged"));
}

class PackedLogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto log = test::open_log(path_);
    ASSERT_TRUE(log.append(std::vector<Record>{test::record(0), {"observations", body_}}, {}));
    ASSERT_TRUE(log.sign(test::test_key(), {}).has_value());
  }
  test::Folder folder_;
  std::string path_ = folder_.file("log.db");
  std::string body_ = list_of(3000);
};

TEST_F(PackedLogTest, HashesAreOverTheBody) {
  const auto stored = LogReader::open(path_)->read(1);
  EXPECT_EQ(stored->body, body_);
  EXPECT_EQ(stored->leaf, leaf_hash(body_));
  EXPECT_EQ(test::problems(path_), "");
}

TEST_F(PackedLogTest, ADamagedPackedBodyIsNamed) {
  EXPECT_EQ(test::run_sql(path_, std::string(test::kDropTriggers) +
                                     "UPDATE record SET body = CAST(substr(body, 1, 200) || x'00' "
                                     "|| substr(body, 202) AS BLOB) WHERE idx = 1"),
            "");
  EXPECT_THAT(test::problems(path_), HasSubstr("record 1: its compressed body is damaged"));
  EXPECT_THAT(LogReader::open(path_)->read(1).error().message,
              HasSubstr("record 1: its compressed body is damaged"));
}

// As docs/evidence-format.md says it is done by hand.
TEST_F(PackedLogTest, TheZstdProgramReadsIt) {
  const auto file = folder_.file("body");
  const auto command = "sqlite3 " + path_ +
                       " 'select hex(body) from record where idx=1' | xxd -r -p | zstd -dc > " +
                       file;
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(test::bytes_of(file), body_);
}

TEST_F(PackedLogTest, AFileOfTheFirstFormIsReadAndRaisedWhenItIsWritten) {
  ASSERT_EQ(test::run_sql(path_, "PRAGMA user_version = 1"), "");
  EXPECT_EQ(LogReader::open(path_)->size(), 2U);
  EXPECT_EQ(test::problems(path_), "");
  { auto log = test::open_log(path_); }
  EXPECT_EQ(LogReader::open(path_)->database().number("PRAGMA user_version"), 2);
  ASSERT_EQ(test::run_sql(path_, "PRAGMA user_version = 3"), "");
  EXPECT_THAT(LogReader::open(path_).error().message, HasSubstr("newer release"));
}

}  // namespace
}  // namespace reachproof::evidence
