#include "evidence/run_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evidence/tlog_proof.h"
#include "tests/support/judged_log.h"

namespace reachproof::evidence {
namespace {

class RunEvidenceTest : public ::testing::Test {
 protected:
  RunEvidence shown(const std::string& run, std::size_t bytes_max = 1U << 20U) {
    const auto reader = LogReader::open(log_.path());
    const auto stored = load_run(*reader, run);
    auto evidence = load_run_evidence(*reader, *stored, {stored->first_record + 1}, bytes_max);
    EXPECT_TRUE(evidence.has_value()) << evidence.error().message;
    return std::move(*evidence);
  }
  test::Folder folder_;
  test::JudgedLog log_{folder_.file("clinic.db")};
};

TEST_F(RunEvidenceTest, EveryShownRecordIsProvenInTheSignedTree) {
  log_.run();
  const auto evidence = shown("latest");
  EXPECT_TRUE(open_note(evidence.note, {log_.key()}).has_value());
  ASSERT_EQ(evidence.records.size(), 3U);
  EXPECT_EQ(evidence.records.front().record.kind, "run-started");
  EXPECT_EQ(evidence.records.back().record.kind, "run-finished");
  for (const auto& record : evidence.records) {
    EXPECT_TRUE(verify_inclusion(record.record.index, evidence.checkpoint.size,
                                 leaf_hash(record.record.body), elements(record.proof),
                                 evidence.checkpoint.root));
  }
}

TEST_F(RunEvidenceTest, ALaterRunChangesNothingOfAnEarlierOne) {
  log_.run({.id = "r-1"});
  const auto before = shown("r-1");
  log_.run({.id = "r-2", .started = "2026-12-01T02:00:00.000Z"});
  const auto after = shown("r-1");
  EXPECT_EQ(after.note, before.note);
  EXPECT_EQ(after.leaves, before.leaves);
  EXPECT_NE(shown("r-2").note, before.note);
}

TEST_F(RunEvidenceTest, WhatIsTooLargeIsCountedAndItsHashStays) {
  log_.run();
  const auto evidence = shown("latest", 10);
  EXPECT_TRUE(evidence.records.empty());
  EXPECT_EQ(evidence.left_out, 3U);
  EXPECT_GT(evidence.leaves.size(), 3U);
}

TEST_F(RunEvidenceTest, WithoutACheckpointThereAreHashesAndNoProof) {
  {
    auto log = test::open_log(log_.path());
    ASSERT_TRUE(log.append(test::records_of({}), test::at("2026-11-30T02:00:00.000Z")));
  }
  const auto evidence = shown("latest");
  EXPECT_EQ(evidence.note, "");
  EXPECT_EQ(evidence.checkpoint.size, 0U);
  ASSERT_FALSE(evidence.records.empty());
  EXPECT_TRUE(evidence.records.front().proof.empty());
}

}  // namespace
}  // namespace reachproof::evidence
