#pragma once

#include <map>
#include <string>
#include <vector>

#include "evidence/retention.h"

/// Letting bodies of records go when their time is over. Index, kind and hashes stay, so the tree
/// and every proof stay what they were; what went, and who approved it, is a record.
namespace reachproof::evidence {

/// Which bodies may go as of a time, and why the others may not.
struct PruneView {
  Checkpoint log;
  core::WallTime as_of{};
  std::vector<RecordRange> ranges;
  std::map<std::string, std::uint64_t> by_kind;  ///< records that may go
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;      ///< of their bodies as they rest
  std::uint64_t not_due = 0;    ///< their time is not over
  std::uint64_t in_effect = 0;  ///< scenario and inventory versions that runs still use
  std::map<std::string, std::uint64_t> held;  ///< by hold
  bool more = false;                          ///< there are further ranges, for another turn

  /// What approvers sign: JSON, at most as long as a record takes.
  [[nodiscard]] std::string proposal() const;
};

/// Records of these kinds alone are ever pruned: the detail of runs and of the service's traffic.
/// What a log is verified, folded or dated by stays: keys, time stamps, policies, holds, prunes,
/// findings, beginnings and ends of runs, tokens, stops.
[[nodiscard]] bool is_prunable(std::string_view kind);

/// The clock of a run's records starts when the run ended; that of a scenario's or inventory's
/// version when a run used another one in its place; of others when they were kept. Where clocks
/// were set back, the latest time before counts.
[[nodiscard]] Result<PruneView> plan_prune(const LogReader& log, const Retention& retention,
                                           const std::string& origin, core::WallTime as_of);

struct PruneUse {
  std::string log_path;
  std::string holder;  ///< who we are, for whoever finds the log locked
  std::string by;
  core::WallTime now{};
};

/// Refuses a proposal that two approvers have not signed, that speaks of another log, or in which
/// anything may not go any more (a hold was set since). The record is kept and signed before the
/// bodies go: called again after a crash, it finishes. Returns how many bodies went.
[[nodiscard]] Result<std::uint64_t> prune(const PruneUse& use, const std::string& proposal,
                                          const std::vector<Approval>& approvals,
                                          const SignerKey& key);

/// Takes up a policy, approved by two of the approvers of the one in force where that names any.
[[nodiscard]] Result<LeafIndex> set_retention(const PruneUse& use, const std::string& proposal,
                                              const std::vector<Approval>& approvals,
                                              const SignerKey& key);

/// Sets a hold (Usage where one of that name is in force), or releases it (NotFound where not).
[[nodiscard]] Result<LeafIndex> set_hold(const PruneUse& use, const Hold& hold,
                                         const SignerKey& key);
[[nodiscard]] Result<LeafIndex> release_hold(const PruneUse& use, const std::string& hold,
                                             const std::string& reason, const SignerKey& key);

}  // namespace reachproof::evidence
