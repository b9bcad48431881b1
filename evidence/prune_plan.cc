#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>

#include "core/hex.h"
#include "evidence/body_fields.h"
#include "evidence/json_text.h"
#include "evidence/prune.h"
#include "evidence/stored_run.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;
using namespace body;

constexpr std::array<std::string_view, 10> kPrunable{
    "audit", "batch",         "delivery", "gaps",     "observations",
    "plan",  "plane-refusal", "probes",   "refusals", "snapshot"};
/// A proposal fits into a record, escaped, with the approvals.
constexpr std::size_t kRangesMax = 1'500;

/// When what a run left ceases to be in effect, and whether it does.
struct RunTimes {
  core::WallTime began{};
  core::WallTime over{};  ///< its end, or its beginning where it never finished
  /// When its scenario and its inventory were replaced; nothing: they are in effect.
  std::optional<core::WallTime> scenario_replaced;
  std::optional<core::WallTime> inventory_replaced;
};

/// For each run, when a later run of the same scenario used another version than its own; `digest`
/// says which version a run used.
template <class Digest, class Keep>
void find_replaced(const std::vector<RunSummary>& runs, Digest digest, Keep keep) {
  // From the newest back: the version that the runs after this one used, and since when.
  struct Later {
    std::string newest;  ///< in effect, whatever came before
    std::string digest;
    core::WallTime since{};
    std::map<std::string, core::WallTime> replaced;  ///< by digest
  };
  std::map<std::string, Later> later;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    auto& next = later[run->header.scenario];
    const auto own = digest(run->header);
    if (next.newest.empty()) next.newest = own;
    // A version that came back later was last in effect then: the newest replacement counts.
    if (own != next.digest && own != next.newest) next.replaced.emplace(own, next.since);
    next.digest = own;
    next.since = run->header.started;
    const auto replaced = next.replaced.find(own);
    if (replaced != next.replaced.end()) keep(run->header.run, replaced->second);
  }
}

class Planner {
 public:
  Planner(const LogReader& log, const Retention& retention, core::WallTime as_of)
      : log_(log), retention_(retention), as_of_(as_of) {
    for (const auto& hold : retention.holds) {
      if (hold.active()) holds_.push_back(&hold);
    }
  }

  Result<PruneView> plan(const std::string& origin) {
    auto size = log_.size();
    if (!size) return tl::unexpected(size.error());
    auto root = root_at(*size, log_.node_reader());
    if (!root) return tl::unexpected(root.error());
    view_.log = {origin, *size, *root};
    view_.as_of = as_of_;
    if (auto read = read_runs(); !read) return tl::unexpected(read.error());
    if (auto read = read_sessions_and_plans(); !read) return tl::unexpected(read.error());
    auto scanned = log_.scan(0, *size, {}, [&](const StoredRecord& record) {
      take(record);
      return true;
    });
    if (!scanned) return tl::unexpected(scanned.error());
    return std::move(view_);
  }

 private:
  Result<void> read_runs() {
    auto runs = list_runs(log_);
    if (!runs) return tl::unexpected(runs.error());
    for (const auto& run : *runs) {
      runs_[run.header.run] = {.began = run.header.started,
                               .over = run.end ? run.end->finished : run.header.started,
                               .scenario_replaced = {},
                               .inventory_replaced = {}};
    }
    find_replaced(
        *runs, [](const RunHeader& header) { return header.scenario_sha256; },
        [&](const std::string& run, core::WallTime when) { runs_[run].scenario_replaced = when; });
    find_replaced(
        *runs, [](const RunHeader& header) { return header.inventory_sha256; },
        [&](const std::string& run, core::WallTime when) { runs_[run].inventory_replaced = when; });
    return {};
  }

  /// Whose session a batch belongs to; and in which runs the names of holds occur.
  Result<void> read_sessions_and_plans() {
    std::vector<std::string> kinds{"session"};
    const bool named = std::ranges::any_of(holds_, [](const Hold* hold) {
      return !hold->selector.rules.empty() || !hold->selector.segments.empty();
    });
    if (named) kinds.emplace_back("plan");
    std::string problem;
    auto scanned = log_.scan(0, ~LeafIndex{0}, kinds, [&](const StoredRecord& record) {
      if (record.pruned) return true;
      try {
        const auto object = object_in(record.body);
        if (record.kind == "session") {
          sessions_[text_or_empty(object, "session")] = text_or_empty(object, "run");
        } else {
          note_names(object);
        }
        return true;
      } catch (const BadBody& bad) {
        problem = fmt::format("record {} ({}): {}", record.index, record.kind, bad.what);
        return false;
      }
    });
    if (!scanned) return scanned;
    if (!problem.empty()) return fail(ErrorCode::Corrupt, problem);
    return {};
  }

  void note_names(const json::object& plan) {
    const auto run = text_in(plan, "run");
    for (const auto& value : as_array(need(plan, "items"))) {
      const auto& check = as_object(value);
      const auto rule = text_in(check, "rule");
      const auto from = text_in(check, "source_segment");
      const auto to = text_in(check, "destination_segment");
      for (const auto* hold : holds_) {
        const auto names = [](const std::vector<std::string>& list, const std::string& name) {
          return std::ranges::find(list, name) != list.end();
        };
        if (names(hold->selector.rules, rule) || names(hold->selector.segments, from) ||
            names(hold->selector.segments, to)) {
          named_[hold].insert(run);
        }
      }
    }
  }

  void take(const StoredRecord& record) {
    const auto kept = core::parse_wall_time(record.recorded_at);
    if (kept) newest_ = std::max(newest_, *kept);
    if (record.pruned || !is_prunable(record.kind)) return;
    const auto run = run_of(record);
    const auto found = runs_.find(run);
    const auto* times = found == runs_.end() ? nullptr : &found->second;
    const auto began = clock_of(record, times);
    if (!began) {
      ++view_.in_effect;
      return;
    }
    if (retention_.keep_until(record.index, std::max(newest_, *began)) > as_of_) {
      ++view_.not_due;
      return;
    }
    if (const auto* hold = hold_on(run, times, kept.value_or(newest_))) {
      ++view_.held[hold->id];
      return;
    }
    add(record);
  }

  std::string run_of(const StoredRecord& record) const {
    try {
      const auto object = object_in(record.body);
      if (record.kind != "batch") return text_or_empty(object, "run");
      const auto session = sessions_.find(text_or_empty(object, "session"));
      return session == sessions_.end() ? "" : session->second;
    } catch (const BadBody&) {
      return "";
    }
  }

  /// Nothing: it is in effect.
  std::optional<core::WallTime> clock_of(const StoredRecord& record, const RunTimes* times) const {
    if (times == nullptr) return newest_;
    if (record.kind != "snapshot") return times->over;
    const auto object = object_in(record.body);
    return text_or_empty(object, "role") == "inventory" ? times->inventory_replaced
                                                        : times->scenario_replaced;
  }

  const Hold* hold_on(const std::string& run, const RunTimes* times, core::WallTime kept) const {
    for (const auto* hold : holds_) {
      const auto& selector = hold->selector;
      if (std::ranges::find(selector.runs, run) != selector.runs.end()) return hold;
      const auto named = named_.find(hold);
      if (named != named_.end() && named->second.contains(run)) return hold;
      const bool by_name =
          !selector.runs.empty() || !selector.rules.empty() || !selector.segments.empty();
      if (by_name && !selector.from && !selector.to) continue;
      const auto begin = times == nullptr ? kept : times->began;
      const auto end = times == nullptr ? kept : std::max(times->over, kept);
      if ((!selector.from || end >= *selector.from) && (!selector.to || begin < *selector.to)) {
        return hold;
      }
    }
    return nullptr;
  }

  void add(const StoredRecord& record) {
    const bool joins =
        !view_.ranges.empty() && view_.ranges.back().second + 1 == record.index && !view_.more;
    if (!joins && view_.ranges.size() == kRangesMax) view_.more = true;
    if (view_.more) return;
    if (joins) {
      view_.ranges.back().second = record.index;
    } else {
      view_.ranges.emplace_back(record.index, record.index);
    }
    ++view_.records;
    ++view_.by_kind[record.kind];
    view_.bytes += record.stored_bytes;
  }

  const LogReader& log_;
  const Retention& retention_;
  core::WallTime as_of_;
  std::vector<const Hold*> holds_;
  std::map<const Hold*, std::set<std::string>> named_;  ///< runs in which its names occur
  std::map<std::string, RunTimes> runs_;
  std::map<std::string, std::string> sessions_;  ///< the run of each
  core::WallTime newest_{};                      ///< the latest time at which one was kept so far
  PruneView view_;
};

}  // namespace

bool is_prunable(std::string_view kind) {
  return kind == "verdicts" || std::ranges::find(kPrunable, kind) != kPrunable.end();
}

std::string PruneView::proposal() const {
  JsonText out;
  out.begin_object().field("as_of", core::text(as_of)).key("counts").begin_object();
  for (const auto& [kind, count] : by_kind) out.field(kind, count);
  out.end_object().field("kind", "prune-proposal").key("log").begin_object();
  out.field("origin", log.origin).field("root", core::hex(log.root)).field("size", log.size);
  out.end_object().key("ranges").begin_array();
  for (const auto& [first, last] : ranges) {
    out.begin_array().integer(static_cast<std::int64_t>(first));
    out.integer(static_cast<std::int64_t>(last)).end_array();
  }
  return out.end_array().end_object().take();
}

Result<PruneView> plan_prune(const LogReader& log, const Retention& retention,
                             const std::string& origin, core::WallTime as_of) {
  return Planner(log, retention, as_of).plan(origin);
}

}  // namespace reachproof::evidence
