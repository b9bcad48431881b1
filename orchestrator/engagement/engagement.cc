#include "orchestrator/engagement/engagement.h"

#include <fmt/core.h>

#include <algorithm>

#include "core/words.h"
#include "evidence/json_text.h"
#include "orchestrator/desk/body_fields.h"

namespace reachproof::orchestrator {
namespace {

constexpr core::Words<EngagementState, 5> kStates{{{EngagementState::Draft, "draft"},
                                                   {EngagementState::Approved, "approved"},
                                                   {EngagementState::Active, "active"},
                                                   {EngagementState::Expired, "expired"},
                                                   {EngagementState::Revoked, "revoked"}}};

evidence::Record record_of(const Engagement& engagement, std::string_view event,
                           const std::string& by, const std::string& why, core::WallTime now) {
  evidence::JsonText body;
  body.begin_object().field("by", by).field("digest", engagement.digest).field("event", event);
  body.field("id", engagement.id).field("kind", "engagement");
  body.field("time", core::text(now)).field("why", why).end_object();
  return {"engagement", body.take()};
}

}  // namespace

std::string_view word(EngagementState state) {
  return core::word_in(kStates, state);
}

void EngagementBook::set(std::vector<Engagement> engagements) {
  engagements_.clear();
  for (auto& engagement : engagements) {
    auto id = engagement.id;
    engagements_[std::move(id)] = std::move(engagement);
  }
}

void EngagementBook::apply(std::string_view text) {
  const BodyFields body(text);
  const auto id = body.text("id");
  if (id.empty()) return;
  auto& decisions = decisions_[id];
  if (decisions.digest != body.text("digest")) decisions = {.digest = body.text("digest")};
  if (body.text("event") == "approved") decisions.approved_by.insert(body.text("by"));
  if (body.text("event") == "revoked") decisions.revoked = true;
}

std::set<std::string> EngagementBook::approved_by(const Engagement& engagement) const {
  const auto it = decisions_.find(engagement.id);
  if (it == decisions_.end() || it->second.digest != engagement.digest) return {};
  std::set<std::string> names;
  for (const auto& name : it->second.approved_by) {
    if (std::ranges::find(engagement.approvers, name) != engagement.approvers.end()) {
      names.insert(name);
    }
  }
  return names;
}

bool EngagementBook::revoked(const Engagement& engagement) const {
  const auto it = decisions_.find(engagement.id);
  return it != decisions_.end() && it->second.digest == engagement.digest && it->second.revoked;
}

EngagementState EngagementBook::state(const Engagement& engagement, core::WallTime now) const {
  if (revoked(engagement)) return EngagementState::Revoked;
  if (now >= engagement.ends) return EngagementState::Expired;
  if (approved_by(engagement).size() < static_cast<std::size_t>(engagement.approvals)) {
    return EngagementState::Draft;
  }
  return now < engagement.starts ? EngagementState::Approved : EngagementState::Active;
}

// ---- decisions ----

Result<evidence::Record> EngagementBook::approval(const std::string& id, const std::string& name,
                                                  core::WallTime now) const {
  const auto it = engagements_.find(id);
  if (it == engagements_.end()) return fail(ErrorCode::NotFound, "there is no engagement " + id);
  const auto& engagement = it->second;
  if (revoked(engagement)) {
    return fail(ErrorCode::Refused, "the engagement was revoked: write a new one");
  }
  if (now >= engagement.ends) return fail(ErrorCode::Refused, "the engagement is over");
  if (name == engagement.owner) {
    return fail(ErrorCode::Refused, "its owner cannot approve an engagement: it takes two");
  }
  if (std::ranges::find(engagement.approvers, name) == engagement.approvers.end()) {
    return fail(
        ErrorCode::Refused,
        fmt::format("`{}` is not one of its approvers, as the engagement names them", name));
  }
  return record_of(engagement, "approved", name, "", now);
}

Result<evidence::Record> EngagementBook::revocation(const std::string& id, const std::string& name,
                                                    const std::string& reason,
                                                    core::WallTime now) const {
  const auto it = engagements_.find(id);
  if (it == engagements_.end()) return fail(ErrorCode::NotFound, "there is no engagement " + id);
  return record_of(it->second, "revoked", name, reason, now);
}

// ---- admission ----

std::string EngagementBook::objection(const Engagement& engagement,
                                      const std::vector<std::string>& segments,
                                      core::WallTime now) const {
  switch (state(engagement, now)) {
    case EngagementState::Draft:
      return fmt::format("it has {} of the {} approvals that it needs",
                         approved_by(engagement).size(), engagement.approvals);
    case EngagementState::Approved:
      return "it begins at " + core::text(engagement.starts);
    case EngagementState::Expired:
      return "it ended at " + core::text(engagement.ends);
    case EngagementState::Revoked:
      return "it was revoked";
    case EngagementState::Active:
      break;
  }
  for (const auto& blackout : engagement.blackouts) {
    if (blackout.contains(now)) return "now is its blackout " + blackout.text() + " UTC";
  }
  for (const auto& segment : segments) {
    if (std::ranges::find(engagement.segments, segment) == engagement.segments.end()) {
      return fmt::format("segment `{}` is not in its scope", segment);
    }
  }
  return "";
}

Result<std::string> EngagementBook::admit(const std::string& wanted,
                                          const std::vector<std::string>& segments,
                                          core::WallTime now) const {
  if (!wanted.empty() && !engagements_.contains(wanted)) {
    return fail(ErrorCode::NotFound, "there is no engagement " + wanted);
  }
  std::string whys;
  for (const auto& [id, engagement] : engagements_) {
    if (!wanted.empty() && id != wanted) continue;
    const auto why = objection(engagement, segments, now);
    if (why.empty()) return id;
    whys += fmt::format("{}{}: {}", whys.empty() ? "" : "; ", id, why);
  }
  return fail(ErrorCode::Refused,
              "no engagement allows this run: " + (whys.empty() ? "there is none" : whys));
}

std::string EngagementBook::objection(const std::string& id, core::WallTime now) const {
  const auto it = engagements_.find(id);
  if (it == engagements_.end()) return fmt::format("engagement {} is gone", id);
  const auto why = objection(it->second, {}, now);
  return why.empty() ? "" : fmt::format("engagement {}: {}", id, why);
}

}  // namespace reachproof::orchestrator
