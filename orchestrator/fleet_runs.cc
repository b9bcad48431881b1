#include "orchestrator/fleet_runs.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <set>

#include "core/hex.h"
#include "evidence/finding_records.h"
#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/fleet_runs_job.h"
#include "orchestrator/probe_process.h"
#include "orchestrator/run_service.h"

// GCC 12.2 miscompiles some awaiting statements (docs/adr/0001): one co_await to a statement, from
// named arguments.
namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;

using host::wall_now;

/// Something that another thread or a callback makes true; waited for on the loop.
struct Latch {
  explicit Latch(asio::io_context& loop) : timer(loop, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  bool open = false;
  void release() {
    open = true;
    timer.cancel();
  }
};

asio::awaitable<void> passed(std::shared_ptr<Latch> latch) {
  while (!latch->open) {
    auto token = asio::as_tuple(asio::use_awaitable);
    co_await latch->timer.async_wait(token);
  }
}

asio::awaitable<Result<evidence::LeafIndex>> kept(asio::io_context& loop, EvidenceKeeper& keeper,
                                                  std::vector<evidence::Record> records) {
  auto latch = std::make_shared<Latch>(loop);
  auto answer = std::make_shared<Result<evidence::LeafIndex>>(fail(ErrorCode::Internal, ""));
  keeper.append(std::move(records), [latch, answer](Result<evidence::LeafIndex> first) {
    *answer = std::move(first);
    latch->release();
  });
  co_await passed(latch);
  co_return *answer;
}

evidence::Record dispatch_record(const std::string& run, const FleetRunOrder& order) {
  evidence::JsonText body;
  body.begin_object().field("at", core::text(order.options.now));
  body.field("attempts", order.options.attempts).field("engagement", order.engagement);
  body.field("kind", "run-dispatch").texts("only", order.options.only);
  body.field("priority", static_cast<int>(order.priority));
  const auto& rate = order.options.rate;
  std::vector<std::string> severities;
  for (const auto severity : order.options.severities)
    severities.emplace_back(core::word(severity));
  body.field("rate_count", rate ? rate->count : 0)
      .field("rate_per_s", rate ? rate->per.count() : 0);
  body.field("run", run).field("schedule", order.schedule);
  body.texts("severities", severities).texts("skip", order.options.skip);
  body.field("timeout_ms", order.options.timeout.count());
  body.field("window_ms", order.window.count()).end_object();
  return {"run-dispatch", body.take()};
}

}  // namespace

std::vector<std::string> segments_of(const core::Plan& plan) {
  std::set<std::string> segments;
  for (const auto& check : plan.checks) {
    segments.insert(check.source_segment);
    segments.insert(check.destination_segment);
  }
  return {segments.begin(), segments.end()};
}

FleetRuns::FleetRuns(asio::io_context& loop, EvidenceKeeper& keeper, Fleet& fleet,
                     std::string secret, std::string probe_path, RunEngine::Limits limits,
                     std::function<void(const Finished&)> finished)
    : loop_(loop),
      keeper_(keeper),
      fleet_(fleet),
      secret_(std::move(secret)),
      probe_path_(std::move(probe_path)),
      limits_(limits),
      finished_(std::move(finished)) {}

FleetRuns::~FleetRuns() {
  judges_.join();
}

std::vector<FleetRuns::Active> FleetRuns::active() const {
  std::vector<Active> list;
  for (const auto& [run, job] : jobs_) list.push_back(job->progress.active);
  return list;
}

bool FleetRuns::is_running(const std::string& schedule) const {
  return std::ranges::any_of(
      jobs_, [&](const auto& entry) { return entry.second->order.schedule == schedule; });
}

void FleetRuns::cancel_all(const std::string& why) {
  for (auto& [run, job] : jobs_) cancel(run, why);
}

bool FleetRuns::cancel(const std::string& run, const std::string& why) {
  const auto it = jobs_.find(run);
  if (it == jobs_.end()) return false;
  auto& job = *it->second;
  job.progress.active.ending = true;
  if (job.ended_before.empty()) job.ended_before = why;
  if (job.engine) job.engine->interrupt(why);
  return true;
}

Result<std::string> FleetRuns::start(FleetRunOrder order) {
  if (fleet_.link().stop()) {
    return fail(ErrorCode::Refused, "all probes are stopped: `reachproof stop --release` first");
  }
  if (order.options.now == core::WallTime{}) order.options.now = wall_now();
  auto job = std::make_unique<Job>();
  job->about = {.run = new_run_id(wall_now()),
                .started = wall_now(),
                .who = order.who,
                .why = order.why,
                .require_proved = order.require_proved};
  job->order = std::move(order);
  const auto run = job->about.run;
  launch(std::move(job));
  return run;
}

void FleetRuns::launch(std::unique_ptr<Job> owned) {
  Job& job = *owned;
  job.progress.active.run = job.about.run;
  job.progress.active.schedule = job.order.schedule;
  job.progress.active.engagement = job.order.engagement;
  job.progress.active.priority = job.order.priority;
  jobs_[job.about.run] = std::move(owned);
  asio::co_spawn(loop_, drive(job), [this, run = job.about.run](std::exception_ptr failed) {
    const auto it = jobs_.find(run);
    auto outcome = it->second->finished;
    jobs_.erase(it);
    if (failed) std::rethrow_exception(failed);
    finished_(outcome);
  });
}

void FleetRuns::make_engine(Job& job) {
  auto connecting = [this, &job](const core::Endpoint& endpoint, ProbeChannel::Events events) {
    return connect(job, endpoint, std::move(events));
  };
  // Made again by whoever takes the run up: the same for the same run and name.
  auto nonces = [this, run = job.about.run](std::string_view name) {
    const auto bytes =
        *core::from_hex(protocol::sha256_hex(fmt::format("{}\n{}\n{}", secret_, run, name)));
    protocol::Nonce nonce{};
    std::copy(bytes.begin(), bytes.end(), nonce.begin());
    return nonce;
  };
  auto limits = limits_;
  if (job.order.window.count() > 0) {
    const auto left = job.about.started + job.order.window - wall_now();
    limits.run = std::max(std::chrono::milliseconds(1), left);
  }
  job.engine = std::make_unique<RunEngine>(loop_, job.plan, *job.order.inventory, connecting,
                                           limits, job.progress, nonces);
  if (!job.ended_before.empty()) job.engine->interrupt(job.ended_before);
}

/// A large plan takes seconds to make and to write down: the loop has probes to answer meanwhile.
asio::awaitable<void> FleetRuns::beside(std::function<void()> work) {
  auto latch = std::make_shared<Latch>(loop_);
  asio::post(judges_, [this, latch, work = std::move(work)] {
    work();
    asio::post(loop_, [latch] { latch->release(); });
  });
  co_await passed(latch);
}

/// Makes the plan, and what is kept of the run before anything is sent.
std::vector<evidence::Record> FleetRuns::begin(Job& job) {
  const auto& order = job.order;
  job.plan = core::plan(*order.scenario, *order.inventory, order.options);
  if (job.plan.checks.size() > core::kChecksMax) return {};
  auto records = evidence::records_of_start(header_of(job.about, *order.scenario, *order.inventory),
                                            *order.scenario, *order.inventory, job.plan);
  records.push_back(dispatch_record(job.about.run, order));
  return records;
}

/// Concludes from what was gathered; what is kept of it.
std::vector<evidence::Record> FleetRuns::judge(Job& job, const RunFacts& facts) {
  auto outcome = outcome_of(job.about, job.plan, *job.order.inventory, facts, wall_now());
  for (const auto& decided : outcome.verdicts) {
    ++job.finished.results[std::string(core::word(decided.verdict.result))];
  }
  job.finished.tally = tally_of(job.plan, facts, outcome.verdicts);
  auto& findings = job.finished.findings;
  findings = evidence::finding_run(job.order.scenario->name, job.plan, outcome.verdicts);
  findings.run = job.about.run;
  findings.at = wall_now();
  findings.whole = job.plan.whole && facts.interrupted.empty();
  const auto lost = std::ranges::count_if(
      facts.probes, [](const auto& probe) { return !probe.second.lost.empty(); });
  findings.outage = lost > 0 && static_cast<std::size_t>(lost) * 2 >= facts.probes.size();
  return std::move(outcome.records);
}

asio::awaitable<void> FleetRuns::drive(Job& job) {
  job.finished.run = job.about.run;
  job.finished.schedule = job.order.schedule;
  job.finished.started = job.about.started;
  if (!job.resumed) {
    job.progress.active.phase = "planning";
    auto records = std::make_shared<std::vector<evidence::Record>>();
    std::function<void()> planning = [&job, records] { *records = begin(job); };
    co_await beside(planning);
    Result<evidence::LeafIndex> begun =
        fail(ErrorCode::Config, fmt::format("the plan has {} checks; at most {} in one run",
                                            job.plan.checks.size(), core::kChecksMax));
    if (job.plan.checks.size() <= core::kChecksMax) {
      begun = co_await kept(loop_, keeper_, std::move(*records));
    }
    if (job.order.begun) job.order.begun(begun ? Result<void>() : tl::unexpected(begun.error()));
    if (!begun) {
      job.finished.failure = begun.error();
      co_return;
    }
  }
  job.finished.segments = job.progress.active.segments = segments_of(job.plan);
  make_engine(job);
  RunFacts facts = co_await job.engine->run();
  job.engine.reset();
  job.finished.interrupted = facts.interrupted;
  job.progress.active.phase = "judging";
  auto records = std::make_shared<std::vector<evidence::Record>>();
  std::function<void()> judging = [&job, &facts, records] { *records = judge(job, facts); };
  co_await beside(judging);
  auto ended = co_await kept(loop_, keeper_, std::move(*records));
  if (!ended) job.finished.failure = ended.error();
}

Result<std::unique_ptr<ProbeChannel>> FleetRuns::connect(Job& job, const core::Endpoint& endpoint,
                                                         ProbeChannel::Events events) {
  if (endpoint.launch.kind != core::Launch::Kind::Enrolled) {
    return start_probe(loop_, launch_command(endpoint.launch, probe_path_), std::move(events));
  }
  const auto* probe = fleet_.registry().find(endpoint.launch.enrolled);
  if (probe == nullptr) {
    return fail(ErrorCode::Unavailable,
                fmt::format("no probe named {} has joined", endpoint.launch.enrolled));
  }
  if (probe->state != ProbeState::Active) {
    return fail(ErrorCode::Unavailable,
                fmt::format("probe {} is {}", probe->name, word(probe->state)));
  }
  const auto* workload = job.order.scenario->workload(endpoint.workload);
  if (workload != nullptr && workload->segment != probe->segment) {
    // Whoever holds a token of one segment must not speak for a host of another.
    return fail(ErrorCode::Refused, fmt::format("probe {} joined for segment {}, not for {}",
                                                probe->name, probe->segment, workload->segment));
  }
  if (!job.resumed && !fleet_.link().is_connected(probe->id)) {
    return fail(ErrorCode::Unavailable, fmt::format("probe {} is not connected", probe->name));
  }
  const auto grant = job.order.grants.find(probe->id);
  const auto place = std::ranges::find(job.plan.vantages, endpoint.name);
  return fleet_.link().open(
      {.session = fmt::format("{}-{}", job.about.run, place - job.plan.vantages.begin()),
       .run = job.about.run,
       .probe = probe->id,
       .endpoint = endpoint.name,
       .grant = grant == job.order.grants.end() ? "" : grant->second},
      std::move(events));
}

}  // namespace reachproof::orchestrator
