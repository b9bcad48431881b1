#include <fmt/core.h>

#include <set>

#include "core/hex.h"
#include "evidence/json_text.h"
#include "evidence/merkle.h"
#include "orchestrator/engagement/engagement.h"
#include "scenarios/fields.h"

/// Engagements as people write them.
namespace reachproof::orchestrator {
namespace {

using scenarios::Fields;
using scenarios::Node;
using scenarios::Problems;

constexpr std::size_t kEngagementsMax = 1000;

core::WallTime read_time(Fields& keys, std::string_view key, bool end_of_day, Problems& problems) {
  const auto text = keys.required_text(key);
  if (text.empty()) return {};
  if (const auto day = core::parse_date(text); day) {
    return core::WallTime(*day) + std::chrono::hours(end_of_day ? 24 : 0);
  }
  if (const auto time = core::parse_wall_time(text); time) return *time;
  problems.error(keys.mark_of(key), fmt::format("{} is no time: `{}`", keys.said(key), text),
                 "write 2026-12-31, or 2026-12-31T22:00:00Z");
  return {};
}

std::vector<core::HoursWindow> read_blackouts(Fields& keys, Problems& problems) {
  std::vector<core::HoursWindow> blackouts;
  for (const auto& text : keys.optional_texts("blackouts")) {
    const auto hours = core::HoursWindow::parse(text);
    if (hours) {
      blackouts.push_back(*hours);
    } else {
      problems.error(keys.mark_of("blackouts"),
                     fmt::format("`{}` is no window of hours such as 07:00-19:00", text));
    }
  }
  return blackouts;
}

std::string digest_of(const Engagement& engagement) {
  std::vector<std::string> blackouts;
  for (const auto& hours : engagement.blackouts) blackouts.push_back(hours.text());
  evidence::JsonText words;
  words.begin_object().field("approvals", engagement.approvals);
  words.texts("approvers", engagement.approvers).texts("blackouts", blackouts);
  words.field("contact", engagement.contact).field("ends", core::text(engagement.ends));
  words.field("id", engagement.id).field("owner", engagement.owner);
  words.texts("segments", engagement.segments).field("starts", core::text(engagement.starts));
  return core::hex(evidence::sha256(words.end_object().take()));
}

Engagement read_engagement(const Node& node, Problems& problems) {
  Fields keys(node, "an engagement", problems);
  Engagement engagement{.id = keys.name("id"),
                        .owner = keys.required_text("owner"),
                        .contact = keys.required_text("contact"),
                        .approvers = keys.optional_texts("approvers"),
                        .segments = keys.optional_texts("segments"),
                        .blackouts = read_blackouts(keys, problems)};
  keys.require({"id", "approvers", "segments"});
  const auto count = static_cast<int>(engagement.approvers.size());
  engagement.approvals = keys.optional_int("approvals", 1, 1, std::max(1, count));
  engagement.starts = read_time(keys, "starts", false, problems);
  engagement.ends = read_time(keys, "ends", true, problems);
  if (engagement.ends <= engagement.starts && engagement.ends != core::WallTime{}) {
    problems.error(keys.mark_of("ends"), keys.said("ends") + " is not after `starts`");
  }
  std::set<std::string> names(engagement.approvers.begin(), engagement.approvers.end());
  if (names.size() != engagement.approvers.size()) {
    problems.error(keys.mark_of("approvers"), "an approver is named twice");
  }
  if (names.contains(engagement.owner)) {
    problems.error(keys.mark_of("approvers"), "the owner cannot be an approver: it takes two");
  }
  keys.finish();
  engagement.digest = digest_of(engagement);
  return engagement;
}

}  // namespace

Result<std::vector<Engagement>> load_engagements(const std::string& path) {
  auto text = scenarios::read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  Problems problems(path);
  const auto root = scenarios::parse_document(*text, problems);
  Fields keys(root, "the file of engagements", problems);
  keys.version();
  std::vector<Engagement> engagements;
  const auto* list = keys.required("engagements");
  if (list != nullptr && list->kind == Node::Kind::Sequence &&
      list->items.size() <= kEngagementsMax) {
    std::set<std::string> ids;
    for (const auto& item : list->items) {
      engagements.push_back(read_engagement(item, problems));
      if (!ids.insert(engagements.back().id).second) {
        problems.error(item.mark, "two engagements are called " + engagements.back().id);
      }
    }
  } else if (list != nullptr) {
    problems.error(list->mark,
                   fmt::format("`engagements` is a list of at most {}", kEngagementsMax));
  }
  keys.finish();
  if (!problems.any_error()) return engagements;
  std::string all;
  for (const auto& problem : problems.sorted()) {
    all += (all.empty() ? "" : "\n") + scenarios::text(problem);
  }
  return fail(ErrorCode::Config, all);
}

}  // namespace reachproof::orchestrator
