#include "orchestrator/run_service.h"

#include <fmt/core.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "core/hex.h"
#include "evidence/run_records.h"
#include "orchestrator/probe_process.h"
#include "orchestrator/run_outcome.h"
#include "protocol/keyed_answer.h"

namespace reachproof::orchestrator {
namespace {

namespace asio = boost::asio;

core::WallTime now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
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

SeededPorts seeded_in(const RunFacts& facts) {
  SeededPorts seeded;
  for (const auto& [endpoint, witness] : facts.witnesses) {
    for (const auto& [port, listener] : witness.before) {
      if (listener == protocol::Listener::Own) seeded[endpoint].insert(port);
    }
  }
  return seeded;
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
  const RunAbout about{.run = run,
                       .started = now(),
                       .why = request.why,
                       .require_proved = request.require_proved,
                       .change = request.change,
                       .as_of = request.as_of};
  const auto start =
      evidence::records_of_start(header_of(about, *request.scenario, *request.inventory),
                                 *request.scenario, *request.inventory, *request.plan);
  if (auto kept = append(*log, start); !kept) return tl::unexpected(kept.error());
  const auto done = run_engine(request, progress);
  progress.phase("keeping evidence", 0);
  const auto outcome = outcome_of(about, *request.plan, *request.inventory, done.facts, now());
  if (auto kept = append(*log, outcome.records); !kept) return tl::unexpected(kept.error());
  auto note = log->sign(*key, now());
  if (!note) return fail(std::move(note), "sign");
  return RunResult{.run = run,
                   .interrupted = done.facts.interrupted,
                   .by_signal = done.by_signal,
                   .checkpoint = *note,
                   .seeded = seeded_in(done.facts)};
}

}  // namespace reachproof::orchestrator
