#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "evidence/log.h"

/// Rules of engagement: who allowed which tests, where, and from when until when. Pure but for
/// load_engagements(); approvals are records, and the book is the fold of them. docs/operations/
/// engagements.md.
namespace reachproof::orchestrator {

struct Engagement {
  std::string id;
  std::string owner;                         ///< who answers for it; may not approve it
  std::string contact;                       ///< whom to call when something breaks
  std::vector<std::string> approvers;        ///< names of API tokens
  int approvals = 1;                         ///< how many of them it takes
  std::vector<std::string> segments;         ///< both ends of every check lie in these
  std::vector<core::HoursWindow> blackouts;  ///< UTC, every day
  core::WallTime starts{};
  core::WallTime ends{};
  /// SHA-256 of all of the above: an approval is one of these words, and void when they change.
  std::string digest;
};

/// The file's engagements; Config with every problem, each with its place.
[[nodiscard]] Result<std::vector<Engagement>> load_engagements(const std::string& path);

enum class EngagementState : std::uint8_t {
  Draft,     ///< approvals are missing
  Approved,  ///< not begun yet
  Active,
  Expired,
  Revoked,
};
[[nodiscard]] std::string_view word(EngagementState state);

class EngagementBook {
 public:
  /// The file's, in place of those before. What people decided stays.
  void set(std::vector<Engagement> engagements);
  /// One record of kind "engagement"; what cannot be read is passed over.
  void apply(std::string_view body);

  [[nodiscard]] const std::map<std::string, Engagement>& engagements() const {
    return engagements_;
  }
  [[nodiscard]] std::set<std::string> approved_by(const Engagement& engagement) const;
  [[nodiscard]] EngagementState state(const Engagement& engagement, core::WallTime now) const;

  /// The record of an approval, or why there can be none.
  [[nodiscard]] Result<evidence::Record> approval(const std::string& id, const std::string& name,
                                                  core::WallTime now) const;
  [[nodiscard]] Result<evidence::Record> revocation(const std::string& id, const std::string& name,
                                                    const std::string& reason,
                                                    core::WallTime now) const;

  /// The engagement under which a run of checks in these segments may begin: the one that was
  /// asked for, or where that is empty the first that covers it. Refused with why, otherwise.
  [[nodiscard]] Result<std::string> admit(const std::string& wanted,
                                          const std::vector<std::string>& segments,
                                          core::WallTime now) const;
  /// Why a run under that engagement must end now; empty where it may go on.
  [[nodiscard]] std::string objection(const std::string& id, core::WallTime now) const;

 private:
  struct Decisions {
    std::string digest;  ///< of the words that were approved
    std::set<std::string> approved_by;
    bool revoked = false;
  };
  [[nodiscard]] std::string objection(const Engagement& engagement,
                                      const std::vector<std::string>& segments,
                                      core::WallTime now) const;
  [[nodiscard]] bool revoked(const Engagement& engagement) const;

  std::map<std::string, Engagement> engagements_;
  std::map<std::string, Decisions> decisions_;  ///< by id
};

}  // namespace reachproof::orchestrator
