#include "core/diff.h"

#include <gmock/gmock.h>

namespace reachproof::core {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;
using States = std::map<std::string, CheckState>;

CheckState state(CheckResult result, std::string flow = "") {
  const bool open = result == CheckResult::Violation;
  return {result, open ? Reachability::Open : Reachability::Blocked, std::move(flow)};
}
constexpr auto kPass = CheckResult::Pass;
constexpr auto kViolation = CheckResult::Violation;
constexpr auto kUnproven = CheckResult::Unproven;

auto ids(std::initializer_list<const char*> wanted) {
  std::vector<testing::Matcher<CheckChange>> matchers;
  for (const auto* id : wanted) matchers.emplace_back(Field(&CheckChange::id, id));
  return testing::ElementsAreArray(matchers);
}

TEST(Diff, OpenedClosedLostSightAndDimmedAreToldApart) {
  const States before{{"a", state(kPass)}, {"b", state(kViolation)}, {"c", state(kViolation)},
                      {"d", state(kPass)}, {"e", state(kViolation)}, {"f", state(kUnproven)}};
  const States after{{"a", state(kViolation)}, {"b", state(kPass)},      {"c", state(kUnproven)},
                     {"d", state(kUnproven)},  {"e", state(kViolation)}, {"f", state(kUnproven)}};
  const auto found = diff(before, after);
  EXPECT_THAT(found.opened, ids({"a"}));
  EXPECT_THAT(found.closed, ids({"b"}));
  EXPECT_THAT(found.lost_sight, ids({"c"}));
  EXPECT_THAT(found.dimmed, ids({"d"}));
  EXPECT_EQ(found.persisting, 1);
  EXPECT_THAT(found.changed, IsEmpty());
}

TEST(Diff, ACheckThatIsNewCountsAsOpenedOrDimmedWhereItFailsOrIsUnproven) {
  const auto found =
      diff({}, {{"a", state(kViolation)}, {"b", state(kUnproven)}, {"c", state(kPass)}});
  EXPECT_THAT(found.opened, ids({"a"}));
  EXPECT_THAT(found.dimmed, ids({"b"}));
  EXPECT_THAT(found.added, ElementsAre("a", "b", "c"));
}

TEST(Diff, ARuleThatWasRenamedOpensNothing) {
  const auto found = diff({{"X1/a/b/tcp/22", state(kViolation, "a -> b tcp/22")},
                           {"X1/a/c/tcp/22", state(kPass, "a -> c tcp/22")}},
                          {{"X9/a/b/tcp/22", state(kViolation, "a -> b tcp/22")},
                           {"X9/a/c/tcp/22", state(kViolation, "a -> c tcp/22")}});
  EXPECT_EQ(found.persisting, 1);
  EXPECT_THAT(found.opened, ids({"X9/a/c/tcp/22"}));
  EXPECT_THAT(found.added, IsEmpty());
  EXPECT_THAT(found.removed, IsEmpty());
}

TEST(Diff, OfSeveralChecksOfOneFlowAFailingOneCounts) {
  const auto found = diff({{"X1", state(kPass, "flow")}, {"X2", state(kViolation, "flow")}},
                          {{"X3", state(kViolation, "flow")}});
  EXPECT_EQ(found.persisting, 1);
  EXPECT_THAT(found.opened, IsEmpty());
}

TEST(Diff, WithoutAFlowOnlyTheIdTells) {
  const auto found = diff({{"X1", state(kViolation)}}, {{"X2", state(kViolation)}});
  EXPECT_THAT(found.opened, ids({"X2"}));
  EXPECT_THAT(found.removed, ElementsAre("X1"));
}

}  // namespace
}  // namespace reachproof::core
