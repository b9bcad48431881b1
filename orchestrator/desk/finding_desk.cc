#include "orchestrator/desk/finding_desk.h"

#include <fmt/core.h>

#include "evidence/finding_records.h"
#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/desk/body_fields.h"

namespace reachproof::orchestrator {

using What = core::FindingEvent::What;

void FindingDesk::restore(const core::FindingEvent& event) {
  book_.take(event);
  mind(event);
}

void FindingDesk::restore_note(std::string_view text) {
  const BodyFields body(text);
  take({.event = body.text("event"),
        .fingerprint = body.text("fingerprint"),
        .text = body.text("text"),
        .by = body.text("by")});
}

/// Who closes a finding, or sees it come back, begins anew with it.
void FindingDesk::mind(const core::FindingEvent& event) {
  if (event.what == What::Opened || event.what == What::Reopened) {
    auto& care = care_[event.subject.fingerprint];
    care.acknowledged = false;
    care.note.clear();
    care.first_run = event.run;
  }
}

void FindingDesk::take(const Note& note) {
  auto& care = care_[note.fingerprint];
  if (note.event == "acknowledged") {
    care.acknowledged = true;
    care.note = note.text;
  } else {
    care.assignee = note.text;
  }
}

void FindingDesk::take(const core::FindingRun& run) {
  auto events = book_.events_of(run);
  if (events.empty()) return;
  std::vector<evidence::Record> records;
  for (const auto& event : events) records.push_back(evidence::record_of_finding(event));
  keep(keeper_, std::move(records), [this, events = std::move(events)](const Result<void>& kept) {
    if (!kept) return hooks_.say("findings could not be kept", kept.error().message);
    for (const auto& event : events) {
      book_.take(event);
      mind(event);
      hooks_.happened(event);
      if (!event.is_news()) continue;
      hooks_.changed(view(book_.findings().at(event.subject.fingerprint)));
      hooks_.say(fmt::format("finding {}", core::word(event.what)),
                 fmt::format("{} {}, rule {}: {}{}", core::word(event.subject.severity),
                             core::word(event.subject.kind), event.subject.rule,
                             event.subject.title, event.why.empty() ? "" : " (" + event.why + ")"));
    }
  });
}

// ---- people ----

api::FindingView FindingDesk::view(const core::Finding& finding) const {
  const auto& subject = finding.newest.subject;
  api::FindingView view{.id = subject.fingerprint,
                        .kind = std::string(core::word(subject.kind)),
                        .state = finding.is_open() ? "open" : "closed",
                        .severity = std::string(core::word(subject.severity)),
                        .title = subject.title,
                        .rule = subject.rule,
                        .source_segment = subject.source_segment,
                        .destination_segment = subject.destination_segment,
                        .port = subject.port,
                        .reachability = std::string(core::word(subject.reachability)),
                        .reason = finding.newest.why,
                        .opened = finding.opened,
                        .last_seen = finding.newest.at,
                        .last_run = finding.newest.run};
  if (!finding.is_open()) view.closed = finding.closed;
  if (const auto it = care_.find(subject.fingerprint); it != care_.end()) {
    if (it->second.acknowledged && finding.is_open()) view.state = "acknowledged";
    view.note = it->second.note;
    view.assignee = it->second.assignee;
    view.first_run = it->second.first_run;
  }
  return view;
}

std::vector<api::FindingView> FindingDesk::list(const api::Page& page,
                                                const api::Wanted<api::FindingView>& wanted) const {
  // Those that were suspected and never opened are nobody's yet.
  const auto told = [&](const api::FindingView& finding) {
    return book_.findings().at(finding.id).times_opened > 0 && (!wanted || wanted(finding));
  };
  return page_of_map<api::FindingView>(
      book_.findings(), page, told,
      [&](const auto&, const core::Finding& finding) { return view(finding); });
}

std::optional<api::FindingView> FindingDesk::find(const std::string& id) const {
  const auto it = book_.findings().find(id);
  if (it == book_.findings().end() || it->second.times_opened == 0) return std::nullopt;
  return view(it->second);
}

void FindingDesk::change(Note note, Done<void> done) {
  evidence::JsonText body;
  body.begin_object().field("by", note.by).field("event", note.event);
  body.field("fingerprint", note.fingerprint).field("kind", "finding-note");
  body.field("text", note.text).field("time", core::text(host::wall_now())).end_object();
  keep(keeper_, {{"finding-note", body.take()}},
       [this, note = std::move(note), done = std::move(done)](Result<void> kept) {
         if (kept) {
           take(note);
           hooks_.changed(view(book_.findings().at(note.fingerprint)));
         }
         done(std::move(kept));
       });
}

void FindingDesk::ack(const std::string& id, const Actor& actor, const std::string& note,
                      Done<void> done) {
  if (!book_.findings().at(id).is_open()) {
    return done(fail(ErrorCode::Refused, "the finding is closed: there is nothing to acknowledge"));
  }
  change({.event = "acknowledged", .fingerprint = id, .text = note, .by = actor.name},
         std::move(done));
}

void FindingDesk::assign(const std::string& id, const Actor& actor, const std::string& assignee,
                         Done<void> done) {
  change({.event = "assigned", .fingerprint = id, .text = assignee, .by = actor.name},
         std::move(done));
}

}  // namespace reachproof::orchestrator
