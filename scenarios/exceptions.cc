// The section `exceptions`: who accepted which violation, and until when.
#include <fmt/core.h>

#include "scenarios/rules.h"

namespace reachproof::scenarios {
namespace {

using std::chrono::days;

void read_review_date(Fields& keys, core::ExceptionRule& exception, bool dates_are_sound,
                      Draft& draft) {
  exception.review_by = keys.date("review-by");
  if (!exception.review_by || !dates_are_sound) return;
  if (*exception.review_by < exception.created || *exception.review_by > exception.expires) {
    draft.problems.error(keys.mark_of("review-by"),
                         fmt::format("{} lies outside its time in force", keys.said("review-by")));
  } else if (*exception.review_by < draft.today) {
    draft.problems.warning(keys.mark_of("review-by"),
                           fmt::format("exception {} was to be reviewed by {}", exception.id,
                                       core::text(*exception.review_by)));
  }
}

void check_dates(Fields& keys, const core::ExceptionRule& exception, Draft& draft) {
  const auto& id = exception.id;
  const int days_max = draft.scenario.defaults.exception_days_max;
  const auto expires_mark = keys.mark_of("expires");
  if (exception.expires < exception.created) {
    draft.problems.error(expires_mark,
                         fmt::format("exception {} expires before it was created", id));
  } else if (exception.expires - exception.created > days(days_max)) {
    draft.problems.error(
        expires_mark,
        fmt::format("exception {} lasts {} days; at most {} are allowed", id,
                    (exception.expires - exception.created).count(), days_max),
        fmt::format("let it expire by {}", core::text(exception.created + days(days_max))));
  }
  if (exception.expires < draft.today) {
    const auto expired =
        fmt::format("exception {} expired on {}", id, core::text(exception.expires));
    const auto way_out = "remove it, or have it approved again with a new id and new dates";
    if (draft.lapsed_is_told) {
      draft.problems.warning(expires_mark, expired + ": what it lifted counts again", way_out);
    } else {
      draft.problems.error(expires_mark, expired, way_out);
    }
  } else if (exception.created > draft.today) {
    draft.problems.warning(
        keys.mark_of("created"),
        fmt::format("exception {} is not in force before {}", id, core::text(exception.created)),
        "until then its violation counts");
  }
}

void read_dates(Fields& keys, core::ExceptionRule& exception, Draft& draft) {
  const auto created = keys.date("created");
  const auto expires = keys.date("expires");
  const bool both = created && expires;
  if (both) {
    exception.created = *created;
    exception.expires = *expires;
    check_dates(keys, exception, draft);
  }
  read_review_date(keys, exception, both, draft);
}

void read_people(Fields& keys, core::ExceptionRule& exception, Draft& draft) {
  exception.owner = keys.optional_text("owner");
  exception.approver = keys.optional_text("approver");
  exception.requested_by = keys.optional_text("requested-by");
  if (exception.approver.empty() || exception.approver != exception.requested_by) return;
  draft.problems.error(keys.mark_of("approver"),
                       fmt::format("exception {} is approved by who requested it", exception.id),
                       "`approver` and `requested-by` must differ");
}

void read_severities(const Node* node, core::ExceptionRule& exception, Draft& draft) {
  if (node == nullptr) return;
  Fields keys(*node, fmt::format("`severity` of exception {}", exception.id), draft.problems);
  keys.require({"initial", "adjusted"});
  exception.severity_initial = keys.severity("initial");
  exception.severity_adjusted = keys.severity("adjusted");
  keys.finish();
}

void read_what_it_lifts(Fields& keys, core::ExceptionRule& exception, Draft& draft) {
  exception.of = keys.name("of");
  const Node* allow = keys.optional("allow");
  if (allow == nullptr) return;
  Fields inner(*allow, fmt::format("`allow` of {}", keys.what()), draft.problems);
  inner.require({"from", "to", "service"});
  auto span = read_span(inner, draft);
  inner.finish();
  exception.from = std::move(span.from);
  exception.to = std::move(span.to);
  exception.service = std::move(span.service);
  exception.ports = std::move(span.ports);
}

void check_required_keys(const Node& node, Fields& keys, Draft& draft) {
  if (!keys.usable()) return;
  for (const auto& key : draft.exception_keys_required) {
    if (node.find(key) != nullptr) continue;
    draft.problems.error(node.mark, fmt::format("{} lacks the key `{}`", keys.what(), key),
                         "`defaults.exceptions.require` asks for it");
  }
}

void check_that_forbid_exists(Fields& keys, const core::ExceptionRule& exception, Draft& draft) {
  if (exception.of.empty() || exception.of == "default") return;
  std::vector<std::string> known;
  for (const auto& forbid : draft.scenario.forbids) known.push_back(forbid.id);
  check_known({exception.of, keys.mark_of("of")}, known, "forbid", keys.what(), draft.problems);
}

core::ExceptionRule read_exception(const Node& node, Draft& draft) {
  static const std::vector<std::string> types{"risk-accepted", "false-positive", "risk-adjusted",
                                              "operational-requirement", "temporary-change"};
  Fields keys(node, rule_name("exception", node), draft.problems);
  // The language itself asks for these; the others are asked for by `defaults`.
  keys.require({"id", "of", "allow", "owner", "approver", "rationale", "created", "expires"});
  core::ExceptionRule exception{.id = claim_id(keys, draft), .mark = node.mark};
  read_what_it_lifts(keys, exception, draft);
  check_that_forbid_exists(keys, exception, draft);
  read_people(keys, exception, draft);
  exception.rationale = keys.optional_text("rationale");
  exception.ticket = keys.optional_text("ticket");
  read_dates(keys, exception, draft);
  exception.compensating = keys.optional_texts("compensating");
  exception.type = keys.word("type", types).value_or("");
  read_severities(keys.optional("severity"), exception, draft);
  exception.controls = read_control_ids(keys, draft);
  keys.finish();
  check_required_keys(node, keys, draft);
  return exception;
}

}  // namespace

void read_exceptions(const Node* section, Draft& draft) {
  for (const auto& item : listed_items(section, "exceptions", kExceptionsMax, draft)) {
    draft.scenario.exceptions.push_back(read_exception(item, draft));
  }
}

}  // namespace reachproof::scenarios
