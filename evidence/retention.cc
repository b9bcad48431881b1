#include "evidence/retention.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/base64.h"
#include "core/hex.h"
#include "core/utf8.h"
#include "evidence/attestation_key.h"
#include "evidence/body_fields.h"
#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;
using namespace body;

constexpr std::size_t kTextBytesMax = 500;

struct Floor {
  std::string_view profile;
  core::CalendarSpan span;
  std::string_view rule;
};
constexpr std::array<Floor, 2> kFloors{{
    {"hipaa", {6, 'Y'}, "45 CFR 164.316(b)(2)(i): 6 years from when it was last in effect"},
    {"pci", {12, 'M'}, "PCI DSS 10.5.1 and 11.4.1: 12 months"},
}};

/// Spans are compared by where they end, counted from a day on which none of them is cut short.
core::WallTime end_of(const core::CalendarSpan& span) {
  return span.after(core::Date{std::chrono::year{2001} / 1 / 1});
}

std::vector<Approver> read_approvers(const json::object& object) {
  std::vector<Approver> approvers;
  for (const auto& item : as_array(need(object, "approvers"))) {
    const auto& approver = as_object(item);
    approvers.push_back({text_in(approver, "name"), text_in(approver, "key")});
  }
  return approvers;
}

Checkpoint read_log(const json::object& object) {
  const auto& log = as_object(need(object, "log"));
  Checkpoint state{text_in(log, "origin"), static_cast<std::uint64_t>(number_in(log, "size")), {}};
  const auto root = core::from_hex(text_in(log, "root"));
  if (!root || root->size() != state.root.size()) throw BadBody{"the root is no hash"};
  std::ranges::copy(*root, state.root.begin());
  return state;
}

Result<void> check_people(const std::vector<Approver>& approvers) {
  if (approvers.size() == 1) {
    return fail(ErrorCode::Config, "one approver cannot be two: name at least two, or none");
  }
  std::set<std::string> names;
  std::map<std::string, std::string> keys;
  for (const auto& approver : approvers) {
    const auto key = AttestationVerifier::from_pem(approver.key);
    if (!key) {
      return fail(ErrorCode::Config,
                  fmt::format("the key of approver `{}`: {}", approver.name, key.error().message));
    }
    if (approver.name.empty() || !names.insert(approver.name).second) {
      return fail(ErrorCode::Config, fmt::format("approver `{}` is named twice", approver.name));
    }
    const auto [other, fresh] = keys.emplace(key->key_id(), approver.name);
    if (!fresh) {
      return fail(ErrorCode::Config, fmt::format("approvers `{}` and `{}` have the same key",
                                                 other->second, approver.name));
    }
  }
  return {};
}

Result<void> check_floor(const RetentionPolicy& policy) {
  for (const auto& profile : policy.profiles) {
    const auto* floor = std::ranges::find(kFloors, profile, &Floor::profile);
    if (floor == kFloors.end()) {
      return fail(ErrorCode::Config, fmt::format("`{}` is no profile: hipaa or pci", profile));
    }
    if (end_of(policy.keep) < end_of(floor->span)) {
      return fail(ErrorCode::Config, fmt::format("{} is below the floor of profile `{}` ({})",
                                                 policy.keep.text(), profile, floor->rule));
    }
  }
  return {};
}

Record decision_record(const char* kind, const Decision& decision) {
  JsonText out;
  out.begin_object().key("approvals").begin_array();
  for (const auto& approval : decision.approvals) {
    out.begin_object().field("approver", approval.approver);
    out.field("sig", core::base64(core::bytes_of(approval.signature))).end_object();
  }
  out.end_array().field("by", core::cut_utf8(decision.by, kTextBytesMax)).field("kind", kind);
  out.field("proposal", decision.proposal).field("time", core::text(decision.time)).end_object();
  return {kind, out.take()};
}

Decision read_decision(const json::object& object, LeafIndex record) {
  Decision decision{.proposal = text_in(object, "proposal"),
                    .approvals = {},
                    .by = text_in(object, "by"),
                    .time = time_in(object, "time"),
                    .record = record};
  for (const auto& item : as_array(need(object, "approvals"))) {
    const auto& approval = as_object(item);
    const auto signature = core::from_base64(text_in(approval, "sig"));
    if (!signature) throw BadBody{"a signature is not base64"};
    decision.approvals.push_back(
        {text_in(approval, "approver"), std::string(signature->begin(), signature->end())});
  }
  return decision;
}

Hold read_hold(const json::object& object) {
  Hold hold{.id = text_in(object, "hold"),
            .matter = text_in(object, "matter"),
            .reason = text_in(object, "reason"),
            .selector = {},
            .by = text_in(object, "by"),
            .time = time_in(object, "time"),
            .released_by = {}};
  const auto& selector = as_object(need(object, "selector"));
  hold.selector.runs = texts_or_none(selector, "runs");
  hold.selector.rules = texts_or_none(selector, "rules");
  hold.selector.segments = texts_or_none(selector, "segments");
  if (selector.contains("from")) hold.selector.from = time_in(selector, "from");
  if (selector.contains("to")) hold.selector.to = time_in(selector, "to");
  return hold;
}

std::vector<RecordRange> read_ranges(const json::object& object) {
  std::vector<RecordRange> ranges;
  for (const auto& item : as_array(need(object, "ranges"))) {
    const auto& pair = as_array(item);
    if (pair.size() != 2) throw BadBody{"a range has not two ends"};
    const auto first = as_number(pair[0]);
    const auto last = as_number(pair[1]);
    const auto after = ranges.empty() ? 0 : static_cast<std::int64_t>(ranges.back().second) + 1;
    if (first < after || last < first) throw BadBody{"its ranges are out of order"};
    ranges.emplace_back(static_cast<LeafIndex>(first), static_cast<LeafIndex>(last));
  }
  return ranges;
}

/// Reads `text` as `take` says; what it lacks becomes an error.
template <class Take>
auto read_proposal(std::string_view text, std::string_view kind, Take take)
    -> Result<decltype(take(json::object()))> {
  try {
    const auto object = object_in(text);
    if (text_in(object, "kind") != kind) throw BadBody{fmt::format("it is no {}", kind)};
    return take(object);
  } catch (const BadBody& bad) {
    return fail(ErrorCode::Config, fmt::format("the proposal cannot be read: {}", bad.what));
  }
}

}  // namespace

std::string RetentionPolicy::text() const {
  JsonText out;
  out.begin_object().key("approvers").begin_array();
  for (const auto& approver : approvers) {
    out.begin_object().field("key", approver.key).field("name", approver.name).end_object();
  }
  out.end_array().field("keep", keep.text()).field("kind", "retention-proposal");
  out.key("log").begin_object().field("origin", log.origin);
  out.field("root", core::hex(log.root)).field("size", log.size).end_object();
  out.texts("profiles", profiles).end_object();
  return out.take();
}

Result<RetentionPolicy> RetentionPolicy::parse(std::string_view text) {
  auto policy = read_proposal(text, "retention-proposal", [](const json::object& object) {
    return RetentionPolicy{.log = read_log(object),
                           .keep = parsed(text_in(object, "keep"), core::CalendarSpan::parse),
                           .profiles = texts_or_none(object, "profiles"),
                           .approvers = read_approvers(object)};
  });
  if (!policy) return policy;
  if (auto sound = check_people(policy->approvers); !sound) return tl::unexpected(sound.error());
  if (auto sound = check_floor(*policy); !sound) return tl::unexpected(sound.error());
  return policy;
}

RetentionPolicy Retention::policy_at(LeafIndex record) const {
  RetentionPolicy found;
  for (const auto& policy : policies) {
    if (policy.record < record) found = policy;
  }
  return found;
}

core::WallTime Retention::keep_until(LeafIndex record, core::WallTime began) const {
  auto until = policy_at(record).keep.after(began);
  for (const auto& policy : policies) {
    if (policy.record >= record) until = std::max(until, policy.keep.after(began));
  }
  return until;
}

const PruneRecord* Retention::prune_of(LeafIndex record) const {
  for (const auto& prune : prunes) {
    const auto after = std::ranges::upper_bound(prune.ranges, record, {}, &RecordRange::first);
    if (after != prune.ranges.begin() && record <= std::prev(after)->second) return &prune;
  }
  return nullptr;
}

std::vector<std::string> Retention::problems() const {
  std::vector<std::string> found;
  const auto check = [&](const char* kind, const Decision& decision) {
    const auto approvers = policy_at(decision.record).approvers;
    // Where nobody was named before, nobody could approve that some are named.
    if (approvers.empty() && kind == std::string_view("retention")) return;
    const auto approved = check_approvals(decision.proposal, decision.approvals, approvers);
    if (!approved) {
      found.push_back(
          fmt::format("record {} ({}): {}", decision.record, kind, approved.error().message));
    }
  };
  for (const auto& decision : policy_decisions) check("retention", decision);
  for (const auto& prune : prunes) {
    check("prune", prune.decision);
    if (!prune.ranges.empty() && prune.ranges.back().second >= prune.decision.record) {
      found.push_back(fmt::format("record {} (prune): it speaks of records that came after it",
                                  prune.decision.record));
    }
  }
  return found;
}

Result<Retention> retention_of(const LogReader& log) {
  Retention retention;
  std::string problem;
  const auto take = [&](const StoredRecord& record) {
    const auto object = object_in(record.body);
    if (record.kind == "hold") {
      if (text_in(object, "event") == "set") {
        retention.holds.push_back(read_hold(object));
        return;
      }
      const auto id = text_in(object, "hold");
      for (auto& hold : retention.holds) {
        if (hold.id == id && hold.active()) hold.released_by = text_in(object, "by");
      }
      return;
    }
    const auto decision = read_decision(object, record.index);
    if (record.kind == "retention") {
      auto policy = RetentionPolicy::parse(decision.proposal);
      if (!policy) throw BadBody{policy.error().message};
      policy->record = record.index;
      retention.policies.push_back(std::move(*policy));
      retention.policy_decisions.push_back(decision);
    } else {
      auto ranges = proposed_ranges(decision.proposal);
      if (!ranges) throw BadBody{ranges.error().message};
      retention.prunes.push_back({decision, std::move(*ranges)});
    }
  };
  auto scanned =
      log.scan(0, ~LeafIndex{0}, {"hold", "prune", "retention"}, [&](const auto& record) {
        try {
          take(record);
          return true;
        } catch (const BadBody& bad) {
          problem = fmt::format("record {} ({}): {}", record.index, record.kind, bad.what);
          return false;
        }
      });
  if (!scanned) return tl::unexpected(scanned.error());
  if (!problem.empty()) return fail(ErrorCode::Corrupt, problem);
  return retention;
}

Result<void> check_approvals(std::string_view proposal, std::span<const Approval> approvals,
                             std::span<const Approver> approvers) {
  if (approvers.empty()) {
    return fail(ErrorCode::Refused,
                "no policy names anybody who may approve it: `reachproof evidence retention "
                "propose --approver NAME=KEY` names two or more");
  }
  std::set<std::string> agreed;
  for (const auto& approval : approvals) {
    const auto approver = std::ranges::find(approvers, approval.approver, &Approver::name);
    if (approver == approvers.end()) {
      return fail(ErrorCode::Refused,
                  fmt::format("`{}` is no approver of the policy in force", approval.approver));
    }
    const auto key = AttestationVerifier::from_pem(approver->key);
    if (!key || !key->verifies(proposal, approval.signature)) {
      return fail(
          ErrorCode::Refused,
          fmt::format("the signature of `{}` is not over this proposal, or not by their key",
                      approval.approver));
    }
    agreed.insert(approval.approver);
  }
  if (agreed.size() >= 2) return {};
  return fail(ErrorCode::Refused,
              fmt::format("two approvers are needed, and {} approved", agreed.size()));
}

Result<Checkpoint> proposed_log(std::string_view text, std::string_view kind) {
  return read_proposal(text, kind, [](const json::object& object) { return read_log(object); });
}

Result<std::vector<RecordRange>> proposed_ranges(std::string_view proposal) {
  return read_proposal(proposal, "prune-proposal",
                       [](const json::object& object) { return read_ranges(object); });
}

Record record_of_retention(const Decision& decision) {
  return decision_record("retention", decision);
}

Record record_of_prune(const Decision& decision) {
  return decision_record("prune", decision);
}

Record record_of_hold(const Hold& hold) {
  const auto cut = [](std::string_view text) { return core::cut_utf8(text, kTextBytesMax); };
  JsonText out;
  out.begin_object().field("by", cut(hold.by)).field("event", "set").field("hold", cut(hold.id));
  out.field("kind", "hold").field("matter", cut(hold.matter)).field("reason", cut(hold.reason));
  out.key("selector").begin_object();
  if (hold.selector.from) out.field("from", core::text(*hold.selector.from));
  if (!hold.selector.rules.empty()) out.texts("rules", hold.selector.rules);
  if (!hold.selector.runs.empty()) out.texts("runs", hold.selector.runs);
  if (!hold.selector.segments.empty()) out.texts("segments", hold.selector.segments);
  if (hold.selector.to) out.field("to", core::text(*hold.selector.to));
  out.end_object().field("time", core::text(hold.time)).end_object();
  return {"hold", out.take()};
}

Record record_of_release(const std::string& hold, const std::string& reason, const std::string& by,
                         core::WallTime time) {
  const auto cut = [](std::string_view text) { return core::cut_utf8(text, kTextBytesMax); };
  JsonText out;
  out.begin_object().field("by", cut(by)).field("event", "released").field("hold", cut(hold));
  out.field("kind", "hold").field("reason", cut(reason)).field("time", core::text(time));
  return {"hold", out.end_object().take()};
}

}  // namespace reachproof::evidence
