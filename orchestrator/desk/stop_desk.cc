#include "orchestrator/desk/stop_desk.h"

#include "core/hex.h"
#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/desk/body_fields.h"
#include "protocol/keyed_answer.h"

namespace reachproof::orchestrator {
namespace {

evidence::Record stop_record(const protocol::StopOrder& stop, std::string_view event,
                             const std::string& by) {
  evidence::JsonText body;
  body.begin_object().field("by", by).field("event", event).field("id", stop.id);
  body.field("kind", "stop").field("reason", stop.reason).field("time", core::text(stop.time));
  body.end_object();
  return {"stop", body.take()};
}

}  // namespace

void StopDesk::restore(std::string_view text) {
  const BodyFields body(text);
  in_force_.reset();
  if (body.text("event") != "engaged") return;
  in_force_ = protocol::StopOrder{
      .id = body.text("id"),
      .reason = body.text("reason"),
      .time = core::parse_wall_time(body.text("time")).value_or(core::WallTime{})};
  by_ = body.text("by");
}

void StopDesk::take_up() {
  if (in_force_) link_.engage_stop(*in_force_);
}

api::StopView StopDesk::state() const {
  api::StopView view;
  for (const auto& [id, live] : link_.live()) view.probes_connected += link_.is_connected(id);
  if (!in_force_) return view;
  view.engaged = true;
  view.reason = in_force_->reason;
  view.by = by_;
  view.since = in_force_->time;
  view.probes_reached = link_.stop_reached();
  return view;
}

void StopDesk::engage(const Actor& actor, const std::string& reason, Done<void> done) {
  const auto random = protocol::random_nonce();
  in_force_ = protocol::StopOrder{
      .id = core::hex({random.data(), 8}), .reason = reason, .time = host::wall_now()};
  by_ = actor.name;
  stopped_("all probes were stopped: " + reason);
  link_.engage_stop(*in_force_);
  keep(keeper_, {stop_record(*in_force_, "engaged", actor.name)}, std::move(done));
}

void StopDesk::release(const Actor& actor, const std::string& reason, Done<void> done) {
  if (!in_force_) return done(fail(ErrorCode::Refused, "no stop is in force"));
  protocol::StopOrder release = *in_force_;
  release.reason = reason;
  release.time = host::wall_now();
  keep(keeper_, {stop_record(release, "released", actor.name)},
       [this, id = release.id, done = std::move(done)](Result<void> kept) {
         if (kept && in_force_ && in_force_->id == id) {
           in_force_.reset();
           link_.release_stop();
         }
         done(std::move(kept));
       });
}

}  // namespace reachproof::orchestrator
