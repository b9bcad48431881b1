// Signed notes, verifier keys, checkpoints and base64.
#include "evidence/note.h"

#include "core/base64.h"
#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

using test::test_key;
using testing::HasSubstr;

constexpr std::string_view kDash = "\xe2\x80\x94 ";

SignerKey other_key(const std::string& name = "example.com/other") {
  return *SignerKey::from_seed(name, std::array<std::uint8_t, 32>{7});
}

std::string signature_line_of(const std::string& note) {
  return note.substr(note.rfind("\n\n") + 2);
}

std::string refusal(const std::string& note, const std::vector<VerifierKey>& known) {
  const auto text = open_note(note, known);
  return text ? "accepted" : text.error().message;
}
std::string refusal(const std::string& note) {
  return refusal(note, {test_key().verifier()});
}

TEST(Base64, IsThatOfTheRfcAndNothingElse) {
  const std::vector<std::uint8_t> bytes{0xfb, 0xff, 0xfe, 0x00};
  EXPECT_EQ(core::base64(bytes), "+//+AA==");
  EXPECT_EQ(core::from_base64("+//+AA=="), bytes);
  EXPECT_EQ(core::from_base64(""), std::vector<std::uint8_t>{});
  for (const auto* text : {"-__-AA==", "+//+AA", "+//+AA=", "+//+AB==", "+//+A A=", " +//+AA==",
                           "+//+AA==\n", "====", "A===", "=AAA", "AA==AAAA", "A"}) {
    EXPECT_EQ(core::from_base64(text), std::nullopt) << text;
  }
}

TEST(Notes, AreReadAsTheyWereSigned) {
  const auto note = *signed_note("one\ntwo\n", test_key());
  EXPECT_EQ(*open_note(note, {test_key().verifier()}), "one\ntwo\n");
  EXPECT_EQ(note.find(kDash), std::string("one\ntwo\n\n").size());
}

TEST(Notes, TheTextMayHoldEmptyLines) {
  EXPECT_EQ(*open_note(*signed_note("one\n\ntwo\n", test_key()), {test_key().verifier()}),
            "one\n\ntwo\n");
}

TEST(Notes, AChangeOfAnyByteIsRefused) {
  const auto note = *signed_note("example.com/reachproof/demo\n3\nroot\n", test_key());
  for (std::size_t i = 0; i < note.size(); ++i) {
    for (const unsigned bit : {1U, 0x20U, 0x80U}) {
      auto changed = note;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ bit);
      EXPECT_NE(refusal(changed), "accepted") << i << " " << bit;
    }
  }
}

TEST(Notes, OfNoKnownKeyAreRefused) {
  const auto note = *signed_note("text\n", other_key());
  EXPECT_THAT(refusal(note), HasSubstr("no known key"));
  EXPECT_THAT(refusal(note, {}), HasSubstr("no known key"));
}

TEST(Notes, SignaturesOfUnknownKeysAreIgnored) {
  const auto note = *signed_note("text\n", test_key());
  const auto cosigned = note + signature_line_of(*signed_note("text\n", other_key()));
  EXPECT_EQ(refusal(cosigned), "accepted");
  // Even where they bear a known name, with another key...
  const auto same_name = other_key(test_key().verifier().name);
  EXPECT_EQ(refusal(note + signature_line_of(*signed_note("lies\n", same_name))), "accepted");
  // ...or a known id, under another name.
  const auto id = test_key().verifier().id;
  std::vector<std::uint8_t> junk(id.begin(), id.end());
  junk.resize(68);
  EXPECT_EQ(refusal(note + std::string(kDash) + "example.com/x " + core::base64(junk) + "\n"),
            "accepted");
}

TEST(Notes, ASignatureOfAKnownKeyThatDoesNotVerifyRefusesTheNote) {
  const auto note = *signed_note("text\n", test_key());
  const auto wrong = signature_line_of(*signed_note("lies\n", test_key()));
  EXPECT_THAT(refusal(note + wrong), HasSubstr("does not verify"));
  const auto both = note + signature_line_of(*signed_note("lies\n", other_key()));
  EXPECT_THAT(refusal(both, {test_key().verifier(), other_key().verifier()}),
              HasSubstr("does not verify"));
}

TEST(Notes, AtLeastSixteenSignaturesAreAccepted) {
  auto note = *signed_note("text\n", test_key());
  const auto line = signature_line_of(*signed_note("text\n", other_key()));
  for (int i = 0; i < 15; ++i) note += line;
  EXPECT_EQ(refusal(note), "accepted");
  for (int i = 0; i < 1000; ++i) note += line;
  EXPECT_THAT(refusal(note), HasSubstr("too many"));
}

TEST(Notes, ThatAreNoNotesAreRefused) {
  const auto note = *signed_note("text\n", test_key());
  const auto line = signature_line_of(note);
  const std::vector<std::string> bad_notes{std::string(),
                                           std::string("text\n"),
                                           std::string("text\n\n"),
                                           note.substr(0, note.size() - 1),
                                           "text\n" + line,
                                           "text\n\n- x y\n" + line,
                                           note + "trailing\n",
                                           note + "\n",
                                           note + std::string(kDash) + "name\n",
                                           note + std::string(kDash) + "name AAAA\n",
                                           note + std::string(kDash) + " AAAAAAAA\n",
                                           note + std::string(kDash) + "a+b AAAAAAAA\n"};
  for (const auto& bad : bad_notes) {
    EXPECT_NE(refusal(bad), "accepted") << bad;
  }
}

TEST(Notes, HoldTextAloneEvenWhereTheSignatureIsRight) {
  for (const auto* text : {"tab\there\n", "carriage\r\n", "null\x01\n"}) {
    EXPECT_NE(refusal(*signed_note(text, test_key())), "accepted");
  }
  for (const auto* text :
       {"not \xff UTF-8\n", "half \xc3\n", "surrogate \xed\xa0\x80\n", "overlong \xc0\xaf\n"}) {
    EXPECT_NE(refusal(*signed_note(text, test_key())), "accepted") << text;
  }
  EXPECT_EQ(refusal(*signed_note("caf\xc3\xa9 \xe2\x80\x94 \xf0\x9f\x94\x92\n", test_key())),
            "accepted");
}

TEST(VerifierKeys, AreReadAsTheyAreWritten) {
  const auto key = test_key().verifier();
  EXPECT_EQ(key.text(),
            "example.com/reachproof/demo+28afc8c3+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea");
  const auto read = VerifierKey::parse(key.text());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->name, key.name);
  EXPECT_EQ(read->public_key, key.public_key);
  EXPECT_EQ(read->id, key.id);
}

TEST(VerifierKeys, ThatContradictThemselvesAreRefused) {
  const auto key = test_key().verifier().text();
  const auto with = [&](const std::string& from, const std::string& to) {
    auto changed = key;
    changed.replace(changed.find(from), from.size(), to);
    return VerifierKey::parse(changed).has_value();
  };
  EXPECT_TRUE(with("28afc8c3", "28afc8c3"));
  EXPECT_FALSE(with("28afc8c3", "28afc8c4"));
  EXPECT_FALSE(with("28afc8c3", "28AFC8C3"));
  EXPECT_FALSE(with("demo", "demi"));
  EXPECT_FALSE(with("+Add", "+Bdd"));
  EXPECT_FALSE(with("+28afc8c3", ""));
  EXPECT_FALSE(with("B1Ea", "B1E"));
  EXPECT_FALSE(with("example.com/reachproof/demo", ""));
}

TEST(VerifierKeys, NamesHoldNoSpaceOfAnyAlphabet) {
  const std::array<std::uint8_t, 32> seed{1};
  for (const auto* name : {"", "a b", "a+b", "a\tb", "a\nb", "a\vb",
                           "a\xc2\xa0"
                           "b",
                           "a\xe2\x80\x83"
                           "b",
                           "a\xe3\x80\x80"
                           "b",
                           "a\xff"
                           "b"}) {
    EXPECT_FALSE(SignerKey::from_seed(name, seed).has_value()) << name;
  }
  EXPECT_TRUE(SignerKey::from_seed("example.com/log-1", seed).has_value());
}

TEST(SignerKeys, AreKeptInAFileForTheirOwnerAlone) {
  const test::Folder folder;
  const auto path = folder.file("key");
  ASSERT_TRUE(test_key().save(path).has_value());
  const auto loaded = SignerKey::load(path);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->verifier().text(), test_key().verifier().text());
  EXPECT_EQ(*loaded->sign("x"), *test_key().sign("x"));
  const auto mode = std::filesystem::status(path).permissions();
  EXPECT_EQ(mode, std::filesystem::perms(0600));
  EXPECT_FALSE(test_key().save(path).has_value()) << "a key file was overwritten";
  test::write_bytes(folder.file("junk"), "junk\n");
  EXPECT_FALSE(SignerKey::load(folder.file("junk")).has_value());
  EXPECT_EQ(SignerKey::load(folder.file("none")).error().code, ErrorCode::NotFound);
}

TEST(SignerKeys, AreFreshEachTime) {
  EXPECT_NE(SignerKey::generate("a")->verifier().public_key,
            SignerKey::generate("a")->verifier().public_key);
}

TEST(Checkpoints, AreReadAsTheyAreWritten) {
  const Checkpoint checkpoint{"example.com/log", 12, leaf_hash("x")};
  const auto read = Checkpoint::parse(checkpoint.text());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text(), checkpoint.text());
}

TEST(Checkpoints, RefuseSizesAndRootsThatAreNotExact) {
  const auto root = core::base64(leaf_hash("x"));
  const auto parses = [](const std::string& text) { return Checkpoint::parse(text).has_value(); };
  EXPECT_TRUE(parses("o\n0\n" + root + "\n"));
  EXPECT_TRUE(parses("o\n18446744073709551615\n" + root + "\n"));
  for (const auto* size :
       {"", "-1", "+1", "01", "1 ", " 1", "0x1", "18446744073709551616", "1.0"}) {
    EXPECT_FALSE(parses("o\n" + std::string(size) + "\n" + root + "\n")) << size;
  }
  EXPECT_FALSE(parses("\n1\n" + root + "\n"));
  EXPECT_FALSE(parses("o\n1\n" + root));
  EXPECT_FALSE(parses("o\n1\n" + root.substr(4) + "\n"));
  EXPECT_FALSE(parses("o\n1\n\n"));
  EXPECT_FALSE(parses("o\n1\n"));
  EXPECT_FALSE(parses(""));
}

}  // namespace
}  // namespace reachproof::evidence
