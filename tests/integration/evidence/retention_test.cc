#include "tests/integration/evidence/evidence_fixture.h"

namespace reachproof::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Evidence of a run whose time is over, and two people with keys that openssl made.
class RetentionCommands : public EvidenceCommands {
 protected:
  void SetUp() override {
    log_.run({.id = "r-2001", .started = "2001-01-10T02:00:00.000Z", .scenario = "version: 1\n"});
    log_.run({.id = "r-2002", .started = "2002-01-10T02:00:00.000Z"});
    const auto made = shell(
        "openssl genpkey -algorithm ed25519 -out alice.pem; openssl pkey -in alice.pem -pubout "
        "-out alice.pub.pem;"
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out bob.pem; openssl pkey "
        "-in bob.pem -pubout -out bob.pub.pem",
        folder_.path());
    ASSERT_EQ(made.exit, 0) << made.err;
  }

  void set_policy() {
    ASSERT_EQ(
        evidence({"retention", "propose", "--keep", "P7Y", "--profile", "hipaa", "--approver",
                  "alice=alice.pub.pem", "--approver", "bob=bob.pub.pem", "-o", "policy.json"})
            .exit,
        0);
    const auto set = evidence({"retention", "set", "policy.json"});
    ASSERT_EQ(set.exit, 0) << set.err;
  }
};

TEST_F(RetentionCommands, WhatIsOverGoesWhenTwoPeopleSign) {
  EXPECT_THAT(evidence({"retention"}).out,
              AllOf(HasSubstr("kept for P7Y (no policy was set)"),
                    HasSubstr("approvers: none, so that nothing can be pruned")));
  set_policy();
  const auto seen = evidence({"prune", "-o", "prune.json"});
  EXPECT_EQ(seen.exit, 0) << seen.err;
  EXPECT_THAT(seen.out, AllOf(HasSubstr("may go: 7 records"), HasSubstr("nothing was changed")));
  EXPECT_EQ(evidence({"approve", "prune.json", "--key", "alice.pem", "-o", "alice.sig"}).exit, 0);
  // The other signs without this tool.
  ASSERT_EQ(
      shell("openssl dgst -sha256 -sign bob.pem -out bob.sig prune.json", folder_.path()).exit, 0);
  const auto alone = evidence({"prune", "prune.json", "--approval", "alice=alice.sig"});
  EXPECT_EQ(alone.exit, 7);
  EXPECT_THAT(alone.err, HasSubstr("two approvers are needed, and 1 approved"));
  const auto gone = evidence(
      {"prune", "prune.json", "--approval", "alice=alice.sig", "--approval", "bob=bob.sig"});
  EXPECT_EQ(gone.exit, 0) << gone.err;
  EXPECT_THAT(gone.out, HasSubstr("the bodies of 7 records are gone"));
  const auto verified = evidence({"verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
  EXPECT_THAT(verified.out, HasSubstr("the bodies of 7 records were pruned"));
  const auto results = reachproof(folder_, {"results", "r-2002"});
  EXPECT_EQ(results.exit, 2);
  EXPECT_THAT(results.err, HasSubstr("the detail of run r-2002 was pruned"));
  EXPECT_THAT(reachproof(folder_, {"runs"}).out, HasSubstr("r-2001"));
  EXPECT_THAT(evidence({"prune", "-o", "again.json"}).err, HasSubstr("nothing may go"));
}

TEST_F(RetentionCommands, ABundleOfWhatWasPrunedStillProvesThatItWasThere) {
  set_policy();
  evidence({"prune", "-o", "prune.json"});
  for (const auto* who : {"alice", "bob"}) {
    const std::string name = who;
    evidence({"approve", "prune.json", "--key", name + ".pem", "-o", name + ".sig"});
  }
  ASSERT_EQ(evidence({"prune", "prune.json", "--approval", "alice=alice.sig", "--approval",
                      "bob=bob.sig"})
                .exit,
            0);
  const auto bundle = exported({"--from", "2001-01-01", "--to", "2003-01-01"});
  const auto verified = evidence({"verify", bundle.string(), "--key", "reachproof.db.vkey"});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
  const auto guided = follow_the_guide(bundle);
  EXPECT_EQ(guided.exit, 0) << guided.out << guided.err;
}

TEST_F(RetentionCommands, AHoldIsSetListedAndReleased) {
  const auto set = evidence({"hold", "set", "H-7", "--matter", "case 7", "--reason", "litigation",
                             "--from", "2001-06-01", "--to", "2003-01-01"});
  EXPECT_EQ(set.exit, 0) << set.err;
  EXPECT_THAT(evidence({"prune"}).out,
              AllOf(HasSubstr("may go: 4 records"), HasSubstr("held: 3 by H-7")));
  EXPECT_THAT(evidence({"hold", "list"}).out,
              HasSubstr("H-7 (case 7): from 2001-06-01T00:00:00.000Z, to 2003-01-01"));
  const auto twice = evidence({"hold", "set", "H-7", "--matter", "m", "--reason", "r"});
  EXPECT_EQ(twice.exit, 2);
  EXPECT_EQ(evidence({"hold", "release", "H-7", "--reason", "settled"}).exit, 0);
  EXPECT_THAT(evidence({"prune"}).out, HasSubstr("may go: 7 records"));
  EXPECT_EQ(evidence({"hold", "release", "H-8", "--reason", "r"}).exit, 2);
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

TEST_F(RetentionCommands, WhatCannotBeReadIsSaid) {
  const auto propose = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"retention", "propose", "-o", "p.json"});
    return evidence(more);
  };
  EXPECT_THAT(propose({"--keep", "7 years"}).err, HasSubstr("`7 years` is no span"));
  EXPECT_THAT(propose({"--keep", "P1Y", "--profile", "hipaa"}).err, HasSubstr("below the floor"));
  EXPECT_THAT(propose({"--approver", "alice"}).err, HasSubstr("`alice` is not NAME=FILE"));
  EXPECT_THAT(propose({"--approver", "alice=no.pem"}).err, HasSubstr("no.pem"));
  EXPECT_THAT(propose({"--approver", "alice=alice.pub.pem"}).err,
              HasSubstr("one approver cannot be two"));
  EXPECT_THAT(evidence({"approve", "alice.pem", "--key", "alice.pem"}).err,
              HasSubstr("the proposal cannot be read"));
  EXPECT_THAT(
      evidence({"hold", "set", "H", "--matter", "m", "--reason", "r", "--from", "soon"}).err,
      HasSubstr("`soon` is no date"));
}

}  // namespace
}  // namespace reachproof::testing
