#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/findings.h"
#include "orchestrator/desk/desk.h"

namespace reachproof::orchestrator {

/// Findings as they live from run to run, and who looks after them.
class FindingDesk : public api::Findings {
 public:
  struct Hooks {
    /// An event is on disk, and the book has taken it.
    std::function<void(const core::FindingEvent&)> happened;
    /// A finding looks otherwise than before.
    std::function<void(const api::FindingView&)> changed;
    Say say;
  };

  FindingDesk(EvidenceKeeper& keeper, Hooks hooks) : keeper_(keeper), hooks_(std::move(hooks)) {}

  /// Before anything else: events and "finding-note" records of the log, in its order.
  void restore(const core::FindingEvent& event);
  void restore_note(std::string_view body);
  /// What a run says of each finding. A finding changes when its record is on disk; what could not
  /// be kept is asked again by the next run.
  void take(const core::FindingRun& run);

  [[nodiscard]] const core::FindingBook& book() const { return book_; }

  [[nodiscard]] std::vector<api::FindingView> list(
      const api::Page& page, const api::Wanted<api::FindingView>& wanted) const override;
  [[nodiscard]] std::optional<api::FindingView> find(const std::string& id) const override;
  void ack(const std::string& id, const Actor& actor, const std::string& note,
           Done<void> done) override;
  void assign(const std::string& id, const Actor& actor, const std::string& assignee,
              Done<void> done) override;

 private:
  /// What people said of a finding, and where it began.
  struct Care {
    bool acknowledged = false;
    std::string note;
    std::string assignee;
    std::string first_run;
  };
  struct Note {
    std::string event;  ///< acknowledged, assigned
    std::string fingerprint;
    std::string text;  ///< the note, or the assignee
    std::string by;
  };
  void take(const Note& note);
  void mind(const core::FindingEvent& event);
  void change(Note note, Done<void> done);
  [[nodiscard]] api::FindingView view(const core::Finding& finding) const;

  EvidenceKeeper& keeper_;
  core::FindingBook book_;
  std::map<std::string, Care> care_;  ///< by fingerprint
  Hooks hooks_;
};

}  // namespace reachproof::orchestrator
