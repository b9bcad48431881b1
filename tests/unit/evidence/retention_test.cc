// Letting evidence go: only what is over, only when two people agree, and never unnoticed.
#include "evidence/retention.h"

#include "evidence/attestation_key.h"
#include "evidence/prune.h"
#include "tests/support/judged_log.h"

namespace reachproof::evidence {
namespace {

using test::at;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;

constexpr auto kNow = "2034-06-01T00:00:00.000Z";

TEST(CalendarSpanTest, SpansAreCalendarSpans) {
  const auto after = [](const char* span, const char* from) {
    return core::text(core::CalendarSpan::parse(span)->after(at(from))).substr(0, 10);
  };
  EXPECT_EQ(after("P7Y", "2026-11-30T02:00:00.000Z"), "2033-11-30");
  EXPECT_EQ(after("P1M", "2027-01-31T02:00:00.000Z"), "2027-02-28");
  EXPECT_EQ(after("P1Y", "2028-02-29T02:00:00.000Z"), "2029-02-28");
  EXPECT_EQ(after("P400D", "2026-01-01T02:00:00.000Z"), "2027-02-05");
  EXPECT_EQ(core::text(core::CalendarSpan::parse("P1D")->after(at("2026-01-01T23:59:59.999Z"))),
            "2026-01-02T23:59:59.999Z");
  for (const auto* bad :
       {"", "P", "7Y", "PY", "P0Y", "P-1Y", "P7", "P7H", "P7Y ", "P1Y6M", "P99999Y"})
    EXPECT_FALSE(core::CalendarSpan::parse(bad).has_value()) << bad;
}

/// A log with two people who may approve, three runs of 2026, and a version that two of them used.
class PruneTest : public testing::Test {
 protected:
  void SetUp() override {
    log_.run({.id = "r-1", .started = "2026-01-10T02:00:00.000Z"});
    log_.run({.id = "r-2", .started = "2026-02-10T02:00:00.000Z"});
    log_.run({.id = "r-3",
              .started = "2026-11-10T02:00:00.000Z",
              .scenario = "version: 1\nname: clinic\n"});
  }

  [[nodiscard]] PruneUse use(const char* now = kNow) const {
    return {log_.path(), "test", "root@host", at(now)};
  }
  [[nodiscard]] SignerKey key() const { return *SignerKey::load(log_.path() + ".key"); }
  [[nodiscard]] LogReader reader() const { return *LogReader::open(log_.path()); }

  [[nodiscard]] RetentionPolicy policy(const char* keep = "P7Y") const {
    RetentionPolicy made;
    made.log = state();
    made.keep = *core::CalendarSpan::parse(keep);
    made.approvers = {{"alice", alice_.verifier().pem()}, {"bob", bob_.verifier().pem()}};
    return made;
  }
  [[nodiscard]] Checkpoint state() const {
    const auto log = reader();
    return {log_.key().name, *log.size(), *root_at(*log.size(), log.node_reader())};
  }
  [[nodiscard]] std::vector<Approval> both(const std::string& text) const {
    return {{"alice", *alice_.sign(text)}, {"bob", *bob_.sign(text)}};
  }
  void name_people(const char* keep = "P7Y") {
    const auto text = policy(keep).text();
    const auto set = set_retention(use(), text, both(text), key());
    ASSERT_TRUE(set.has_value()) << set.error().message;
  }
  [[nodiscard]] PruneView view(const char* now = kNow) const {
    const auto log = reader();
    const auto made = plan_prune(log, *retention_of(log), log_.key().name, at(now));
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    return *made;
  }
  [[nodiscard]] std::string refused(const std::string& proposal,
                                    const std::vector<Approval>& approvals) const {
    const auto done = prune(use(), proposal, approvals, key());
    return done ? "" : done.error().message;
  }

  test::Folder folder_;
  test::JudgedLog log_{folder_.file("reachproof.db")};
  AttestationKey alice_ = *AttestationKey::generate(KeyAlgorithm::Ed25519);
  AttestationKey bob_ = *AttestationKey::generate(KeyAlgorithm::P256);
};

TEST_F(PruneTest, NothingIsDueBeforeItsTime) {
  EXPECT_THAT(view("2033-01-10T02:00:59.999Z").ranges, IsEmpty());
  // The first run ended at 02:01; its scenario was still in use.
  const auto due = view("2033-01-10T02:01:00.000Z");
  EXPECT_EQ(due.records, 3U);
  EXPECT_THAT(due.by_kind, ElementsAre(Key("observations"), Key("plan"), Key("verdicts")));
}

TEST_F(PruneTest, AVersionIsCountedFromWhenItWasLastInEffect) {
  EXPECT_THAT(view("2033-11-01T00:00:00.000Z").by_kind, Not(testing::Contains(Key("snapshot"))));
  // Replaced on 2026-11-10; the newest scenario, and the inventory, are in effect for ever.
  const auto due = view("2033-11-10T02:00:00.000Z");
  EXPECT_EQ(due.by_kind.at("snapshot"), 2U);
  const auto late = view("2200-01-01T00:00:00.000Z");
  EXPECT_EQ(late.by_kind.at("snapshot"), 2U);
  EXPECT_EQ(late.in_effect, 4U);
}

TEST_F(PruneTest, AVersionThatCameBackIsInEffect) {
  log_.run({.id = "r-4", .started = "2026-12-10T02:00:00.000Z"});
  EXPECT_EQ(view("2200-01-01T00:00:00.000Z").by_kind.at("snapshot"), 1U) << "that of r-3";
}

TEST_F(PruneTest, WhatIsOverGoesAndTheLogStaysWhatItWas) {
  name_people();
  const auto before = state();
  const auto proposal = view().proposal();
  const auto gone = prune(use(), proposal, both(proposal), key());
  ASSERT_TRUE(gone.has_value()) << gone.error().message;
  EXPECT_EQ(*gone, view(kNow).records + 11U);
  EXPECT_EQ(test::problems(log_.path(), key()), "");
  const auto log = reader();
  EXPECT_EQ(*root_at(before.size, log.node_reader()), before.root);
  EXPECT_THAT(verify_log(log_.path(), log_.key())->notes,
              testing::Contains("the bodies of 11 records were pruned"));
  EXPECT_EQ(list_runs(log)->size(), 3U) << "that there was a run stays";
  EXPECT_THAT(load_run(log, "r-1").error().message, HasSubstr("the detail of run r-1 was pruned"));
  EXPECT_THAT(view().ranges, IsEmpty()) << "nothing is left to go";
  EXPECT_EQ(test::bytes_of(log_.path()).find("phi-db-1\",\"timeout"), std::string::npos)
      << "their bytes are not left in the file";
}

TEST_F(PruneTest, OneApproverIsNotTwo) {
  name_people();
  const auto proposal = view().proposal();
  const auto mallory = *AttestationKey::generate(KeyAlgorithm::Ed25519);
  const auto alice = *alice_.sign(proposal);
  EXPECT_THAT(refused(proposal, {}), HasSubstr("two approvers are needed, and 0 approved"));
  EXPECT_THAT(refused(proposal, {{"alice", alice}}), HasSubstr("1 approved"));
  EXPECT_THAT(refused(proposal, {{"alice", alice}, {"alice", alice}}), HasSubstr("1 approved"));
  EXPECT_THAT(refused(proposal, {{"alice", alice}, {"bob", alice}}), HasSubstr("`bob`"));
  EXPECT_THAT(refused(proposal, {{"alice", alice}, {"mallory", *mallory.sign(proposal)}}),
              HasSubstr("`mallory` is no approver"));
  EXPECT_THAT(refused(proposal, {{"alice", alice}, {"bob", *bob_.sign(proposal + " ")}}),
              HasSubstr("not over this proposal"));
  EXPECT_EQ(view().proposal().size(), proposal.size()) << "nothing went";
}

TEST_F(PruneTest, WithoutAPolicyNobodyCanApprove) {
  const auto proposal = view().proposal();
  EXPECT_THAT(refused(proposal, both(proposal)), HasSubstr("no policy names anybody"));
}

TEST_F(PruneTest, AProposalThatWasMadeByHandTakesNothingThatIsNotDue) {
  name_people();
  auto view = this->view();
  view.ranges = {{0, *reader().size() - 1}};
  const auto proposal = view.proposal();
  EXPECT_THAT(refused(proposal, both(proposal)), HasSubstr("some may not go"));
}

TEST_F(PruneTest, AProposalForAnotherLogOrAnotherHistoryIsRefused) {
  name_people();
  auto view = this->view();
  view.log.origin = "other.example/log";
  EXPECT_THAT(refused(view.proposal(), both(view.proposal())), HasSubstr("is for the log"));
  view = this->view();
  view.log.root[0] ^= 1U;
  EXPECT_THAT(refused(view.proposal(), both(view.proposal())), HasSubstr("another history"));
  EXPECT_THAT(refused("{}", {}), HasSubstr("cannot be read"));
  EXPECT_THAT(refused("nonsense", {}), HasSubstr("not JSON"));
}

TEST_F(PruneTest, AHoldBeatsAPrune) {
  name_people();
  const auto proposal = view().proposal();
  const Hold hold{.id = "H1",
                  .matter = "case 7",
                  .reason = "litigation",
                  .selector = {.runs = {"r-1"}},
                  .by = "counsel",
                  .time = at(kNow),
                  .released_by = {}};
  ASSERT_TRUE(set_hold(use(), hold, key()).has_value());
  EXPECT_THAT(refused(proposal, both(proposal)), HasSubstr("these holds are in force: H1"));
  const auto held = view();
  EXPECT_EQ(held.held.at("H1"), 4U);
  EXPECT_EQ(held.records, 7U);
  EXPECT_THAT(set_hold(use(), hold, key()).error().message, HasSubstr("is in force already"));
  ASSERT_TRUE(release_hold(use(), "H1", "settled", key()).has_value());
  EXPECT_EQ(view().records, 11U);
  EXPECT_EQ(refused(proposal, both(proposal)), "");
  EXPECT_EQ(release_hold(use(), "H1", "", key()).error().code, ErrorCode::NotFound);
}

TEST_F(PruneTest, HoldsSelectByRuleSegmentAndTime) {
  const auto held_by = [&](HoldSelector selector) {
    auto log = test::open_log(log_.path());
    EXPECT_TRUE(log.append(std::vector{record_of_hold({.id = "H",
                                                       .matter = "m",
                                                       .reason = "r",
                                                       .selector = std::move(selector),
                                                       .by = "c",
                                                       .time = at(kNow),
                                                       .released_by = {}})},
                           at(kNow)));
    const auto held = view().held["H"];
    EXPECT_TRUE(log.append(std::vector{record_of_release("H", "r", "c", at(kNow))}, at(kNow)));
    return held;
  };
  EXPECT_EQ(held_by({.rules = {"X1"}}), 11U) << "every run has the rule";
  EXPECT_EQ(held_by({.rules = {"X9"}}), 0U);
  EXPECT_EQ(held_by({.segments = {"data"}}), 11U);
  EXPECT_EQ(held_by({.from = at("2026-02-01T00:00:00.000Z"), .to = at("2026-03-01T00:00:00.000Z")}),
            4U);
  EXPECT_EQ(held_by({.to = at("2026-01-10T02:00:00.000Z")}), 0U) << "the end is not part of it";
  EXPECT_EQ(held_by({}), 11U) << "without names and times it holds everything";
}

TEST_F(PruneTest, APolicyBelowTheFloorOrWithOnePersonIsRefused) {
  auto made = policy("P5Y");
  made.profiles = {"hipaa"};
  EXPECT_THAT(RetentionPolicy::parse(made.text()).error().message,
              HasSubstr("below the floor of profile `hipaa`"));
  made.keep = *core::CalendarSpan::parse("P72M");
  EXPECT_TRUE(RetentionPolicy::parse(made.text()).has_value());
  made.profiles = {"soc"};
  EXPECT_THAT(RetentionPolicy::parse(made.text()).error().message,
              HasSubstr("`soc` is no profile"));
  made = policy();
  made.approvers.pop_back();
  EXPECT_THAT(RetentionPolicy::parse(made.text()).error().message, HasSubstr("cannot be two"));
  made.approvers.push_back({"alice's other name", alice_.verifier().pem()});
  EXPECT_THAT(RetentionPolicy::parse(made.text()).error().message, HasSubstr("have the same key"));
  made.approvers = {{"a", "no key"}, {"b", "no key"}};
  EXPECT_THAT(RetentionPolicy::parse(made.text()).error().message,
              HasSubstr("the key of approver `a`"));
}

TEST_F(PruneTest, AnotherPolicyNeedsThoseOfTheOneBefore) {
  name_people();
  const auto text = policy("P2Y").text();
  EXPECT_THAT(set_retention(use(), text, {}, key()).error().message, HasSubstr("two approvers"));
  EXPECT_TRUE(set_retention(use(), text, both(text), key()).has_value());
  EXPECT_THAT(set_retention(use(), text, both(text), key()).error().message,
              HasSubstr("another policy was set since"));
}

TEST_F(PruneTest, AShorterPolicyShortensNothingThatIsThere) {
  name_people("P7Y");
  const auto text = policy("P1Y").text();
  ASSERT_TRUE(set_retention(use(), text, both(text), key()).has_value());
  EXPECT_THAT(view("2028-06-01T00:00:00.000Z").ranges, IsEmpty());
  const auto longer = policy("P9Y").text();
  ASSERT_TRUE(set_retention(use(), longer, both(longer), key()).has_value());
  EXPECT_THAT(view("2034-06-01T00:00:00.000Z").ranges, IsEmpty()) << "a longer one lengthens all";
}

// Times that stand outside the hashes can be set back by hand; a run's own time cannot.
TEST_F(PruneTest, BackdatedRowsGoNoEarlier) {
  static_cast<void>(test::run_sql(log_.path(), test::kDropTriggers));
  ASSERT_EQ(
      test::run_sql(log_.path(), "UPDATE record SET recorded_at = '2001-01-01T00:00:00.000Z'"), "");
  EXPECT_THAT(view("2033-01-10T02:00:00.000Z").ranges, IsEmpty());
}

TEST_F(PruneTest, ABodyThatNoPruneTookIsMissed) {
  ASSERT_EQ(test::run_sql(log_.path(), "UPDATE record SET body = NULL WHERE idx = 3"), "");
  EXPECT_THAT(test::problems(log_.path(), key()),
              HasSubstr("record 3: its body is missing, and no prune took it"));
}

TEST_F(PruneTest, APruneThatNobodyApprovedIsFound) {
  name_people();
  const auto proposal = view().proposal();
  const Decision alone{proposal, {{"alice", *alice_.sign(proposal)}}, "root@host", at(kNow), 0};
  log_.append({record_of_prune(alone)}, at(kNow));
  { ASSERT_TRUE(test::open_log(log_.path()).drop_bodies(*proposed_ranges(proposal)).has_value()); }
  EXPECT_THAT(test::problems(log_.path(), key()), HasSubstr("(prune): two approvers are needed"));
}

// Stopped between the record and the bodies: the same call finishes, and asks nobody again.
TEST_F(PruneTest, APruneThatWasBrokenOffIsFinished) {
  name_people();
  const auto proposal = view().proposal();
  log_.append({record_of_prune({proposal, both(proposal), "root@host", at(kNow), 0})}, at(kNow));
  EXPECT_EQ(test::problems(log_.path(), key()), "");
  const auto size = *reader().size();
  EXPECT_EQ(prune(use(), proposal, {}, key()), 11U);
  EXPECT_EQ(*reader().size(), size) << "no second record";
  EXPECT_EQ(prune(use(), proposal, {}, key()), 0U);
}

TEST_F(PruneTest, ALogThatDoesNotVerifyIsNotPruned) {
  name_people();
  const auto proposal = view().proposal();
  static_cast<void>(test::run_sql(log_.path(), test::kDropTriggers));
  ASSERT_EQ(test::run_sql(log_.path(), "UPDATE record SET kind = 'gaps' WHERE kind = 'verdicts'"),
            "");
  EXPECT_THAT(refused(proposal, both(proposal)), HasSubstr("does not verify"));
}

}  // namespace
}  // namespace reachproof::evidence
