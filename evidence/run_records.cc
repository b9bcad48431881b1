#include "evidence/run_records.h"

#include <fmt/core.h>

#include <functional>

#include "core/utf8.h"
#include "evidence/json_text.h"
#include "evidence/layer_record.h"

namespace reachproof::evidence {
namespace {

/// Bodies are cut when they grow beyond this; one more item always fits below kBodyBytesMax.
constexpr std::size_t kBodyBytesCut = 48'000;
/// Text from outside inside an item; escaping makes it six times as long at worst.
constexpr std::size_t kTextBytesMax = 500;
constexpr std::size_t kSnapshotBytes = 8'000;

std::string_view cut(std::string_view text) {
  return core::cut_utf8(text, kTextBytesMax);
}

/// Writes `count` items into as many records as they need. Every body is
/// {"items":[...],"kind":K,"part":N,"run":R,<more>}; `more` may add keys that sort behind "run".
std::vector<Record> in_parts(const std::string& kind, const std::string& run, std::size_t count,
                             const std::function<void(JsonText&, std::size_t)>& item,
                             const std::function<void(JsonText&)>& more = {}) {
  std::vector<Record> records;
  std::size_t next = 0;
  while (next < count) {
    JsonText json;
    json.begin_object().key("items").begin_array();
    while (next < count && json.size() < kBodyBytesCut) item(json, next++);
    json.end_array().field("kind", kind).field("part", records.size()).field("run", run);
    if (more) more(json);
    records.push_back({kind, json.end_object().take()});
  }
  return records;
}

Record started_record(const RunHeader& header) {
  JsonText json;
  json.begin_object();
  if (header.as_of) json.field("as_of", core::text(*header.as_of));
  if (!header.change.empty()) json.field("change", cut(header.change));
  json.key("inventory").begin_object();
  json.field("file", cut(header.inventory_file)).field("sha256", header.inventory_sha256);
  json.end_object().field("judge", header.judge_version).field("kind", "run-started");
  json.flag("require_proved", header.require_proved).field("run", header.run);
  json.key("scenario").begin_object().field("file", cut(header.scenario_file));
  json.field("name", cut(header.scenario)).field("sha256", header.scenario_sha256).end_object();
  json.field("software", cut(header.software)).field("time", core::text(header.started));
  json.field("who", cut(header.who)).field("why", cut(header.why)).end_object();
  return {"run-started", json.take()};
}

std::vector<Record> snapshot_records(const RunHeader& header, std::string_view role,
                                     std::string_view file, const std::string& text) {
  std::vector<Record> records;
  std::size_t at = 0;
  do {
    JsonText json;
    json.begin_object().field("file", cut(file)).field("kind", "snapshot");
    json.field("offset", at).field("role", role).field("run", header.run);
    const auto part = core::cut_utf8(std::string_view(text).substr(at), kSnapshotBytes);
    json.field("size", text.size()).field("text", part).end_object();
    records.push_back({"snapshot", json.take()});
    at += part.empty() ? kSnapshotBytes : part.size();
  } while (at < text.size());
  return records;
}

void write_path(JsonText& json, const core::Path& path) {
  json.begin_object().field("address", path.address.text()).field("attempts", path.attempts);
  if (!path.hostname.empty()) json.field("hostname", cut(path.hostname));
  if (!path.liveness_from.empty()) json.texts("liveness_from", path.liveness_from);
  json.field("pair", path.pair);
  if (path.port != 0) json.field("port", path.port);
  json.field("target", path.target).field("timeout_ms", path.timeout.count());
  json.field("vantage", path.vantage);
  if (!path.variant.empty()) json.field("variant", path.variant);
  json.flag("witnessed", path.witnessed).end_object();
}

void write_check(JsonText& json, const core::Check& check) {
  json.begin_object();
  if (!check.controls.empty()) json.texts("controls", check.controls);
  json.field("destination", check.destination);
  json.field("destination_segment", check.destination_segment);
  if (!check.exception.empty()) json.field("exception", check.exception);
  json.field("expectation", core::word(check.expectation));
  if (!check.mark_file.empty()) json.field("file", check.mark_file);
  if (!check.gap.empty()) json.field("gap", cut(check.gap));
  json.field("id", check.id);
  if (check.layer) {
    json.key("layer");
    write_layer(json, *check.layer);
  }
  json.field("line", check.mark.line);
  json.key("paths").begin_array();
  for (const auto& path : check.paths) write_path(json, path);
  json.end_array().field("port", check.port.text()).field("rule", check.rule);
  json.field("severity", core::word(check.severity)).field("source", check.source);
  json.field("source_segment", check.source_segment);
  if (!check.techniques.empty()) json.texts("techniques", check.techniques);
  json.field("untried_pairs", check.pairs_untried).field("why", cut(check.why)).end_object();
}

std::int64_t ms_since(const core::Attempt& attempt, core::WallTime started) {
  return attempt.started.monotonic_us == 0 ? 0 : (attempt.started.wall - started).count();
}

/// What the vantage's clock showed, in ms, when the run began: nearly the same for all tries of a
/// vantage, so that of each only what is new about its time has to be kept.
std::int64_t clock_at_start(const core::Observation& seen, core::WallTime started) {
  for (const auto& attempt : seen.attempts) {
    const auto us = attempt.started.monotonic_us;
    if (us != 0) return us / 1000 - ms_since(attempt, started);
  }
  return 0;
}

/// [outcome, source port, ms since the run began, us of the vantage's clock beyond `clock` and
/// these, us that it took, nonce, ICMP, errno, detail, exchange]; what is empty at the end is left
/// out.
void write_attempt(JsonText& json, const core::Attempt& attempt, core::WallTime started,
                   std::int64_t clock) {
  const bool exchange = attempt.exchange != nullptr;
  const bool detail = exchange || !attempt.detail.empty();
  const bool error = detail || attempt.error_number != 0;
  const bool icmp = error || attempt.icmp.has_value();
  const bool nonce = icmp || attempt.nonce != core::NonceAnswer::NotSent;
  json.begin_array().text(core::word(attempt.outcome)).integer(attempt.source_port);
  const auto since = ms_since(attempt, started);
  json.integer(since).integer(attempt.started.monotonic_us - (clock + since) * 1000);
  json.integer(attempt.elapsed_us);
  if (nonce) json.text(core::word(attempt.nonce));
  if (icmp) {
    json.text(attempt.icmp ? fmt::format("{}/{} {}", attempt.icmp->type, attempt.icmp->code,
                                         attempt.icmp->sender.text())
                           : "");
  }
  if (error) json.integer(attempt.error_number);
  if (detail) json.text(cut(attempt.detail));
  if (exchange) write_exchange(json, *attempt.exchange);
  json.end_array();
}

/// 0: nothing arrived. Else [what the host answered], with the source as it was seen where that is
/// not the one that the vantage had.
void write_sighting(JsonText& json, const core::Sighting& sighting, const core::Attempt& attempt) {
  if (!sighting.arrived) {
    json.integer(0);
    return;
  }
  json.begin_array().text(core::word(sighting.answer));
  const bool translated =
      sighting.seen_source != attempt.source || sighting.seen_source_port != attempt.source_port;
  if (translated) json.text(sighting.seen_source.text()).integer(sighting.seen_source_port);
  json.end_array();
}

void write_observation(JsonText& json, std::size_t check, std::size_t path,
                       const core::Observation& seen, core::WallTime started) {
  json.begin_object().key("a").begin_array();
  const auto clock = clock_at_start(seen, started);
  for (const auto& attempt : seen.attempts) write_attempt(json, attempt, started, clock);
  json.end_array().field("c", check);
  if (clock != 0) json.field("clock", clock);
  core::IpAddress from;
  for (const auto& attempt : seen.attempts) {
    if (attempt.source_port != 0) from = attempt.source;
  }
  // What is usual is left out: a witness that was armed, TCP, the first path.
  json.field("from", from.text());
  if (path != 0) json.field("p", path);
  json.field("port", core::word(seen.port));
  if (!seen.port_detail.empty()) json.field("port_detail", cut(seen.port_detail));
  if (seen.protocol != core::Protocol::Tcp) json.field("proto", core::word(seen.protocol));
  if (!seen.sightings.empty()) {
    json.key("s").begin_array();
    for (std::size_t i = 0; i < seen.sightings.size(); ++i) {
      write_sighting(json, seen.sightings[i], seen.attempts[i]);
    }
    json.end_array();
  }
  json.field("source", core::word(seen.source));
  if (seen.witness != core::WitnessState::Armed) json.field("w", core::word(seen.witness));
  if (!seen.witness_detail.empty()) json.field("w_detail", cut(seen.witness_detail));
  json.end_object();
}

/// [check, reachability, proof, reason, result, connected, attempts, deciding path, detail]; path 0
/// and no detail are left out at the end. Most checks of most runs cost about 60 bytes here.
void write_verdict(JsonText& json, std::size_t check, const core::CheckVerdict& decided) {
  const auto& verdict = decided.verdict;
  const bool detail = !verdict.detail.empty();
  json.begin_array().integer(static_cast<std::int64_t>(check));
  json.text(core::word(verdict.reachability)).text(core::word(verdict.proof));
  json.text(core::word(verdict.reason)).text(core::word(verdict.result));
  json.integer(verdict.connected).integer(verdict.attempts);
  if (detail || decided.deciding_path != 0) json.integer(decided.deciding_path);
  if (detail) json.text(cut(verdict.detail));
  json.end_array();
}

void append(std::vector<Record>& all, std::vector<Record> more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

std::vector<Record> records_of_start(const RunHeader& header, const core::Scenario& scenario,
                                     const core::Inventory& inventory, const core::Plan& plan) {
  std::vector<Record> records{started_record(header)};
  append(records, snapshot_records(header, "scenario", scenario.file, scenario.text));
  append(records, snapshot_records(header, "inventory", inventory.file, inventory.text));
  append(records,
         in_parts("plan", header.run, plan.checks.size(),
                  [&](JsonText& json, std::size_t i) { write_check(json, plan.checks[i]); }));
  append(records,
         in_parts("gaps", header.run, plan.gaps.size(), [&](JsonText& json, std::size_t i) {
           json.begin_object().field("reason", cut(plan.gaps[i].reason));
           json.field("rule", plan.gaps[i].rule).end_object();
         }));
  return records;
}

std::vector<Record> records_of_probes(const std::string& run,
                                      const std::vector<ProbeRecord>& probes,
                                      const std::vector<RefusalRecord>& refusals) {
  auto records = in_parts("probes", run, probes.size(), [&](JsonText& json, std::size_t i) {
    const auto& probe = probes[i];
    json.begin_object().flag("can_capture", probe.can_capture);
    json.field("clock_us", probe.hello.monotonic_us).field("endpoint", probe.endpoint);
    json.field("hello", core::text(probe.hello.wall)).field("host", cut(probe.host));
    json.field("lost", cut(probe.lost)).field("scope", cut(probe.scope));
    json.field("software", cut(probe.software)).end_object();
  });
  append(records, in_parts("refusals", run, refusals.size(), [&](JsonText& json, std::size_t i) {
           json.begin_object().field("detail", cut(refusals[i].detail));
           json.field("endpoint", refusals[i].endpoint).field("order", refusals[i].order);
           json.field("why", refusals[i].why).end_object();
         }));
  return records;
}

std::vector<Record> records_of_observations(
    const std::string& run, core::WallTime started,
    std::span<const std::vector<core::Observation>> observations) {
  std::vector<std::pair<std::size_t, std::size_t>> order;
  for (std::size_t c = 0; c < observations.size(); ++c) {
    for (std::size_t p = 0; p < observations[c].size(); ++p) order.emplace_back(c, p);
  }
  return in_parts(
      "observations", run, order.size(),
      [&](JsonText& json, std::size_t i) {
        const auto [c, p] = order[i];
        write_observation(json, c, p, observations[c][p], started);
      },
      [&](JsonText& json) { json.field("since", core::text(started)); });
}

std::vector<Record> records_of_verdicts(const std::string& run,
                                        std::span<const core::CheckVerdict> verdicts) {
  return in_parts(
      "verdicts", run, verdicts.size(),
      [&](JsonText& json, std::size_t i) { write_verdict(json, i, verdicts[i]); },
      [](JsonText& json) { json.field("v", core::kJudgeVersion); });
}

Record record_of_end(const std::string& run, const RunEnd& end) {
  JsonText json;
  json.begin_object().field("corroborated", end.corroborated);
  json.field("interrupted", cut(end.interrupted)).field("kind", "run-finished");
  json.field("proved", end.proved).key("results").begin_object();
  for (const auto& [word, count] : end.results) json.field(word, count);
  json.end_object().field("run", run).field("time", core::text(end.finished));
  json.field("untried_pairs", end.pairs_untried).end_object();
  return {"run-finished", json.take()};
}

}  // namespace reachproof::evidence
