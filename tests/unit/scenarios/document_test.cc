#include "scenarios/document.h"

#include <gmock/gmock.h>

#include "scenarios/cron.h"
#include "scenarios/matches.h"

namespace reachproof::scenarios {
namespace {

using testing::HasSubstr;

std::string problems_of(std::string_view yaml) {
  Problems problems("f.yaml");
  static_cast<void>(parse_document(yaml, problems));
  std::string lines;
  for (const auto& problem : problems.sorted()) lines += text(problem) + "\n";
  return lines;
}

TEST(Document, KeepsScalarsAsTextWithTheirPlaces) {
  Problems problems("f.yaml");
  const auto root = parse_document("a: no\nb: [01:00, \"x\"]\n", problems);
  EXPECT_FALSE(problems.any_error());
  ASSERT_NE(root.find("b"), nullptr);
  EXPECT_EQ(root.find("a")->text, "no");
  EXPECT_EQ(root.find("b")->items[0].text, "01:00");
  EXPECT_FALSE(root.find("b")->items[0].quoted);
  EXPECT_TRUE(root.find("b")->items[1].quoted);
  EXPECT_EQ(root.find("b")->items[1].mark, (SourceMark{2, 12}));
}

TEST(Document, RefusesBytesThatAreNotText) {
  EXPECT_THAT(problems_of("a: \xff\n"), HasSubstr("f.yaml:1:4: error: not valid UTF-8"));
  EXPECT_THAT(problems_of(std::string_view("a: \0\n", 5)), HasSubstr("control character 0x00"));
  EXPECT_THAT(problems_of("# nothing\n"), HasSubstr("the file is empty"));
}

TEST(Document, RefusesNestingBeyondItsBound) {
  EXPECT_THAT(problems_of(std::string(100, '[') + std::string(100, ']')),
              HasSubstr("nested deeper"));
}

TEST(Document, RefusesFilesBeyondItsBound) {
  EXPECT_THAT(problems_of(std::string(kDocumentBytesMax + 1, '#')), HasSubstr("at most"));
}

TEST(Document, SuggestsTheNearestWordOrNothing) {
  EXPECT_EQ(did_you_mean("form", {"to", "from"}), "did you mean `from`?");
  EXPECT_EQ(did_you_mean("zebra", {"to", "from"}), "");
}

TEST(Cron, AcceptsNumbersRangesStepsAndLists) {
  for (const auto* sound : {"* * * * *", "15 1 * * *", "*/5 0-6/2 1,15 1-12 0,7", "0 0 31 12 7"}) {
    EXPECT_EQ(cron_fault(sound), "") << sound;
  }
}

TEST(Cron, RefusesWhatNoClockShows) {
  for (const auto* wrong : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
                            "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "1, * * * *",
                            "5/2 * * * *", "a * * * *", "-1 * * * *", "*  * * * *", "+1 * * * *"}) {
    EXPECT_NE(cron_fault(wrong), "") << wrong;
  }
}

core::Match block(const char* cidr, std::vector<const char*> except = {}) {
  core::Match match{.cidr = core::Cidr::parse(cidr)};
  for (const auto* hole : except) match.except.push_back(*core::Cidr::parse(hole));
  return match;
}

TEST(Matches, OverlapIsWhatIsLeftBesideTheExceptions) {
  EXPECT_TRUE(overlap(block("10.0.0.0/8"), block("10.1.0.0/16")));
  EXPECT_FALSE(overlap(block("10.0.0.0/8", {"10.1.0.0/16"}), block("10.1.0.0/16")));
  EXPECT_FALSE(
      overlap(block("10.0.0.0/8", {"10.1.0.0/17"}), block("10.1.0.0/16", {"10.1.128.0/17"})));
  EXPECT_THAT(*overlap(block("10.0.0.0/8", {"10.1.0.0/17"}), block("10.1.0.0/16")),
              HasSubstr("for example at 10.1.128.0"));
  EXPECT_FALSE(overlap(block("0.0.0.0/0"), block("::/0")));
}

TEST(Matches, AttributesOverlapWhereOneAsksForAllThatTheOtherDoes) {
  const core::Match wide{.attributes = {{"aws.account", "1"}}};
  const core::Match narrow{.attributes = {{"aws.account", "1"}, {"aws.tags.App", "db"}}};
  const core::Match other{.attributes = {{"aws.account", "2"}}};
  EXPECT_TRUE(overlap(wide, narrow));
  EXPECT_TRUE(overlap(narrow, wide));
  EXPECT_FALSE(overlap(wide, other));
  EXPECT_FALSE(
      overlap(wide, block("10.0.0.0/8")));  // whether one endpoint is both, only an inventory knows
}

}  // namespace
}  // namespace reachproof::scenarios
