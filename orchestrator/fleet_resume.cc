#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "evidence/stored_run.h"
#include "orchestrator/fleet_runs.h"
#include "orchestrator/fleet_runs_job.h"
#include "scenarios/load.h"

/// The runs' part that takes them up after a restart, from what the evidence holds.
namespace reachproof::orchestrator {
namespace {

namespace json = boost::json;

std::string text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t number_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

std::vector<std::string> texts_in(const json::object& object, std::string_view key) {
  std::vector<std::string> texts;
  const auto* list = object.if_contains(key);
  if (list == nullptr || !list->is_array()) return texts;
  for (const auto& item : list->get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

/// Calls `take` with each record of that kind which belongs to the run.
Result<void> each_record(const evidence::LogReader& log, const std::vector<std::string>& kinds,
                         const std::string& run,
                         const std::function<void(const std::string&, const json::object&)>& take) {
  auto size = log.size();
  if (!size) return tl::unexpected(size.error());
  return log.scan(0, *size, kinds, [&](const evidence::StoredRecord& record) {
    json::error_code error;
    const auto value = json::parse(record.body, error);
    if (!error && value.is_object() && text_in(value.get_object(), "run") == run) {
      take(record.kind, value.get_object());
    }
    return true;
  });
}

}  // namespace

Result<std::vector<StoredSession>> stored_sessions(const evidence::LogReader& log,
                                                   const std::string& run) {
  std::map<std::string, StoredSession> sessions;
  auto read = each_record(
      log, {"session", "batch"}, run, [&](const std::string& kind, const json::object& body) {
        const auto id = text_in(body, "session");
        if (kind == "session" && text_in(body, "event") == "opened") {
          sessions[id].order = {.session = id,
                                .run = run,
                                .probe = text_in(body, "probe"),
                                .endpoint = text_in(body, "endpoint")};
        }
        const auto it = sessions.find(id);
        const auto sequence = static_cast<std::uint64_t>(number_in(body, "seq"));
        if (kind != "batch" || it == sessions.end() || sequence != it->second.last_batch + 1)
          return;
        it->second.last_batch = sequence;
        it->second.stream += text_in(body, "lines");
        it->second.digests.push_back(batch_digest(text_in(body, "lines")));
      });
  if (!read) return tl::unexpected(read.error());
  std::vector<StoredSession> list;
  for (auto& [id, session] : sessions) list.push_back(std::move(session));
  return list;
}

Result<std::unique_ptr<FleetRuns::Job>> FleetRuns::job_of(const std::string& evidence_path,
                                                          const std::string& run) {
  auto log = evidence::LogReader::open(evidence_path);
  if (!log) return tl::unexpected(log.error());
  auto job = std::make_unique<Job>();
  job->resumed = true;
  job->about.run = run;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::string> files;
  bool dispatched = false;
  auto read = each_record(
      *log, {"run-started", "snapshot", "run-dispatch"}, run,
      [&](const std::string& kind, const json::object& body) {
        if (kind == "run-started") {
          job->about.started =
              core::parse_wall_time(text_in(body, "time")).value_or(core::WallTime{});
          job->about.who = text_in(body, "who");
          job->about.why = text_in(body, "why");
          job->about.require_proved =
              body.contains("require_proved") && body.at("require_proved") == true;
        } else if (kind == "snapshot") {
          texts[text_in(body, "role")] += text_in(body, "text");
          files[text_in(body, "role")] = text_in(body, "file");
        } else {
          dispatched = true;
          auto& options = job->order.options;
          options.now = core::parse_wall_time(text_in(body, "at")).value_or(core::WallTime{});
          options.attempts = static_cast<int>(number_in(body, "attempts"));
          options.timeout = std::chrono::milliseconds(number_in(body, "timeout_ms"));
          if (number_in(body, "rate_count") > 0) {
            options.rate = core::Rate{static_cast<std::uint32_t>(number_in(body, "rate_count")),
                                      std::chrono::seconds(number_in(body, "rate_per_s"))};
          }
          if (const auto* list = body.if_contains("severities"); list && list->is_array()) {
            for (const auto& item : list->get_array()) {
              const auto severity = core::severity_of(item.is_string() ? item.get_string() : "");
              if (severity) options.severities.push_back(*severity);
            }
          }
          options.only = texts_in(body, "only");
          options.skip = texts_in(body, "skip");
          job->order.engagement = text_in(body, "engagement");
          job->order.priority = static_cast<core::Priority>(std::clamp<std::int64_t>(
              number_in(body, "priority"), 0, static_cast<int>(core::Priority::High)));
          job->order.window = std::chrono::milliseconds(number_in(body, "window_ms"));
          job->order.schedule = text_in(body, "schedule");
          options.schedule = job->order.schedule;
        }
      });
  if (!read) return tl::unexpected(read.error());
  if (!dispatched) return fail(ErrorCode::NotFound, "not a run of a service");
  const auto day = std::chrono::floor<std::chrono::days>(job->order.options.now);
  auto scenario = scenarios::load_scenario(texts["scenario"], files["scenario"], day,
                                           scenarios::Lapsed::IsTold);
  if (!scenario) return fail(ErrorCode::Corrupt, "the scenario's snapshot cannot be read");
  auto inventory =
      scenarios::load_inventory(texts["inventory"], files["inventory"], scenario->scenario);
  if (!inventory) return fail(ErrorCode::Corrupt, "the inventory's snapshot cannot be read");
  job->order.scenario = std::make_shared<const core::Scenario>(std::move(scenario->scenario));
  job->order.inventory = std::make_shared<const core::Inventory>(std::move(inventory->inventory));
  job->plan = core::plan(*job->order.scenario, *job->order.inventory, job->order.options);
  return job;
}

Result<std::vector<std::string>> FleetRuns::resume(const std::string& evidence_path) {
  auto log = evidence::LogReader::open(evidence_path);
  if (!log) return tl::unexpected(log.error());
  const auto runs = evidence::list_runs(*log);
  if (!runs) return tl::unexpected(runs.error());
  std::vector<std::string> resumed;
  for (const auto& summary : *runs) {
    if (summary.end) continue;
    auto job = job_of(evidence_path, summary.header.run);
    if (!job && job.error().code == ErrorCode::NotFound) continue;
    if (!job) return tl::unexpected(job.error());
    auto sessions = stored_sessions(*log, summary.header.run);
    if (!sessions) return tl::unexpected(sessions.error());
    for (auto& session : *sessions) fleet_.link().restore(std::move(session));
    resumed.push_back(summary.header.run);
    launch(std::move(*job));
  }
  return resumed;
}

}  // namespace reachproof::orchestrator
