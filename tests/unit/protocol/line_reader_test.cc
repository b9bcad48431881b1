#include <gmock/gmock.h>

#include "protocol/codec.h"

namespace reachproof::protocol {
namespace {

std::vector<std::string> lines_of(LineReader& reader) {
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  return lines;
}

TEST(LineReader, CutsAStreamHoweverItComes) {
  const std::string stream = "one\n\nthree is longer\nfour\n";
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    LineReader reader;
    std::vector<std::string> all;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      ASSERT_TRUE(reader.feed(std::string_view(stream).substr(at, piece)));
      for (auto& line : lines_of(reader)) all.push_back(line);
    }
    EXPECT_THAT(all, testing::ElementsAre("one", "", "three is longer", "four")) << piece;
    EXPECT_FALSE(reader.holds_partial_line());
  }
}

TEST(LineReader, KeepsAPartialLineAndSaysSo) {
  LineReader reader;
  EXPECT_FALSE(reader.holds_partial_line());
  ASSERT_TRUE(reader.feed("whole\nhal"));
  EXPECT_THAT(lines_of(reader), testing::ElementsAre("whole"));
  EXPECT_TRUE(reader.holds_partial_line());
  ASSERT_TRUE(reader.feed("f\n"));
  EXPECT_THAT(lines_of(reader), testing::ElementsAre("half"));
}

TEST(LineReader, KeepsUnreadLinesOverTheNextFeed) {
  LineReader reader;
  ASSERT_TRUE(reader.feed("a\nb\nc"));
  std::string line;
  ASSERT_TRUE(reader.next(line));
  ASSERT_TRUE(reader.feed("d\n"));
  EXPECT_THAT(lines_of(reader), testing::ElementsAre("b", "cd"));
}

TEST(LineReader, TakesTheLongestLineAndNotOneByteMore) {
  LineReader longest;
  EXPECT_TRUE(longest.feed(std::string(kLineBytesMax, 'x')));
  EXPECT_TRUE(longest.feed("\n"));
  EXPECT_EQ(lines_of(longest).at(0).size(), kLineBytesMax);
  LineReader longer;
  EXPECT_FALSE(longer.feed(std::string(kLineBytesMax + 1, 'x')));
}

TEST(LineReader, RefusesALineTooLongEvenWhereItsEndCameWithIt) {
  LineReader at_once;
  EXPECT_FALSE(at_once.feed(std::string(kLineBytesMax + 1, 'x') + "\n"));
  LineReader in_two;
  EXPECT_TRUE(in_two.feed(std::string(kLineBytesMax, 'x')));
  EXPECT_FALSE(in_two.feed("x\nshort"));
}

TEST(LineReader, IsLostForGoodOnceALineWasTooLong) {
  LineReader reader;
  ASSERT_FALSE(reader.feed(std::string(kLineBytesMax + 1, 'x')));
  EXPECT_FALSE(reader.feed("\nstop\n"));
  EXPECT_FALSE(reader.feed(""));
}

TEST(LineReader, ManyLinesTogetherMayBeLongerThanOne) {
  LineReader reader;
  std::string many;
  for (int i = 0; i < 4; ++i) many += std::string(kLineBytesMax - 1, 'x') + "\n";
  EXPECT_TRUE(reader.feed(many));
  EXPECT_EQ(lines_of(reader).size(), 4U);
}

}  // namespace
}  // namespace reachproof::protocol
