#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/observation.h"
#include "core/verdict.h"

namespace reachproof::core {

/// Version of the rules below. It stands in every verdict record, so that old evidence can be
/// judged again by a newer judge and the two be told apart.
inline constexpr int kJudgeVersion = 3;

struct JudgePolicy {
  bool require_proved = false;      ///< `--require-proof proved`
  bool exception_in_force = false;  ///< a violation then counts as excepted
};

/// Decides what an observation proves, and whether that was intended.
///
/// One connection outweighs any number of failures: leaks are often intermittent. Blocked needs a
/// witness that saw nothing, or a target that was proven to listen before and after; and every
/// single try must fit one of those rows. Without that: inconclusive, with its reason.
///
/// Where something was asked above the network, a connection that stands is judged by what the
/// service answered (docs/verdicts.md, "Above the network").
[[nodiscard]] Verdict judge(const Observation& seen, Expectation expected,
                            const JudgePolicy& policy = {});

/// What a reachability means for an expectation (the second table of docs/verdicts.md).
[[nodiscard]] CheckResult result_of(Reachability reachability, Proof proof, Expectation expected,
                                    const JudgePolicy& policy = {});

/// One path of a check with its verdict: the paths of one endpoint pair differ in address only.
struct PathVerdict {
  int pair = 0;  ///< paths of the same vantage and target endpoint share a number
  Verdict verdict;
};

/// Makes one verdict for a check out of those of its paths, and says which path decided.
///
/// Denied: the worst path decides, since one way in is a way in, and one unproven path leaves the
/// check unproven. Required: every endpoint pair must work, over at least one of its addresses.
/// Permitted: the best path decides. No path at all is unproven.
struct CheckVerdict {
  Verdict verdict;
  int deciding_path = -1;  ///< index into the paths; -1 where there was none
};
[[nodiscard]] CheckVerdict combine(std::span<const PathVerdict> paths, Expectation expected,
                                   const JudgePolicy& policy = {});

/// The judge's table as Markdown: docs/verdicts.md is this text.
[[nodiscard]] std::string verdict_table_markdown();

}  // namespace reachproof::core
