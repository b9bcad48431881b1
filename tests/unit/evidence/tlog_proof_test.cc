#include "evidence/tlog_proof.h"

#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

const std::string kNote = "example.com/log\n3\nAAAA\n\n\xe2\x80\x94 example.com/log AAAA\n";

TEST(TlogProofs, AreReadBackAsTheyWereWritten) {
  for (std::size_t count : {0U, 1U, 5U}) {
    std::vector<Hash> hashes;
    for (std::size_t i = 0; i < count; ++i) hashes.push_back(leaf_hash(std::to_string(i)));
    const auto proof = TlogProof::parse(proof_file(7, hashes, kNote));
    ASSERT_TRUE(proof.has_value()) << proof.error().message;
    EXPECT_EQ(proof->index, 7U);
    EXPECT_EQ(proof->hashes, hashes);
    EXPECT_EQ(proof->checkpoint, kNote);
  }
}

TEST(TlogProofs, AnExtraLineIsPassedOver) {
  const std::string text = "c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n" + kNote;
  EXPECT_TRUE(TlogProof::parse(text).has_value());
}

TEST(TlogProofs, WhatIsMalformedIsRefused) {
  const auto line = core::hex(leaf_hash("x")).substr(0, 44) + "\n";
  for (const std::string& text :
       {std::string(), std::string("c2sp.org/tlog-proof@v2\nindex 0\n\n") + kNote,
        "c2sp.org/tlog-proof@v1\n\n" + kNote, "c2sp.org/tlog-proof@v1\nindex 01\n\n" + kNote,
        "c2sp.org/tlog-proof@v1\nindex -1\n\n" + kNote,
        "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n" + kNote,
        "c2sp.org/tlog-proof@v1\nindex 0\n" + line + "\n" + kNote,
        std::string("c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n") + kNote,
        std::string("c2sp.org/tlog-proof@v1\nindex 0\n")}) {
    EXPECT_FALSE(TlogProof::parse(text).has_value()) << text;
  }
}

TEST(HashLines, RefuseBlankLinesAndWhatIsTooLong) {
  const auto lines = hash_lines({leaf_hash("a"), leaf_hash("b")});
  EXPECT_EQ(hashes_in(lines)->size(), 2U);
  EXPECT_TRUE(hashes_in("")->empty());
  EXPECT_FALSE(hashes_in("\n").has_value());
  EXPECT_FALSE(hashes_in(lines + "\n").has_value());
  EXPECT_FALSE(hashes_in(lines.substr(0, lines.size() - 1)).has_value());
  EXPECT_FALSE(hashes_in(hash_lines(std::vector<Hash>(66))).has_value());
}

}  // namespace
}  // namespace reachproof::evidence
