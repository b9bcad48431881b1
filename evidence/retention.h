#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/calendar.h"
#include "evidence/log.h"
#include "evidence/note.h"

/// How long bodies of records are kept, who may let them go, and what holds them: records of kinds
/// "retention", "hold" and "prune". docs/evidence-format.md. Pure but for the reading.
namespace reachproof::evidence {

/// Somebody who may let evidence go, by a key of their own (AttestationVerifier's kinds).
struct Approver {
  std::string name;
  std::string key;  ///< PEM
};

/// An approver's signature over the bytes of a proposal.
struct Approval {
  std::string approver;
  std::string signature;
};

/// What people approved, and what they signed for it.
struct Decision {
  std::string proposal;  ///< the bytes that were signed
  std::vector<Approval> approvals;
  std::string by;  ///< who carried it out
  core::WallTime time{};
  LeafIndex record = 0;  ///< its place in the log
};

struct RetentionPolicy {
  Checkpoint log;  ///< the log that it is for, as it stood when it was proposed
  core::CalendarSpan keep;
  std::vector<std::string> profiles;  ///< regimes whose floor holds: "hipaa", "pci"
  std::vector<Approver> approvers;    ///< none: nothing can be pruned
  LeafIndex record = 0;

  /// What approvers sign: JSON, as it is kept.
  [[nodiscard]] std::string text() const;
  /// Refuses what no policy may say: fewer than two approvers where there is one, one key twice,
  /// a span below a floor (HIPAA 164.316(b)(2)(i): 6 years; PCI DSS 10.5.1: 12 months).
  static Result<RetentionPolicy> parse(std::string_view text);
};

/// What a hold covers. A record is covered where any of these speaks of it; runs in which a rule or
/// a segment occurs are covered whole.
struct HoldSelector {
  std::vector<std::string> runs;
  std::vector<std::string> rules;
  std::vector<std::string> segments;
  std::optional<core::WallTime> from;
  std::optional<core::WallTime> to;  ///< not part of it; with neither end nor names: everything
};

struct Hold {
  std::string id;
  std::string matter;
  std::string reason;
  HoldSelector selector;
  std::string by;
  core::WallTime time{};
  std::string released_by;  ///< empty: in force
  [[nodiscard]] bool active() const { return released_by.empty(); }
};

using RecordRange = std::pair<LeafIndex, LeafIndex>;  ///< first and last, both part of it

struct PruneRecord {
  Decision decision;
  std::vector<RecordRange> ranges;  ///< ascending, apart from each other
};

/// All that a log says of these, the oldest first.
struct Retention {
  std::vector<RetentionPolicy> policies;
  std::vector<Decision> policy_decisions;  ///< of each policy
  std::vector<Hold> holds;
  std::vector<PruneRecord> prunes;

  /// The policy in force when that record was written; seven years and no approvers before the
  /// first.
  [[nodiscard]] RetentionPolicy policy_at(LeafIndex record) const;
  /// When the time of a record is over, whose clock began then: after the longest span of the
  /// policies in force since it was written. A shorter policy shortens nothing that is there.
  [[nodiscard]] core::WallTime keep_until(LeafIndex record, core::WallTime began) const;
  /// The prune that took the body of that record; null where none did.
  [[nodiscard]] const PruneRecord* prune_of(LeafIndex record) const;
  /// Decisions that were not approved by two of the approvers of their time, each with its record.
  [[nodiscard]] std::vector<std::string> problems() const;
};

[[nodiscard]] Result<Retention> retention_of(const LogReader& log);

/// Two of these approvers, with two keys, have signed these bytes. Refused says what is missing.
[[nodiscard]] Result<void> check_approvals(std::string_view proposal,
                                           std::span<const Approval> approvals,
                                           std::span<const Approver> approvers);

/// The state that a proposal names, from its JSON; Config where it is no proposal of that kind.
[[nodiscard]] Result<Checkpoint> proposed_log(std::string_view text, std::string_view kind);

[[nodiscard]] Record record_of_retention(const Decision& decision);
[[nodiscard]] Record record_of_prune(const Decision& decision);
[[nodiscard]] Record record_of_hold(const Hold& hold);
[[nodiscard]] Record record_of_release(const std::string& hold, const std::string& reason,
                                       const std::string& by, core::WallTime time);

/// What a prune's proposal says of ranges; Config where it cannot be read.
[[nodiscard]] Result<std::vector<RecordRange>> proposed_ranges(std::string_view proposal);

}  // namespace reachproof::evidence
