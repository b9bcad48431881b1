// When each try is sent: never faster than the limits, severe checks first, always the same.
#include <random>

#include "tests/support/network.h"

namespace reachproof::core {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

/// The most events that any window of that length holds; `due` is in order.
std::size_t most_in_any(const std::vector<microseconds>& due, microseconds window) {
  std::size_t most = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < due.size(); ++i) {
    while (due[i] - due[first] >= window) ++first;
    most = std::max(most, i - first + 1);
  }
  return most;
}

TEST(Pacing, NoWindowOfTheRunHoldsMoreThanTheRatesAllow) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<std::uint32_t>(random() % n); };
  for (int round = 0; round < 200; ++round) {
    const Rate rate{1 + below(70), seconds(1)};
    const Rate per_target{1 + below(9), seconds(1 + 59 * below(2))};
    std::vector<std::string> targets;
    for (std::uint32_t i = below(300); i > 0; --i)
      targets.push_back("t" + std::to_string(below(12)));
    const auto turns = paced_turns(targets, rate, per_target);
    ASSERT_EQ(turns.size(), targets.size());
    std::vector<microseconds> all;
    std::map<std::string, std::vector<microseconds>> at;
    std::map<std::string, std::size_t> last;
    for (const auto& turn : turns) {
      ASSERT_TRUE(all.empty() || turn.due >= all.back());
      all.push_back(turn.due);
      const auto& target = targets[turn.index];
      // The given order holds at each target.
      ASSERT_TRUE(!last.contains(target) || turn.index > last[target]);
      last[target] = turn.index;
      at[target].push_back(turn.due);
    }
    EXPECT_LE(most_in_any(all, rate.per), rate.count);
    for (const auto& [target, due] : at) {
      EXPECT_LE(most_in_any(due, per_target.per), per_target.count) << target;
    }
  }
}

TEST(Pacing, LosesNoTryAndDoublesNone) {
  std::vector<std::string> targets(500, "a");
  for (std::size_t i = 0; i < targets.size(); i += 3) targets[i] = "b";
  std::set<std::size_t> seen;
  for (const auto& turn : paced_turns(targets, {50, seconds(1)}, {5, seconds(1)})) {
    EXPECT_TRUE(seen.insert(turn.index).second);
  }
  EXPECT_EQ(seen.size(), targets.size());
}

TEST(Pacing, NothingToSendTakesNoTime) {
  EXPECT_TRUE(paced_turns({}, {1, seconds(1)}, {1, seconds(1)}).empty());
  EXPECT_EQ(Plan{}.duration(), microseconds(0));
}

test::Network severities() {
  auto network = test::shop();
  network.forbid("X1", "web", "db", "tcp/22", Severity::Low);
  network.forbid("X2", "web", "db", "tcp/23", Severity::Critical);
  network.forbid("X3", "db", "web", "tcp/22", Severity::Medium);
  network.scenario.limits = {.rate = {10, seconds(1)}, .per_target = {1, seconds(1)}};
  return network;
}

TEST(Pacing, SevereChecksAreTriedFirst) {
  const auto plan = severities().plan();
  ASSERT_EQ(plan.trials.size(), 9U);
  EXPECT_EQ(plan.checks[plan.trials[0].check].rule, "X2");
  // At one target the severe check comes first in every round of tries.
  std::vector<std::string> at_db;
  for (const auto& trial : plan.trials) {
    if (plan.checks[trial.check].destination == "db") {
      at_db.push_back(plan.checks[trial.check].rule + "#" + std::to_string(trial.number));
    }
  }
  EXPECT_THAT(at_db, testing::ElementsAre("X2#1", "X1#1", "X2#2", "X1#2", "X2#3", "X1#3"));
}

TEST(Pacing, EveryPathGetsAllItsTriesInTheirOrder) {
  const auto plan = severities().plan();
  std::map<std::pair<std::uint32_t, std::uint16_t>, int> last;
  for (const auto& trial : plan.trials) {
    EXPECT_EQ(trial.number, ++last[std::pair(trial.check, trial.path)]);
  }
  for (const auto& [path, count] : last) EXPECT_EQ(count, 3);
  EXPECT_EQ(plan.duration(), plan.trials.back().due);
}

TEST(Pacing, TheSamePlanComesOutTwice) {
  const auto once = severities().plan();
  const auto twice = severities().plan();
  EXPECT_EQ(test::ids(once), test::ids(twice));
  ASSERT_EQ(once.trials.size(), twice.trials.size());
  for (std::size_t i = 0; i < once.trials.size(); ++i) {
    EXPECT_EQ(once.trials[i].check, twice.trials[i].check);
    EXPECT_EQ(once.trials[i].due, twice.trials[i].due);
  }
}

}  // namespace
}  // namespace reachproof::core
