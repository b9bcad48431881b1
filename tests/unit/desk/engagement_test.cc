#include "orchestrator/engagement/engagement.h"

#include <gmock/gmock.h>

#include "tests/support/program.h"

namespace reachproof::orchestrator {
namespace {

using reachproof::testing::TemporaryFolder;
using reachproof::testing::write_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kFile = R"(version: 1
engagements:
  - id: nightly
    owner: ada
    contact: soc@example.org
    approvers: [maya, jonas, zoe]
    approvals: 2
    segments: [office, data]
    blackouts: [07:00-19:00]
    starts: 2026-11-01
    ends: 2026-11-30
)";

core::WallTime at(const char* text) {
  return *core::parse_wall_time(text);
}
const core::WallTime kNight = at("2026-11-15T01:00:00Z");

class Engagements : public ::testing::Test {
 protected:
  std::vector<Engagement> load(const std::string& text) {
    write_file(folder_ / "engagements.yaml", text);
    auto loaded = load_engagements((folder_ / "engagements.yaml").string());
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded ? *loaded : std::vector<Engagement>();
  }
  std::string problems(const std::string& text) {
    write_file(folder_ / "engagements.yaml", text);
    const auto loaded = load_engagements((folder_ / "engagements.yaml").string());
    return loaded ? "" : loaded.error().message;
  }
  void approve(const std::string& name) {
    const auto record = book_.approval("nightly", name, kNight);
    ASSERT_TRUE(record) << record.error().message;
    book_.apply(record->body);
  }
  std::string why_not(const std::vector<std::string>& segments, core::WallTime now) {
    const auto admitted = book_.admit("", segments, now);
    if (admitted) return "";
    EXPECT_EQ(admitted.error().code, ErrorCode::Refused);
    return admitted.error().message;
  }
  TemporaryFolder folder_;
  EngagementBook book_;
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

TEST_F(Engagements, HoldOnceEnoughApproversHaveSaidSo) {
  book_.set(load(kFile));
  EXPECT_THAT(why_not({"office"}, kNight), HasSubstr("0 of the 2 approvals"));
  approve("maya");
  approve("maya");  // twice is once
  EXPECT_THAT(why_not({"office"}, kNight), HasSubstr("1 of the 2 approvals"));
  approve("zoe");
  EXPECT_EQ(*book_.admit("", {"office", "data"}, kNight), "nightly");
  EXPECT_EQ(*book_.admit("nightly", {"data"}, kNight), "nightly");
  EXPECT_EQ(book_.objection("nightly", kNight), "");
}

TEST_F(Engagements, AllowNothingOutOfScopeOrTime) {
  book_.set(load(kFile));
  approve("maya");
  approve("zoe");
  EXPECT_THAT(why_not({"office", "clinic"}, kNight), HasSubstr("`clinic` is not in its scope"));
  EXPECT_THAT(why_not({"office"}, at("2026-11-15T12:00:00Z")), HasSubstr("blackout 07:00-19:00"));
  EXPECT_THAT(why_not({"office"}, at("2026-10-31T23:59:59Z")), HasSubstr("it begins at"));
  EXPECT_EQ(why_not({"office"}, at("2026-11-30T23:59:59Z")), "");  // the last day belongs to it
  EXPECT_THAT(why_not({"office"}, at("2026-12-01T00:00:00Z")), HasSubstr("it ended at"));
  EXPECT_THAT(book_.objection("nightly", at("2026-11-15T07:00:00Z")), HasSubstr("blackout"));
  EXPECT_EQ(book_.admit("other", {"office"}, kNight).error().code, ErrorCode::NotFound);
}

TEST_F(Engagements, TakeTwoPeople) {
  book_.set(load(kFile));
  EXPECT_THAT(book_.approval("nightly", "ada", kNight).error().message, HasSubstr("owner"));
  EXPECT_THAT(book_.approval("nightly", "eve", kNight).error().message,
              HasSubstr("not one of its approvers"));
  EXPECT_THAT(problems(replaced(kFile, "[maya, jonas, zoe]", "[ada, maya]")),
              HasSubstr("the owner cannot be an approver"));
}

TEST_F(Engagements, AnApprovalIsOfTheseWordsAndOfNoOthers) {
  book_.set(load(kFile));
  approve("maya");
  approve("zoe");
  book_.set(load(replaced(kFile, "[office, data]", "[office, data, clinic]")));
  EXPECT_THAT(why_not({"office"}, kNight), HasSubstr("0 of the 2 approvals"));
  book_.set(load(kFile));
  EXPECT_EQ(why_not({"office"}, kNight), "");
}

TEST_F(Engagements, ARevocationIsForGood) {
  book_.set(load(kFile));
  approve("maya");
  approve("zoe");
  book_.apply(book_.revocation("nightly", "maya", "an incident", kNight)->body);
  EXPECT_THAT(why_not({"office"}, kNight), HasSubstr("revoked"));
  EXPECT_FALSE(book_.approval("nightly", "jonas", kNight));
}

TEST_F(Engagements, WhoIsNoApproverAnyMoreDoesNotCount) {
  book_.set(load(kFile));
  book_.apply(replaced(book_.approval("nightly", "maya", kNight)->body, "maya", "eve"));
  EXPECT_THAT(why_not({"office"}, kNight), HasSubstr("0 of the 2"));
}

TEST_F(Engagements, EveryProblemOfAFileIsToldWithItsPlace) {
  const auto text = problems(R"(version: 1
engagements:
  - id: a
    owner: ada
    approvers: [maya]
    approvals: 2
    segments: [office]
    blackouts: [late]
    starts: 2026-12-01
    ends: 2026-11-01
  - id: a
    owner: ada
    contact: x
    approver: [maya]
    segments: [office]
    starts: yesterday
    ends: 2026-11-01
)");
  EXPECT_THAT(text, HasSubstr("`contact`"));
  EXPECT_THAT(text, HasSubstr(":6:"));
  EXPECT_THAT(text, HasSubstr("`late` is no window of hours"));
  EXPECT_THAT(text, HasSubstr("is not after `starts`"));
  EXPECT_THAT(text, HasSubstr("two engagements are called a"));
  EXPECT_THAT(text, HasSubstr("did you mean `approvers`?"));
  EXPECT_THAT(text, HasSubstr("`yesterday`"));
}

}  // namespace
}  // namespace reachproof::orchestrator
