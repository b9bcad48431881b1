#include "evidence/prune.h"

#include <fmt/core.h>

#include <algorithm>

#include "evidence/verify.h"

namespace reachproof::evidence {
namespace {

/// A log held for writing, with what it says of retention.
struct Held {
  Log log;
  LogReader reader;
  Retention retention;
};

Result<Held> hold_log(const PruneUse& use) {
  auto log = Log::open(use.log_path, use.holder);
  if (!log) return tl::unexpected(log.error());
  auto reader = LogReader::open(use.log_path);
  if (!reader) return tl::unexpected(reader.error());
  auto retention = retention_of(*reader);
  if (!retention) return tl::unexpected(retention.error());
  return Held{std::move(*log), std::move(*reader), std::move(*retention)};
}

/// The proposal was made of this log, by what it held then.
Result<void> check_state(const Held& held, const Checkpoint& proposed, const SignerKey& key) {
  if (proposed.origin != key.verifier().name) {
    return fail(ErrorCode::Refused, fmt::format("the proposal is for the log `{}`, this is `{}`",
                                                proposed.origin, key.verifier().name));
  }
  const bool grown = proposed.size <= held.log.size();
  const auto root = grown ? root_at(proposed.size, held.reader.node_reader()) : Result<Hash>();
  if (!grown || !root || *root != proposed.root) {
    return fail(ErrorCode::Refused,
                fmt::format("the proposal speaks of another history than that of this log at {} "
                            "records: propose again",
                            proposed.size));
  }
  return {};
}

Result<LeafIndex> keep(Held& held, const Record& record, const PruneUse& use,
                       const SignerKey& key) {
  auto place = held.log.append(std::span(&record, 1), use.now);
  if (!place) return place;
  if (auto note = held.log.sign(key, use.now); !note) return tl::unexpected(note.error());
  return place;
}

/// Nothing of the proposal has come to be held, or is not due.
Result<void> check_still_due(const Held& held, const std::vector<RecordRange>& ranges,
                             const Checkpoint& proposed, core::WallTime now) {
  const auto view = plan_prune(held.reader, held.retention, proposed.origin, now);
  if (!view) return tl::unexpected(view.error());
  for (const auto& [first, last] : ranges) {
    const auto after = std::ranges::upper_bound(view->ranges, first, {}, &RecordRange::first);
    if (after != view->ranges.begin() && std::prev(after)->second >= last) continue;
    std::string holds;
    for (const auto& [hold, count] : view->held) holds += (holds.empty() ? "" : ", ") + hold;
    return fail(ErrorCode::Refused,
                fmt::format("of the records {} to {} some may not go: {}", first, last,
                            holds.empty() ? "their time is not over, or they are in effect"
                                          : "these holds are in force: " + holds));
  }
  return {};
}

}  // namespace

Result<std::uint64_t> prune(const PruneUse& use, const std::string& proposal,
                            const std::vector<Approval>& approvals, const SignerKey& key) {
  const auto proposed = proposed_log(proposal, "prune-proposal");
  if (!proposed) return tl::unexpected(proposed.error());
  const auto ranges = proposed_ranges(proposal);
  if (!ranges) return tl::unexpected(ranges.error());
  const auto report = verify_log(use.log_path, key.verifier());
  if (!report) return tl::unexpected(report.error());
  if (!report->sound()) {
    return fail(ErrorCode::Corrupt, fmt::format("nothing is pruned from a log that does not "
                                                "verify: {}",
                                                report->problems.front()));
  }
  auto held = hold_log(use);
  if (!held) return tl::unexpected(held.error());
  if (auto same = check_state(*held, *proposed, key); !same) return tl::unexpected(same.error());
  const bool begun = std::ranges::any_of(held->retention.prunes, [&](const PruneRecord& done) {
    return done.decision.proposal == proposal;
  });
  if (!begun) {
    const auto approvers = held->retention.policy_at(held->log.size()).approvers;
    if (auto agreed = check_approvals(proposal, approvals, approvers); !agreed) {
      return tl::unexpected(agreed.error());
    }
    if (auto due = check_still_due(*held, *ranges, *proposed, use.now); !due) {
      return tl::unexpected(due.error());
    }
    const Decision decision{proposal, approvals, use.by, use.now, 0};
    if (auto kept = keep(*held, record_of_prune(decision), use, key); !kept) {
      return tl::unexpected(kept.error());
    }
  }
  return held->log.drop_bodies(*ranges);
}

Result<LeafIndex> set_retention(const PruneUse& use, const std::string& proposal,
                                const std::vector<Approval>& approvals, const SignerKey& key) {
  const auto policy = RetentionPolicy::parse(proposal);
  if (!policy) return tl::unexpected(policy.error());
  auto held = hold_log(use);
  if (!held) return tl::unexpected(held.error());
  if (auto same = check_state(*held, policy->log, key); !same) return tl::unexpected(same.error());
  const auto current = held->retention.policy_at(held->log.size());
  if (!held->retention.policies.empty() && current.record >= policy->log.size) {
    return fail(ErrorCode::Refused,
                fmt::format("another policy was set since this one was proposed (record {}): "
                            "propose again",
                            current.record));
  }
  if (!current.approvers.empty()) {
    if (auto agreed = check_approvals(proposal, approvals, current.approvers); !agreed) {
      return tl::unexpected(agreed.error());
    }
  }
  return keep(*held, record_of_retention({proposal, approvals, use.by, use.now, 0}), use, key);
}

Result<LeafIndex> set_hold(const PruneUse& use, const Hold& hold, const SignerKey& key) {
  auto held = hold_log(use);
  if (!held) return tl::unexpected(held.error());
  for (const auto& other : held->retention.holds) {
    if (other.id != hold.id || !other.active()) continue;
    return fail(ErrorCode::Usage,
                fmt::format("a hold `{}` is in force already ({}): choose another name", hold.id,
                            other.matter));
  }
  return keep(*held, record_of_hold(hold), use, key);
}

Result<LeafIndex> release_hold(const PruneUse& use, const std::string& hold,
                               const std::string& reason, const SignerKey& key) {
  auto held = hold_log(use);
  if (!held) return tl::unexpected(held.error());
  const bool active = std::ranges::any_of(
      held->retention.holds, [&](const Hold& one) { return one.id == hold && one.active(); });
  if (!active) {
    return fail(ErrorCode::NotFound, fmt::format("no hold `{}` is in force; `reachproof evidence "
                                                 "hold list` names them",
                                                 hold));
  }
  return keep(*held, record_of_release(hold, reason, use.by, use.now), use, key);
}

}  // namespace reachproof::evidence
