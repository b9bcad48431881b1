#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "evidence/body_fields.h"
#include "evidence/layer_record.h"
#include "evidence/stored_run.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;
using namespace body;

RunHeader read_header(const json::object& body) {
  RunHeader header;
  header.run = text_in(body, "run");
  header.started = time_in(body, "time");
  header.who = text_in(body, "who");
  header.why = text_in(body, "why");
  header.change = text_or_empty(body, "change");
  if (body.contains("as_of")) header.as_of = time_in(body, "as_of");
  header.software = text_in(body, "software");
  header.judge_version = static_cast<int>(number_in(body, "judge"));
  header.require_proved = flag_in(body, "require_proved");
  const auto& scenario = as_object(need(body, "scenario"));
  header.scenario = text_in(scenario, "name");
  header.scenario_file = text_in(scenario, "file");
  header.scenario_sha256 = text_in(scenario, "sha256");
  const auto& inventory = as_object(need(body, "inventory"));
  header.inventory_file = text_in(inventory, "file");
  header.inventory_sha256 = text_in(inventory, "sha256");
  return header;
}

RunEnd read_end(const json::object& body) {
  RunEnd end;
  end.finished = time_in(body, "time");
  end.interrupted = text_in(body, "interrupted");
  end.proved = static_cast<int>(number_in(body, "proved"));
  end.corroborated = static_cast<int>(number_in(body, "corroborated"));
  end.pairs_untried = static_cast<int>(number_in(body, "untried_pairs"));
  for (const auto& entry : as_object(need(body, "results"))) {
    end.results[std::string(entry.key())] = static_cast<int>(as_number(entry.value()));
  }
  return end;
}

core::Path read_path(const json::object& item) {
  core::Path path;
  path.address = parsed(text_in(item, "address"), core::IpAddress::parse);
  path.attempts = static_cast<int>(number_in(item, "attempts"));
  path.hostname = text_or_empty(item, "hostname");
  path.liveness_from = texts_or_none(item, "liveness_from");
  path.pair = static_cast<int>(number_in(item, "pair"));
  path.target = text_in(item, "target");
  path.timeout = std::chrono::milliseconds(number_in(item, "timeout_ms"));
  path.vantage = text_in(item, "vantage");
  path.variant = text_or_empty(item, "variant");
  if (item.contains("port")) path.port = static_cast<core::Port>(number_in(item, "port"));
  path.witnessed = flag_in(item, "witnessed");
  return path;
}

core::Check read_check(const json::object& item) {
  core::Check check;
  check.controls = texts_or_none(item, "controls");
  check.destination = text_in(item, "destination");
  check.destination_segment = text_in(item, "destination_segment");
  check.exception = text_or_empty(item, "exception");
  check.expectation = parsed(text_in(item, "expectation"), core::expectation_of);
  check.gap = text_or_empty(item, "gap");
  check.id = text_in(item, "id");
  if (const auto* layer = item.if_contains("layer")) {
    check.layer = read_layer(as_object(*layer));
    if (!check.layer) throw BadBody{"a layer cannot be read"};
  }
  check.mark.line = static_cast<int>(number_in(item, "line"));
  check.mark_file = text_or_empty(item, "file");
  const auto range = parsed(text_in(item, "port"), core::PortRange::parse);
  check.port = {range.protocol, range.first};
  check.rule = text_in(item, "rule");
  check.severity = parsed(text_in(item, "severity"), core::severity_of);
  check.source = text_in(item, "source");
  check.source_segment = text_in(item, "source_segment");
  check.techniques = texts_or_none(item, "techniques");
  check.pairs_untried = static_cast<int>(number_in(item, "untried_pairs"));
  check.why = text_in(item, "why");
  for (const auto& path : as_array(need(item, "paths"))) {
    check.paths.push_back(read_path(as_object(path)));
  }
  return check;
}

core::IcmpError read_icmp(const std::string& text) {
  const auto slash = text.find('/');
  const auto space = text.find(' ');
  if (slash == std::string::npos || space == std::string::npos) throw BadBody{"not an ICMP error"};
  core::IcmpError icmp;
  std::from_chars(text.data(), text.data() + slash, icmp.type);
  std::from_chars(text.data() + slash + 1, text.data() + space, icmp.code);
  icmp.sender = parsed(text.substr(space + 1), core::IpAddress::parse);
  return icmp;
}

/// `clock` is what the vantage's clock showed at `since`, in ms.
core::Attempt read_attempt(const json::array& item, const core::IpAddress& from,
                           core::WallTime since, std::int64_t clock) {
  if (item.size() < 5) throw BadBody{"an attempt is cut short"};
  core::Attempt attempt;
  attempt.outcome = parsed(as_text(item[0]), core::outcome_of);
  attempt.source_port = static_cast<core::Port>(as_number(item[1]));
  attempt.source = from;
  const auto ms = as_number(item[2]);
  attempt.started.wall = since + std::chrono::milliseconds(ms);
  attempt.started.monotonic_us =
      clock == 0 ? as_number(item[3]) : (clock + ms) * 1000 + as_number(item[3]);
  attempt.elapsed_us = as_number(item[4]);
  if (item.size() > 5) attempt.nonce = parsed(as_text(item[5]), core::nonce_answer_of);
  if (item.size() > 6 && !as_text(item[6]).empty()) attempt.icmp = read_icmp(as_text(item[6]));
  if (item.size() > 7) attempt.error_number = static_cast<int>(as_number(item[7]));
  if (item.size() > 8) attempt.detail = as_text(item[8]);
  if (item.size() > 9) {
    attempt.exchange = read_exchange(as_array(item[9]));
    if (!attempt.exchange) throw BadBody{"an exchange cannot be read"};
  }
  return attempt;
}

core::Sighting read_sighting(const json::value& item, const core::Attempt& attempt) {
  if (!item.is_array()) return {};
  const auto& parts = item.get_array();
  if (parts.empty()) throw BadBody{"a sighting is cut short"};
  core::Sighting sighting{.arrived = true,
                          .answer = parsed(as_text(parts[0]), core::host_answer_of),
                          .seen_source = attempt.source,
                          .seen_source_port = attempt.source_port};
  if (parts.size() > 2) {
    sighting.seen_source = parsed(as_text(parts[1]), core::IpAddress::parse);
    sighting.seen_source_port = static_cast<core::Port>(as_number(parts[2]));
  }
  return sighting;
}

core::Observation read_observation(const json::object& item, core::WallTime since) {
  core::Observation seen;
  const auto word_or = [&](std::string_view name, std::string_view usual) {
    return item.contains(name) ? text_in(item, name) : std::string(usual);
  };
  seen.protocol = parsed(word_or("proto", "tcp"), core::protocol_of);
  const auto from = parsed(text_in(item, "from"), core::IpAddress::parse);
  // Records of earlier releases have none, and the clock itself in each try.
  const auto clock = item.contains("clock") ? number_in(item, "clock") : 0;
  for (const auto& attempt : as_array(need(item, "a"))) {
    seen.attempts.push_back(read_attempt(as_array(attempt), from, since, clock));
    seen.attempts.back().number = static_cast<int>(seen.attempts.size());
  }
  if (const auto* sightings = item.if_contains("s")) {
    const auto& list = as_array(*sightings);
    if (list.size() > seen.attempts.size()) throw BadBody{"more sightings than attempts"};
    for (std::size_t i = 0; i < list.size(); ++i) {
      seen.sightings.push_back(read_sighting(list[i], seen.attempts[i]));
    }
  }
  seen.port = parsed(text_in(item, "port"), core::port_state_of);
  seen.port_detail = text_or_empty(item, "port_detail");
  seen.source = parsed(text_in(item, "source"), core::source_proof_of);
  seen.witness = parsed(word_or("w", "armed"), core::witness_state_of);
  seen.witness_detail = text_or_empty(item, "w_detail");
  return seen;
}

core::CheckVerdict read_verdict(const json::array& item) {
  if (item.size() < 7) throw BadBody{"a verdict is cut short"};
  core::CheckVerdict decided;
  auto& verdict = decided.verdict;
  verdict.reachability = parsed(as_text(item[1]), core::reachability_of);
  verdict.proof = parsed(as_text(item[2]), core::proof_of);
  verdict.reason = parsed(as_text(item[3]), core::reason_of);
  verdict.result = parsed(as_text(item[4]), core::check_result_of);
  verdict.connected = static_cast<int>(as_number(item[5]));
  verdict.attempts = static_cast<int>(as_number(item[6]));
  decided.deciding_path = item.size() > 7 ? static_cast<int>(as_number(item[7])) : 0;
  if (item.size() > 8) verdict.detail = as_text(item[8]);
  return decided;
}

/// Adds one record to the run that it belongs to.
class RunAssembler {
 public:
  explicit RunAssembler(StoredRun& run) : run_(run) {}

  void add(const StoredRecord& record, const json::object& body) {
    if (record.kind == "run-finished") {
      run_.end = read_end(body);
      return;
    }
    const auto* items = body.if_contains("items");
    if (items == nullptr) return;
    for (const auto& value : as_array(*items)) {
      if (record.kind == "verdicts") {
        add_verdict(record, as_array(value));
      } else {
        add_item(record, body, as_object(value));
      }
    }
  }

 private:
  StoredCheck& check_at(std::int64_t index) {
    if (index < 0 || static_cast<std::size_t>(index) >= run_.checks.size()) {
      throw BadBody{"it speaks of a check that the plan does not have"};
    }
    return run_.checks[static_cast<std::size_t>(index)];
  }

  void add_item(const StoredRecord& record, const json::object& body, const json::object& item) {
    if (record.kind == "plan") {
      run_.checks.push_back({.check = read_check(item), .plan_record = record.index});
    } else if (record.kind == "gaps") {
      run_.gaps.push_back({text_in(item, "rule"), text_in(item, "reason")});
    } else if (record.kind == "probes") {
      add_probe(item);
    } else if (record.kind == "refusals") {
      run_.refusals.push_back({text_in(item, "endpoint"),
                               static_cast<std::uint64_t>(number_in(item, "order")),
                               text_in(item, "why"), text_in(item, "detail")});
    } else if (record.kind == "observations") {
      auto& check = check_at(number_in(item, "c"));
      check.observations.push_back(read_observation(item, time_in(body, "since")));
      check.observations.back().layer = check.check.layer;
      if (!check.observation_record) check.observation_record = record.index;
    }
  }

  void add_verdict(const StoredRecord& record, const json::array& item) {
    auto verdict = read_verdict(item);
    auto& check = check_at(as_number(item[0]));
    check.verdict = std::move(verdict);
    check.has_verdict = true;
    check.verdict_record = record.index;
  }

  void add_probe(const json::object& item) {
    ProbeRecord probe;
    probe.can_capture = flag_in(item, "can_capture");
    probe.endpoint = text_in(item, "endpoint");
    probe.hello = {time_in(item, "hello"), number_in(item, "clock_us")};
    probe.host = text_in(item, "host");
    probe.lost = text_in(item, "lost");
    probe.scope = text_in(item, "scope");
    probe.software = text_in(item, "software");
    run_.probes.push_back(std::move(probe));
  }

  StoredRun& run_;
};

/// Reads the records of these kinds and hands over their bodies as JSON. Returns the first whose
/// body was pruned; those are passed over.
Result<std::optional<LeafIndex>> for_each_body(
    const LogReader& log, LeafIndex first, LeafIndex end, const std::vector<std::string>& kinds,
    const std::function<bool(const StoredRecord&, const json::object&)>& take) {
  std::string problem;
  std::optional<LeafIndex> pruned;
  auto scanned = log.scan(first, end, kinds, [&](const StoredRecord& record) {
    if (record.pruned) {
      if (!pruned) pruned = record.index;
      return true;
    }
    try {
      return take(record, object_in(record.body));
    } catch (const BadBody& bad) {
      problem = fmt::format("record {} ({}): {}", record.index, record.kind, bad.what);
      return false;
    }
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (!problem.empty() && !pruned) return fail(ErrorCode::Corrupt, problem);
  return pruned;
}

/// Records between those of a run may be of others: whether what was pruned was the run's own shows
/// in what it lacks.
bool is_whole(const StoredRun& run) {
  if (!run.end) return !run.checks.empty();
  std::size_t results = 0;
  for (const auto& [word, count] : run.end->results) results += static_cast<std::size_t>(count);
  const auto judged = std::ranges::count_if(run.checks, &StoredCheck::has_verdict);
  return static_cast<std::size_t>(judged) == results;
}

Result<RunSummary> find_run(const LogReader& log, const std::string& name) {
  auto runs = list_runs(log);
  if (!runs) return tl::unexpected(runs.error());
  if (runs->empty()) return fail(ErrorCode::NotFound, "there is no run in this evidence file yet");
  if (name == "latest") return runs->back();
  if (name == "previous") {
    for (auto it = runs->rbegin() + 1; it != runs->rend(); ++it) {
      if (it->header.scenario == runs->back().header.scenario) return *it;
    }
    return fail(ErrorCode::NotFound, "there is no earlier run of this scenario");
  }
  for (const auto& run : *runs) {
    if (run.header.run == name) return run;
  }
  return fail(ErrorCode::NotFound, fmt::format("there is no run `{}` here; the latest is `{}`",
                                               name, runs->back().header.run));
}

}  // namespace

Result<std::vector<RunSummary>> list_runs(const LogReader& log) {
  std::vector<RunSummary> runs;
  std::map<std::string, std::size_t> place;
  auto read = for_each_body(
      log, 0, ~LeafIndex{0}, {"run-started", "run-finished"},
      [&](const StoredRecord& record, const json::object& body) {
        if (record.kind == "run-started") {
          runs.push_back(
              {.header = read_header(body), .first_record = record.index, .end_record = {}});
          place[runs.back().header.run] = runs.size() - 1;
        } else if (const auto it = place.find(text_in(body, "run")); it != place.end()) {
          runs[it->second].end = read_end(body);
          runs[it->second].end_record = record.index + 1;
        }
        return true;
      });
  if (!read) return tl::unexpected(read.error());
  return runs;
}

Result<StoredRun> load_what_is_left(const LogReader& log, const std::string& name) {
  auto summary = find_run(log, name);
  if (!summary) return tl::unexpected(summary.error());
  StoredRun run;
  run.header = summary->header;
  run.first_record = summary->first_record;
  run.end_record = summary->first_record + 1;
  RunAssembler assembler(run);
  bool over = false;
  auto read = for_each_body(log, run.first_record, ~LeafIndex{0},
                            {"run-started", "plan", "gaps", "probes", "refusals", "observations",
                             "verdicts", "run-finished"},
                            [&](const StoredRecord& record, const json::object& body) {
                              const bool ours = text_in(body, "run") == run.header.run;
                              // A service makes several runs at once: theirs lie in between.
                              if (!ours) return true;
                              assembler.add(record, body);
                              run.end_record = record.index + 1;
                              over = record.kind == "run-finished";
                              return !over;
                            });
  if (!read) return tl::unexpected(read.error());
  if (!*read || is_whole(run)) return run;
  StoredRun left;
  left.header = run.header;
  left.first_record = run.first_record;
  left.end_record = run.end_record;
  left.end = run.end;
  left.pruned = *read;
  return left;
}

Result<StoredRun> load_run(const LogReader& log, const std::string& name) {
  auto run = load_what_is_left(log, name);
  if (!run || !run->pruned) return run;
  return fail(ErrorCode::NotFound,
              fmt::format("the detail of run {} was pruned (record {} and others): `reachproof "
                          "evidence show --kind prune` lists the decisions",
                          run->header.run, *run->pruned));
}

}  // namespace reachproof::evidence
