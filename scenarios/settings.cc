// The sections that say how and when checks run: limits, schedules, defaults and `check`.
#include <fmt/core.h>

#include <algorithm>

#include "scenarios/cron.h"
#include "scenarios/draft.h"
#include "scenarios/fields.h"

namespace reachproof::scenarios {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

constexpr DurationBounds kTimeoutBounds{100ms, 60s};
constexpr DurationBounds kWindowBounds{1s, 168h};
constexpr DurationBounds kJitterBounds{1s, 6h};
constexpr int kAttemptsMax = 100;
constexpr int kSamplesMax = 1000;
constexpr int kExceptionDaysCap = 365;

bool is_above(const core::Rate& rate, const core::Rate& limit) {
  return rate.count * std::int64_t{limit.per.count()} >
         limit.count * std::int64_t{rate.per.count()};
}

core::Blackout read_blackout(const Node& node, Draft& draft) {
  const std::string what = "a blackout";
  Fields keys(node, what, draft.problems);
  keys.require({"workloads", "hours"});
  core::Blackout blackout{.mark = node.mark};
  for (const auto& name : keys.name_list("workloads")) {
    if (check_known(name, draft.workload_names(), "workload", what, draft.problems)) {
      blackout.workloads.push_back(name.text);
    }
  }
  if (const auto hours = keys.hours("hours")) blackout.hours = *hours;
  blackout.why = keys.optional_text("why");
  keys.finish();
  return blackout;
}

std::vector<core::Severity> read_selected_severities(const Node* select, const std::string& owner,
                                                     Draft& draft) {
  std::vector<core::Severity> severities;
  if (select == nullptr) return severities;
  Fields keys(*select, fmt::format("`select` of {}", owner), draft.problems);
  keys.require({"severity"});
  for (const auto& item : listed_items(keys.optional("severity"), "severity", 4, draft)) {
    const auto severity =
        read_severity(item, "an entry of " + keys.said("severity"), draft.problems);
    if (severity) severities.push_back(*severity);
  }
  keys.finish();
  return severities;
}

std::string read_cron(Fields& keys, Problems& problems) {
  auto cron = keys.optional_text("cron");
  if (cron.empty()) return cron;
  const auto fault = cron_fault(cron);
  if (fault.empty()) return cron;
  problems.error(
      keys.mark_of("cron"),
      fmt::format("{} is not a cron expression: {}", keys.said("cron"), fault),
      "write minute, hour, day, month and weekday in numbers, UTC, as in \"15 1 * * *\"");
  return "";
}

/// Whether there is such a zone is the orchestrator's to say: it has the zones' database.
std::string read_timezone(Fields& keys, Problems& problems) {
  const auto zone = keys.optional_text("timezone", "UTC");
  const bool sound = !zone.empty() && zone.size() <= 64 && std::ranges::all_of(zone, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '+' || c == '-';
  });
  if (!sound || zone.find("..") != std::string::npos || zone.starts_with('/')) {
    problems.error(keys.mark_of("timezone"),
                   fmt::format("{} is not a time zone: `{}`", keys.said("timezone"), zone),
                   "use a name such as Europe/Berlin or UTC");
  }
  return zone;
}

core::Priority read_priority(Fields& keys) {
  static const std::vector<std::string> words{"low", "normal", "high"};
  const auto word = keys.word("priority", words).value_or("normal");
  return static_cast<core::Priority>(std::ranges::find(words, word) - words.begin());
}

core::Schedule read_schedule(const std::string& name, SourceMark mark, const Node& node,
                             Draft& draft) {
  Fields keys(node, "schedule " + name, draft.problems);
  keys.require({"cron"});
  core::Schedule schedule{.name = name, .mark = mark};
  schedule.cron = read_cron(keys, draft.problems);
  schedule.timezone = read_timezone(keys, draft.problems);
  schedule.window = keys.duration("window", kWindowBounds).value_or(0ms);
  schedule.jitter = keys.duration("jitter", kJitterBounds).value_or(0ms);
  schedule.priority = read_priority(keys);
  schedule.vantages_online = keys.optional_int("vantages-online", 0, 0, 100);
  schedule.rate = keys.rate("rate");
  const auto& limit = draft.scenario.limits.rate;
  if (schedule.rate && is_above(*schedule.rate, limit)) {
    draft.problems.error(keys.mark_of("rate"),
                         fmt::format("{} is above `limits.rate`", keys.said("rate")),
                         "a schedule may stay below the limits, never above");
  }
  schedule.select_severity = read_selected_severities(keys.optional("select"), keys.what(), draft);
  schedule.rotate_all_pairs = keys.word("coverage", {"rotate-all-pairs"}).has_value();
  keys.finish();
  return schedule;
}

void read_exception_defaults(const Node* node, Draft& draft) {
  if (node == nullptr) return;
  Fields keys(*node, "`exceptions` of defaults", draft.problems);
  auto& days_max = draft.scenario.defaults.exception_days_max;
  days_max = keys.optional_int("max-days", days_max, 1, kExceptionDaysCap);
  static const std::vector<std::string> known{
      "owner", "approver",     "rationale",    "ticket",    "created",  "expires",
      "type",  "compensating", "requested-by", "review-by", "severity", "controls"};
  if (keys.optional("require") != nullptr) draft.exception_keys_required.clear();
  for (const auto& key : keys.name_list("require")) {
    if (check_known(key, known, "key", keys.said("require"), draft.problems)) {
      draft.exception_keys_required.push_back(key.text);
    }
  }
  keys.finish();
}

void refuse_other_expectations(Fields& keys, Problems& problems) {
  const auto expectation = keys.optional_text("expectation");
  if (expectation.empty() || expectation == "deny") return;
  problems.error(keys.mark_of("expectation"),
                 fmt::format("{} cannot be `{}`", keys.said("expectation"), expectation),
                 "only `deny` is supported; for a gradual start set `mode: observe` on segments");
}

}  // namespace

core::CheckSettings read_check(const Node* node, const std::string& owner,
                               core::CheckSettings inherited, Draft& draft) {
  if (node == nullptr) return inherited;
  Fields keys(*node, fmt::format("`check` of {}", owner), draft.problems);
  auto check = std::move(inherited);
  const auto schedule = keys.name("schedule");
  if (!schedule.empty() && check_known({schedule, keys.mark_of("schedule")}, draft.schedule_names(),
                                       "schedule", keys.what(), draft.problems)) {
    check.schedule = schedule;
  }
  check.samples = keys.optional_int("samples", check.samples, 1, kSamplesMax);
  check.attempts = keys.optional_int("attempts", check.attempts, 1, kAttemptsMax);
  check.timeout = keys.duration("timeout", kTimeoutBounds).value_or(check.timeout);
  keys.finish();
  return check;
}

void read_limits(const Node* section, Draft& draft) {
  if (section == nullptr) return;
  Fields keys(*section, "limits", draft.problems);
  auto& limits = draft.scenario.limits;
  if (const auto rate = keys.rate("rate")) limits.rate = *rate;
  if (const auto rate = keys.rate("per-target")) limits.per_target = *rate;
  if (is_above(limits.per_target, limits.rate)) {
    draft.problems.warning(section->mark, "`per-target` of limits is above `rate` of limits",
                           "the whole run never exceeds `rate`");
  }
  for (const auto& item : listed_items(keys.optional("blackouts"), "blackouts", 1000, draft)) {
    limits.blackouts.push_back(read_blackout(item, draft));
  }
  keys.finish();
}

void read_schedules(const Node* section, Draft& draft) {
  for (const auto* entry : named_entries(section, "schedules", draft)) {
    const auto& name = entry->first;
    draft.scenario.schedules.push_back(read_schedule(name.text, name.mark, entry->second, draft));
  }
}

void read_defaults(const Node* section, Draft& draft) {
  if (section == nullptr) return;
  Fields keys(*section, "defaults", draft.problems);
  auto& defaults = draft.scenario.defaults;
  refuse_other_expectations(keys, draft.problems);
  defaults.severity = keys.severity("severity").value_or(defaults.severity);
  defaults.check = read_check(keys.optional("check"), "defaults", defaults.check, draft);
  read_exception_defaults(keys.optional("exceptions"), draft);
  keys.finish();
}

}  // namespace reachproof::scenarios
