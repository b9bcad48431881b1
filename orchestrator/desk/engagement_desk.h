#pragma once

#include "orchestrator/desk/desk.h"
#include "orchestrator/engagement/engagement.h"

namespace reachproof::orchestrator {

/// Rules of engagement, for people. Without a file of them nothing has to be covered.
class EngagementDesk : public api::Engagements {
 public:
  EngagementDesk(EvidenceKeeper& keeper, Say say) : keeper_(keeper), say_(std::move(say)) {}

  /// Before anything else: one "engagement" record of the log.
  void restore(std::string_view body) { book_.apply(body); }
  /// With `required` every run needs one.
  void load(std::vector<Engagement> engagements, bool required);

  /// The engagement that a run goes under, empty where none is needed; Refused with why.
  [[nodiscard]] Result<std::string> admit(const std::string& wanted,
                                          const std::vector<std::string>& segments) const;
  /// Why a run under that engagement must end now; empty where it may go on.
  [[nodiscard]] std::string objection(const std::string& id) const;
  [[nodiscard]] const EngagementBook& book() const { return book_; }

  [[nodiscard]] std::vector<api::EngagementView> list(
      const api::Page& page, const api::Wanted<api::EngagementView>& wanted) const override;
  [[nodiscard]] std::optional<api::EngagementView> find(const std::string& id) const override;
  void approve(const std::string& id, const Actor& actor, Done<void> done) override;
  void revoke(const std::string& id, const Actor& actor, const std::string& reason,
              Done<void> done) override;

 private:
  void change(Result<evidence::Record> record, std::string told, Done<void> done);
  [[nodiscard]] api::EngagementView view(const Engagement& engagement) const;

  EvidenceKeeper& keeper_;
  Say say_;
  EngagementBook book_;
  bool required_ = false;
};

}  // namespace reachproof::orchestrator
