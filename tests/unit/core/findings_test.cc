// Findings: when they open, repeat and close.
#include <gmock/gmock.h>

#include <random>

#include "core/findings.h"

namespace reachproof::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using What = FindingEvent::What;
constexpr auto kFailed = FindingOutcome::Failed;
constexpr auto kPassed = FindingOutcome::Passed;
constexpr auto kUnknown = FindingOutcome::Unknown;

class Findings : public ::testing::Test {
 protected:
  std::vector<What> run(FindingKind kind, FindingOutcome outcome, bool outage = false) {
    return apply({.run = "r",
                  .whole = true,
                  .outage = outage,
                  .facts = {{.subject = {.fingerprint = "f", .kind = kind}, .outcome = outcome}}});
  }
  std::vector<What> violation(FindingOutcome outcome) {
    return run(FindingKind::Violation, outcome);
  }
  std::vector<What> broken(FindingOutcome outcome, bool outage = false) {
    return run(FindingKind::Broken, outcome, outage);
  }
  std::vector<What> apply(const FindingRun& facts) {
    std::vector<What> told;
    for (const auto& event : book_.events_of(facts)) {
      book_.take(event);
      kept_.push_back(event);
      told.push_back(event.what);
    }
    return told;
  }
  FindingBook book_;
  std::vector<FindingEvent> kept_;
};

TEST_F(Findings, AViolationOpensAtOnceAndOnceAndClosesWithItsFirstProof) {
  EXPECT_THAT(violation(kFailed), ElementsAre(What::Opened));
  EXPECT_THAT(violation(kFailed), IsEmpty());
  EXPECT_THAT(violation(kUnknown), IsEmpty());
  EXPECT_TRUE(book_.findings().at("f").is_open());
  EXPECT_THAT(violation(kPassed), ElementsAre(What::Closed));
  EXPECT_THAT(violation(kPassed), IsEmpty());
  EXPECT_THAT(violation(kFailed), ElementsAre(What::Reopened));
}

TEST_F(Findings, AViolationThatKeepsComingAndGoingIsToldOfOnce) {
  violation(kFailed);
  violation(kPassed);
  violation(kFailed);
  violation(kPassed);
  EXPECT_THAT(violation(kFailed), ElementsAre(What::Reopened));  // the third time
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(violation(kPassed), ElementsAre(What::Recovering));
    EXPECT_THAT(violation(kPassed), ElementsAre(What::Watched));
    EXPECT_TRUE(book_.findings().at("f").is_open());
    EXPECT_THAT(violation(kFailed), ElementsAre(What::Relapsed));
  }
  violation(kPassed);
  violation(kUnknown);
  violation(kPassed);
  EXPECT_THAT(violation(kPassed), ElementsAre(What::Closed));
  int news = 0;
  for (const auto& event : kept_) news += event.is_news() ? 1 : 0;
  EXPECT_EQ(news, 6) << "opened thrice, closed thrice";
}

TEST_F(Findings, ABrokenFlowOpensInTwoOfThreeRuns) {
  EXPECT_THAT(broken(kFailed), ElementsAre(What::Suspected));
  EXPECT_THAT(broken(kPassed), ElementsAre(What::Watched));
  EXPECT_THAT(broken(kFailed), ElementsAre(What::Opened));
}

TEST_F(Findings, ASingleFailureIsForgotten) {
  broken(kFailed);
  broken(kPassed);
  EXPECT_THAT(broken(kPassed), ElementsAre(What::Cleared));
  EXPECT_THAT(broken(kFailed), ElementsAre(What::Suspected));
}

TEST_F(Findings, ABrokenFlowClosesWhenItPassedTwiceInARow) {
  broken(kFailed);
  broken(kFailed);
  EXPECT_THAT(broken(kPassed), ElementsAre(What::Recovering));
  EXPECT_THAT(broken(kFailed), ElementsAre(What::Relapsed));
  EXPECT_THAT(broken(kPassed), ElementsAre(What::Recovering));
  EXPECT_THAT(broken(kUnknown), IsEmpty());
  EXPECT_THAT(broken(kPassed), ElementsAre(What::Closed));
}

TEST_F(Findings, AnOutageBreaksNothing) {
  EXPECT_THAT(broken(kFailed, true), IsEmpty());
  EXPECT_THAT(broken(kFailed, true), IsEmpty());
}

TEST_F(Findings, AnOutageIsToldOnceHoweverMuchCouldNotBeTested) {
  const auto run_of_fleet = [&](bool outage) {
    FindingRun facts{.run = "r", .whole = true, .outage = outage, .facts = {}};
    for (const auto* name : {"a", "b", "c"}) {
      facts.facts.push_back({.subject = {.fingerprint = name, .kind = FindingKind::Broken},
                             .outcome = outage ? kFailed : kPassed});
    }
    facts.facts.push_back({.subject = {.fingerprint = "o", .kind = FindingKind::CannotTest}});
    return apply(facts);
  };
  EXPECT_THAT(run_of_fleet(false), IsEmpty());
  EXPECT_THAT(run_of_fleet(true), ElementsAre(What::Opened));
  EXPECT_EQ(kept_.back().subject.fingerprint, "o");
  EXPECT_THAT(run_of_fleet(true), IsEmpty());
  EXPECT_THAT(run_of_fleet(false), ElementsAre(What::Closed));
  EXPECT_THAT(run_of_fleet(true), ElementsAre(What::Reopened));
}

TEST_F(Findings, WhatIsGoneFromThePlanClosesInAWholeRunAlone) {
  violation(kFailed);
  EXPECT_THAT(apply({.run = "r", .whole = false}), IsEmpty());
  EXPECT_THAT(apply({.run = "r", .whole = true}), ElementsAre(What::Closed));
  EXPECT_THAT(apply({.run = "r", .whole = true}), IsEmpty());
}

TEST_F(Findings, NewsAlternateAndTheBookIsTheFoldOfItsEvents) {
  std::mt19937 random(4711);
  for (int i = 0; i < 2000; ++i) {
    const auto outcome = static_cast<FindingOutcome>(random() % 3);
    run(i < 1000 ? FindingKind::Violation : FindingKind::Broken, outcome);
  }
  FindingBook again;
  bool open = false;
  for (const auto& event : kept_) {
    again.take(event);
    if (!event.is_news()) continue;
    EXPECT_EQ(open, event.what == What::Closed);
    open = !open;
  }
  EXPECT_EQ(again.findings().at("f").phase, book_.findings().at("f").phase);
  EXPECT_EQ(again.findings().at("f").times_opened, book_.findings().at("f").times_opened);
}

}  // namespace
}  // namespace reachproof::core
