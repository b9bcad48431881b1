#pragma once

#include <span>
#include <string>
#include <vector>

#include "evidence/note.h"
#include "evidence/stored_run.h"

/// What a bundle's signature says, as in-toto statements v1
/// (https://github.com/in-toto/attestation). The same input gives the same bytes. Pure.
namespace reachproof::evidence {

inline constexpr std::string_view kTestResultPredicate =
    "https://in-toto.io/attestation/test-result/v0.1";
inline constexpr std::string_view kRunPredicate = "https://reachproof.io/attestation/run/v1";

/// A file that the statement is about.
struct Subject {
  std::string name;
  Hash sha256{};
};

/// PASSED only where every denied and every required check of every run passed and no rule went
/// untested; else WARNED, or FAILED with a violation or a broken flow. A reader must not take
/// WARNED for a pass. Checks of several runs are named "<run>/<check>".
[[nodiscard]] std::string test_result_statement(std::span<const Subject> subjects,
                                                std::span<const StoredRun> runs);

/// What the bundle holds, in our own words, and the one place where the time of export stands.
struct RunStatement {
  Checkpoint checkpoint;  ///< the last one of the bundle
  LeafIndex first_record = 0;
  LeafIndex end_record = 0;
  core::WallTime exported{};
  std::string software;
};
[[nodiscard]] std::string run_statement(std::span<const Subject> subjects,
                                        const RunStatement& about, std::span<const StoredRun> runs);

/// What a statement says of itself; Corrupt where it is not an in-toto statement v1.
struct StatementHead {
  std::string predicate_type;
  std::vector<Subject> subjects;
  [[nodiscard]] const Subject* subject(std::string_view name) const;
};
[[nodiscard]] Result<StatementHead> statement_head(std::string_view statement);

}  // namespace reachproof::evidence
