#include "orchestrator/desk/engagement_desk.h"

#include "host/wall_clock.h"

namespace reachproof::orchestrator {

void EngagementDesk::load(std::vector<Engagement> engagements, bool required) {
  book_.set(std::move(engagements));
  required_ = required;
}

Result<std::string> EngagementDesk::admit(const std::string& wanted,
                                          const std::vector<std::string>& segments) const {
  if (!required_ && wanted.empty()) return std::string();
  return book_.admit(wanted, segments, host::wall_now());
}

std::string EngagementDesk::objection(const std::string& id) const {
  return id.empty() ? "" : book_.objection(id, host::wall_now());
}

api::EngagementView EngagementDesk::view(const Engagement& engagement) const {
  const auto names = book_.approved_by(engagement);
  return {.id = engagement.id,
          .owner = engagement.owner,
          .approvers = engagement.approvers,
          .approved_by = {names.begin(), names.end()},
          .segments = engagement.segments,
          .contact = engagement.contact,
          .state = std::string(word(book_.state(engagement, host::wall_now()))),
          .starts = engagement.starts,
          .ends = engagement.ends};
}

std::vector<api::EngagementView> EngagementDesk::list(
    const api::Page& page, const api::Wanted<api::EngagementView>& wanted) const {
  return page_of_map<api::EngagementView>(
      book_.engagements(), page, wanted,
      [&](const auto&, const Engagement& engagement) { return view(engagement); });
}

std::optional<api::EngagementView> EngagementDesk::find(const std::string& id) const {
  const auto it = book_.engagements().find(id);
  if (it == book_.engagements().end()) return std::nullopt;
  return view(it->second);
}

void EngagementDesk::change(Result<evidence::Record> record, std::string told, Done<void> done) {
  if (!record) return done(tl::unexpected(record.error()));
  auto body = record->body;
  keep(keeper_, {std::move(*record)},
       [this, body = std::move(body), told = std::move(told),
        done = std::move(done)](Result<void> kept) {
         if (kept) {
           book_.apply(body);
           say_("engagement changed", told);
         }
         done(std::move(kept));
       });
}

void EngagementDesk::approve(const std::string& id, const Actor& actor, Done<void> done) {
  change(book_.approval(id, actor.name, host::wall_now()), id + ": approved by " + actor.name,
         std::move(done));
}

void EngagementDesk::revoke(const std::string& id, const Actor& actor, const std::string& reason,
                            Done<void> done) {
  change(book_.revocation(id, actor.name, reason, host::wall_now()),
         id + ": revoked by " + actor.name + ": " + reason, std::move(done));
}

}  // namespace reachproof::orchestrator
