#include "orchestrator/run_service.h"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "core/hex.h"
#include "evidence/run_records.h"
#include "orchestrator/observe.h"
#include "orchestrator/probe_process.h"
#include "protocol/keyed_answer.h"

namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;

core::WallTime now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown-host";
}

std::string user_at_host() {
  const passwd* user = getpwuid(geteuid());
  return fmt::format("{}@{}", user == nullptr ? std::to_string(geteuid()) : user->pw_name,
                     host_name());
}

std::string sha256_hex(const std::string& text) {
  return core::hex(evidence::sha256(text));
}

evidence::RunHeader header_of(const RunRequest& request, const std::string& run) {
  evidence::RunHeader header;
  header.run = run;
  header.started = now();
  header.who = user_at_host();
  header.why = request.why;
  header.scenario = request.scenario->name;
  header.scenario_file = request.scenario->file;
  header.scenario_sha256 = sha256_hex(request.scenario->text);
  header.inventory_file = request.inventory->file;
  header.inventory_sha256 = sha256_hex(request.inventory->text);
  header.software = "reachproof " REACHPROOF_VERSION;
  header.judge_version = core::kJudgeVersion;
  header.require_proved = request.require_proved;
  return header;
}

std::vector<evidence::ProbeRecord> probe_records(const RunFacts& facts) {
  std::vector<evidence::ProbeRecord> records;
  for (const auto& [name, probe] : facts.probes) {
    records.push_back({.endpoint = name,
                       .host = probe.hello.host,
                       .software = probe.hello.software,
                       .scope = probe.hello.scope,
                       .can_capture = probe.hello.can_capture,
                       .hello = probe.hello.now,
                       .lost = probe.lost});
  }
  return records;
}

std::vector<evidence::RefusalRecord> refusal_records(const RunFacts& facts) {
  std::vector<evidence::RefusalRecord> records;
  for (const auto& refusal : facts.refusals) {
    records.push_back({.endpoint = refusal.endpoint,
                       .order = refusal.refused.id,
                       .why = std::string(protocol::word(refusal.refused.why)),
                       .detail = refusal.refused.detail});
  }
  return records;
}

evidence::RunEnd end_of(const core::Plan& plan, const RunFacts& facts,
                        const std::vector<core::CheckVerdict>& verdicts) {
  evidence::RunEnd end;
  end.finished = now();
  end.interrupted = facts.interrupted;
  for (const auto& decided : verdicts) {
    ++end.results[std::string(core::word(decided.verdict.result))];
    end.proved += decided.verdict.proof == core::Proof::Proved ? 1 : 0;
    end.corroborated += decided.verdict.proof == core::Proof::Corroborated ? 1 : 0;
  }
  for (const auto& check : plan.checks) end.pairs_untried += check.pairs_untried;
  return end;
}

struct EngineRun {
  RunFacts facts;
  bool by_signal = false;
};

/// Runs the engine on a loop of its own until it is done, listening to Ctrl-C meanwhile.
EngineRun run_engine(const RunRequest& request, Progress& progress) {
  asio::io_context loop;
  auto connect = request.connect;
  if (!connect) {
    connect = [&](const core::Endpoint& endpoint, ProbeChannel::Events events) {
      return start_probe(loop, launch_command(endpoint.launch, request.probe_path),
                         std::move(events));
    };
  }
  RunEngine engine(loop, *request.plan, *request.inventory, connect, request.limits, progress);
  EngineRun result;
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  std::function<void(boost::system::error_code, int)> on_signal =
      [&](boost::system::error_code error, int) {
        if (error) return;
        progress.notice(result.by_signal ? "not waiting any longer"
                                         : "interrupted: keeping what is done (again to not wait)");
        result.by_signal = true;
        engine.interrupt("the run was interrupted");
        signals.async_wait(on_signal);
      };
  signals.async_wait(on_signal);
  asio::co_spawn(loop, engine.run(), [&](std::exception_ptr failed, RunFacts facts) {
    signals.cancel();
    if (failed) std::rethrow_exception(failed);
    result.facts = std::move(facts);
  });
  loop.run();
  return result;
}

Result<void> append(evidence::Log& log, const std::vector<evidence::Record>& records) {
  if (records.empty()) return {};
  auto appended = log.append(records, now());
  if (!appended) return tl::unexpected(appended.error());
  return {};
}

}  // namespace

std::string new_run_id(core::WallTime at) {
  std::string digits;
  for (const char c : core::text(at).substr(0, 19)) {
    if (c == 'T') digits += '-';
    if (c >= '0' && c <= '9') digits += c;
  }
  const auto random = protocol::random_nonce();
  return fmt::format("r-{}-{}", digits, core::hex({random.data(), 2}));
}

Result<evidence::SignerKey> key_for(const std::string& key_path, const std::string& vkey_path,
                                    const std::string& evidence_path) {
  if (std::filesystem::exists(key_path)) return evidence::SignerKey::load(key_path);
  if (std::filesystem::exists(vkey_path)) {
    return fail(ErrorCode::Config,
                fmt::format("the signing key `{}` is missing, but `{}` shows that there was one: "
                            "restore it, or start another evidence file; a log that two keys have "
                            "signed would not verify",
                            key_path, vkey_path));
  }
  const auto random = protocol::random_nonce();
  const auto name = fmt::format("{}/reachproof/{}-{}", host_name(),
                                std::filesystem::path(evidence_path).stem().string(),
                                core::hex({random.data(), 4}));
  std::string clean;
  for (const char c : name) clean += c == ' ' || c == '+' ? '-' : c;
  auto key = evidence::SignerKey::generate(clean);
  if (!key) return key;
  if (auto saved = key->save(key_path); !saved) return tl::unexpected(saved.error());
  std::ofstream vkey(vkey_path, std::ios::trunc);
  vkey << key->verifier().text() << "\n";
  if (!vkey.flush()) return fail(ErrorCode::Io, fmt::format("cannot write `{}`", vkey_path));
  return key;
}

Result<RunResult> execute(const RunRequest& request, Progress& progress) {
  const auto run = new_run_id(now());
  auto log = evidence::Log::open(request.evidence_path,
                                 fmt::format("process {} of {}, run {}, since {}", getpid(),
                                             user_at_host(), run, core::text(now())));
  if (!log) return tl::unexpected(log.error());
  auto key = key_for(request.key_path, request.vkey_path, request.evidence_path);
  if (!key) return fail(std::move(key), "log key");
  const auto header = header_of(request, run);
  const auto start =
      evidence::records_of_start(header, *request.scenario, *request.inventory, *request.plan);
  if (auto kept = append(*log, start); !kept) return tl::unexpected(kept.error());
  const auto done = run_engine(request, progress);
  const auto seen = observations(*request.plan, *request.inventory, done.facts);
  const auto decided = verdicts(*request.plan, seen, request.require_proved);
  progress.phase("keeping evidence", 0);
  auto records =
      evidence::records_of_probes(run, probe_records(done.facts), refusal_records(done.facts));
  std::ranges::move(evidence::records_of_observations(run, header.started, seen),
                    std::back_inserter(records));
  std::ranges::move(evidence::records_of_verdicts(run, decided), std::back_inserter(records));
  records.push_back(evidence::record_of_end(run, end_of(*request.plan, done.facts, decided)));
  if (auto kept = append(*log, records); !kept) return tl::unexpected(kept.error());
  auto note = log->sign(*key, now());
  if (!note) return fail(std::move(note), "sign");
  return RunResult{.run = run,
                   .interrupted = done.facts.interrupted,
                   .by_signal = done.by_signal,
                   .checkpoint = *note};
}

}  // namespace reachproof::orchestrator
