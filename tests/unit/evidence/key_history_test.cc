#include "evidence/key_history.h"

#include "tests/support/judged_log.h"

namespace reachproof::evidence {
namespace {

using testing::HasSubstr;

const std::string kName = "clinic.example/log";

SignerKey key_number(std::uint8_t n) {
  return *SignerKey::from_seed(kName, std::array<std::uint8_t, 32>{n});
}

KeyEvent made(const SignerKey& key, LeafIndex record) {
  return {.role = KeyRole::Log,
          .key = key.verifier().text(),
          .previous = {},
          .signature = {},
          .time = test::at("2026-11-30T00:00:00.000Z"),
          .record = record};
}

KeyEvent rotated(const SignerKey& from, const SignerKey& to, LeafIndex record) {
  auto event = made(to, record);
  event.previous = key_id_of(from.verifier());
  const auto signature = from.sign(event.statement());
  event.signature = *signature;
  return event;
}

std::string note_of(const SignerKey& key, std::uint64_t size) {
  return *signed_note(Checkpoint{kName, size, leaf_hash(std::to_string(size))}.text(), key);
}

/// Key 1 until record 10, key 2 until record 20, key 3 from then on.
class KeyHistory : public testing::Test {
 protected:
  SignerKey one_ = key_number(1);
  SignerKey two_ = key_number(2);
  SignerKey three_ = key_number(3);
  std::vector<KeyEvent> events_{made(one_, 9), rotated(one_, two_, 10), rotated(two_, three_, 20)};
  std::vector<std::string> notes_{note_of(one_, 5), note_of(two_, 15), note_of(three_, 25)};
};

TEST_F(KeyHistory, EveryCheckpointOpensWhicheverKeyIsTrusted) {
  for (const auto& trusted : {one_, two_, three_}) {
    const auto keys = LogKeys::from(trusted.verifier(), events_, notes_);
    EXPECT_EQ(keys.count(), 3U);
    for (const auto& note : notes_) EXPECT_TRUE(keys.open(note).has_value()) << note;
  }
}

TEST_F(KeyHistory, EachKeySignsItsOwnSizesOnly) {
  const auto keys = LogKeys::from(two_.verifier(), events_, notes_);
  EXPECT_TRUE(keys.open(note_of(one_, 10)).has_value());
  EXPECT_FALSE(keys.open(note_of(one_, 11)).has_value());
  EXPECT_FALSE(keys.open(note_of(two_, 10)).has_value());
  EXPECT_TRUE(keys.open(note_of(two_, 20)).has_value());
  EXPECT_FALSE(keys.open(note_of(two_, 21)).has_value());
  EXPECT_FALSE(keys.open(note_of(three_, 20)).has_value());
}

TEST_F(KeyHistory, AHandingOverThatTheOldKeyDidNotSignCountsForNothing) {
  events_[1].signature[7] = static_cast<char>(events_[1].signature[7] ^ 1);
  EXPECT_EQ(LogKeys::from(one_.verifier(), events_, notes_).count(), 1U);
  EXPECT_EQ(LogKeys::from(three_.verifier(), events_, notes_).count(), 2U);
}

// Whoever has the file can write a record that claims to hand over to the trusted key.
TEST_F(KeyHistory, AnInventedPredecessorCountsForNothingBeforeATrustedKeySignedItsRecord) {
  const auto thief = key_number(9);
  const std::vector<KeyEvent> events{made(thief, 30), rotated(thief, one_, 31)};
  const std::vector<std::string> notes{note_of(one_, 25), note_of(thief, 31)};
  EXPECT_EQ(LogKeys::from(one_.verifier(), events, notes).count(), 1U);
  EXPECT_FALSE(LogKeys::from(one_.verifier(), events, notes).open(notes[1]).has_value());
}

TEST_F(KeyHistory, AKeyOfAnotherNameIsNoSuccessor) {
  const auto other = *SignerKey::from_seed("other.example/log", std::array<std::uint8_t, 32>{2});
  const std::vector<KeyEvent> events{made(one_, 9), rotated(one_, other, 10)};
  EXPECT_EQ(LogKeys::from(one_.verifier(), events, notes_).count(), 1U);
}

TEST_F(KeyHistory, ARecordIsReadBackAsItWasWritten) {
  const auto record = record_of_key(events_[1]);
  EXPECT_EQ(record.kind, "key");
  const auto read = key_event(10, record.body);
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->key, events_[1].key);
  EXPECT_EQ(read->previous, events_[1].previous);
  EXPECT_EQ(read->signature, events_[1].signature);
  EXPECT_EQ(record_of_key(*read).body, record.body);
}

TEST_F(KeyHistory, ARecordThatCannotBeReadIsNamed) {
  const auto body = record_of_key(events_[1]).body;
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto other = body;
    return other.replace(other.find(from), from.size(), to);
  };
  for (const auto& bad :
       {std::string("{}"), std::string("noise"), changed("\"role\":\"log\"", "\"role\":\"lag\""),
        changed("\"keyid\":\"", "\"keyid\":\"0"), changed("role log", "role lag")}) {
    const auto refused = key_event(10, bad);
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_THAT(refused.error().message, HasSubstr("record 10 (key)"));
  }
}

}  // namespace
}  // namespace reachproof::evidence
