#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base64.h"
#include "evidence/json_text.h"
#include "evidence/verify.h"
#include "host/compress.h"
#include "host/https.h"
#include "host/wall_clock.h"
#include "orchestrator/fleet/fleet.h"
#include "orchestrator/fleet_runs.h"
#include "orchestrator/run_service.h"
#include "protocol/certificate.h"
#include "protocol/codec.h"
#include "scenarios/load.h"

/// One run of a great many checks over a fleet: planned, dispatched, answered, judged, stored and
/// signed. The probes are simulated in a child process: they speak the real protocol over real
/// mutual TLS on loopback and sign their batches, but send nothing on the wire: they answer each
/// try at once as a firewall that drops would have it, and each witness as one that saw nothing.
namespace {

using namespace reachproof;
namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using host::wall_now;

constexpr double kLimitSeconds = 120;

struct Person {
  protocol::KeyPair key;
  std::string certificate;
};

// ---- the probes' side ----

class SimulatedProbe {
 public:
  SimulatedProbe(const Person& who, const std::string& authority, std::uint16_t port,
                 std::size_t number)
      : key_(who.key), url_(fmt::format("https://127.0.0.1:{}{}", port, protocol::kExchangePath)) {
    host::HttpsOptions options{.ca_pem = authority,
                               .certificate_pem = who.certificate,
                               .key_pem = who.key.pem(),
                               .tls13_only = true};
    client_.emplace(std::move(options));
    request_.instance = fmt::format("{:032x}", number + 1);
    request_.software = "reachproof-probe bench";
    request_.host = fmt::format("p{}", number);
    request_.can_capture = true;
    request_.wait_ms = 20'000;
    source_ = *core::IpAddress::parse(fmt::format("10.0.{}.10", number));
  }

  void run() {
    while (true) {
      if (!exchange()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }

 private:
  struct Session {
    std::string pending;
    std::uint64_t orders_got = 0;
    std::uint64_t sequence = 0;
    std::vector<protocol::Batch> batches;
    std::map<std::uint32_t, std::vector<protocol::WatchedPort>> armed;
    bool ended = false;
  };

  bool exchange() {
    ++request_.sequence;
    request_.now = {wall_now(), static_cast<std::int64_t>(request_.sequence)};
    request_.sessions.clear();
    request_.batches.clear();
    std::size_t bytes = 0;
    for (auto& [id, session] : sessions_) {
      cut(id, session);
      request_.sessions.push_back({.session = id,
                                   .orders_got = session.orders_got,
                                   .last_batch = session.sequence,
                                   .ended = session.ended,
                                   .detail = ""});
      for (const auto& batch : session.batches) {
        bytes += batch.lines.size();
        if (bytes > protocol::kExchangeLinesMax) break;
        request_.batches.push_back(batch);
      }
    }
    host::HttpsRequest request{.method = "POST",
                               .url = url_,
                               .headers = {"Content-Type: application/json",
                                           "Content-Encoding: zstd", "Accept-Encoding: zstd"},
                               .body = host::compress(protocol::encode(request_)),
                               .timeout = std::chrono::minutes(3),
                               .response_bytes_max = 4U << 20U};
    auto response = client_->perform(request);
    if (!response || response->status != 200) return false;
    auto body = std::move(response->body);
    const auto encoding = response->headers.find("content-encoding");
    if (encoding != response->headers.end() && encoding->second == "zstd") {
      body = *host::decompress(body, protocol::kExchangeBytesMax);
    }
    const auto answer = protocol::decode_exchange_answer(body);
    if (!answer) {
      fmt::print(stderr, "{}\n", answer.error().message);
      std::exit(1);
    }
    take(*answer);
    return true;
  }

  void take(const protocol::ExchangeAnswer& answer) {
    for (const auto& ack : answer.acks) {
      std::erase_if(sessions_[ack.session].batches,
                    [&](const auto& batch) { return batch.sequence <= ack.sequence; });
    }
    for (const auto& id : answer.closings) sessions_.erase(id);
    for (const auto& opening : answer.openings) {
      const auto [it, fresh] = sessions_.try_emplace(opening.session);
      if (!fresh) continue;
      say(it->second, protocol::Hello{.software = "bench",
                                      .host = request_.host,
                                      .pid = 1,
                                      .can_capture = true,
                                      .scope = "",
                                      .now = request_.now});
    }
    for (const auto& order : answer.orders) {
      auto& session = sessions_[order.session];
      if (order.number != session.orders_got + 1) continue;
      session.orders_got = order.number;
      if (const auto message = protocol::decode(order.line); message) carry_out(session, *message);
    }
  }

  static void say(Session& session, const protocol::Message& message) {
    session.pending += protocol::encode(message) + "\n";
  }

  void carry_out(Session& session, const protocol::Message& order) {
    if (const auto* arm = std::get_if<protocol::Arm>(&order)) {
      session.armed[arm->id] = arm->ports;
      say(session, protocol::Armed{.id = arm->id,
                                   .capture = true,
                                   .detail = "",
                                   .ports = reports(arm->ports),
                                   .at = request_.now});
    } else if (const auto* attempt = std::get_if<protocol::AttemptOrder>(&order)) {
      protocol::OutcomeReport report{.id = attempt->id, .outcome = core::Outcome::TimedOut};
      report.source = source_;
      report.source_port = static_cast<core::Port>(20'000 + attempt->id % 40'000);
      report.elapsed_us = attempt->timeout.count() * 1000;
      report.started = request_.now;
      report.first_hop_ms = 1;
      say(session, report);
    } else if (const auto* disarm = std::get_if<protocol::Disarm>(&order)) {
      protocol::SightingReport report{.id = disarm->id, .tries = {}};
      for (const auto& tried : disarm->tries)
        report.tries.push_back({.id = tried.id, .sighting = {}});
      say(session, report);
      if (!disarm->last) return;
      say(session, protocol::Done{.what = protocol::Done::What::Watch,
                                  .id = disarm->id,
                                  .sound = true,
                                  .detail = "",
                                  .packets = 100,
                                  .dropped = 0,
                                  .ports = reports(session.armed[disarm->id]),
                                  .at = request_.now});
    } else if (std::holds_alternative<protocol::Stop>(order)) {
      protocol::Done done{.what = protocol::Done::What::Stopped};
      done.sound = true;
      done.first_hop_v4_ms = 1;
      done.at = request_.now;
      say(session, done);
      session.ended = true;
    }
  }

  static std::vector<protocol::PortReport> reports(
      const std::vector<protocol::WatchedPort>& ports) {
    std::vector<protocol::PortReport> list;
    for (const auto& watched : ports) {
      list.push_back({.port = watched.port, .listener = protocol::Listener::Own});
    }
    return list;
  }

  void cut(const std::string& id, Session& session) {
    std::size_t at = 0;
    while (at < session.pending.size()) {
      protocol::Batch batch{.session = id, .sequence = ++session.sequence};
      batch.lines = session.pending.substr(at, protocol::kBatchBytesMax);
      at += batch.lines.size();
      batch.signature = protocol::sign_base64(key_, protocol::batch_text(batch));
      session.batches.push_back(std::move(batch));
    }
    session.pending.clear();
  }

  const protocol::KeyPair& key_;
  std::string url_;
  std::optional<host::HttpsClient> client_;
  protocol::ExchangeRequest request_;
  core::IpAddress source_;
  std::map<std::string, Session> sessions_;
};

int be_probes(const std::vector<Person>& people, const std::string& authority, int from) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::uint16_t port = 0;
  if (::read(from, &port, sizeof port) != sizeof port) return 1;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < people.size(); ++i) {
    threads.emplace_back([&, i] { SimulatedProbe(people[i], authority, port, i).run(); });
  }
  for (auto& thread : threads) thread.join();
  return 0;
}

// ---- the orchestrator's side ----

orchestrator::Registry registry_of(const std::vector<Person>& people) {
  orchestrator::Registry registry;
  for (std::size_t i = 0; i < people.size(); ++i) {
    const auto der = people[i].key.public_key().der();
    evidence::JsonText body;
    body.begin_object()
        .field("event", "joined")
        .field("id", people[i].key.public_key().fingerprint());
    body.field("key", core::base64(core::bytes_of(der))).field("kind", "probe");
    body.field("name", fmt::format("p{}", i)).field("segment", fmt::format("s{}", i));
    body.field("state", "active").end_object();
    if (!registry.apply("probe", body.take())) std::abort();
  }
  return registry;
}

std::string names(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += fmt::format("{}w{}", i == 0 ? "" : ", ", i);
  return list;
}

/// Everybody to everybody on so many ports, all forbidden.
std::string scenario_text(std::size_t probes, std::size_t ports) {
  std::string text =
      "version: 1\nname: bench\nowner: you@example.org\n"
      "defaults: { expectation: deny, check: { attempts: 1, timeout: 1s, samples: 1 } "
      "}\nsegments:\n";
  for (std::size_t i = 0; i < probes; ++i) text += fmt::format("  s{}: {{ mode: enforce }}\n", i);
  text += "workloads:\n";
  for (std::size_t i = 0; i < probes; ++i) {
    text += fmt::format("  w{0}: {{ segment: s{0}, match: [ {{ cidr: 10.0.{0}.0/24 }} ] }}\n", i);
  }
  text += fmt::format("forbids:\n  - id: X1\n    title: nothing\n    from: [{0}]\n    to: [{0}]\n",
                      names(probes));
  text += "    reach: direct\n    service: [";
  for (std::size_t i = 0; i < ports; ++i)
    text += fmt::format("{}tcp/{}", i == 0 ? "" : ", ", 2000 + i);
  return text + "]\nlimits: { rate: 1000000/s, per-target: 1000000/s }\n";
}

std::string inventory_text(std::size_t probes) {
  std::string text = "version: 1\nendpoints:\n";
  for (std::size_t i = 0; i < probes; ++i) {
    text += fmt::format(
        "  - {{ workload: w{0}, name: p{0}, addresses: [\"10.0.{0}.10\"], probe: enrolled }}\n", i);
  }
  return text;
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

class Watch {
 public:
  void mark(const std::string& phase) {
    if (phase == phase_) return;
    const auto now = Clock::now();
    if (!phase_.empty()) {
      fmt::print("  {:<36}{:8.2f} s\n", phase_,
                 std::chrono::duration<double>(now - since_).count());
      std::fflush(stdout);
    }
    phase_ = phase;
    since_ = now;
  }
  [[nodiscard]] const std::string& phase() const { return phase_; }

 private:
  std::string phase_;
  Clock::time_point since_;
};

struct Outcome {
  double seconds = 0;
  std::size_t checks = 0;
  std::chrono::duration<double> longest_turn{0};
  std::string longest_in;
};

bool run(asio::io_context& loop, orchestrator::EvidenceKeeper& keeper, orchestrator::Fleet& fleet,
         std::size_t probes, std::size_t ports, Outcome& outcome) {
  const auto day = std::chrono::floor<std::chrono::days>(wall_now());
  auto scenario = scenarios::load_scenario(scenario_text(probes, ports), "scenario.yaml", day);
  if (!scenario) {
    for (const auto& problem : scenario.error())
      fmt::print(stderr, "{}\n", scenarios::text(problem));
    return false;
  }
  auto inventory =
      scenarios::load_inventory(inventory_text(probes), "inventory.yaml", scenario->scenario);
  if (!inventory) {
    for (const auto& problem : inventory.error())
      fmt::print(stderr, "{}\n", scenarios::text(problem));
    return false;
  }
  std::optional<orchestrator::FleetRuns::Finished> finished;
  orchestrator::RunEngine::Limits limits;
  limits.arm = limits.start = limits.stop = std::chrono::minutes(2);
  limits.grace = std::chrono::minutes(2);
  orchestrator::FleetRuns runs(loop, keeper, fleet, "secret", "", limits,
                               [&](const auto& done) { finished = done; });
  const auto began = Clock::now();
  Watch watch;
  watch.mark("plan");
  orchestrator::FleetRunOrder order;
  order.scenario = std::make_shared<const core::Scenario>(std::move(scenario->scenario));
  order.inventory = std::make_shared<const core::Inventory>(std::move(inventory->inventory));
  const auto id = runs.start(std::move(order));
  if (!id) {
    fmt::print(stderr, "{}\n", id.error().message);
    return false;
  }
  watch.mark("begin");
  while (!finished) {
    loop.restart();
    const auto turn = Clock::now();
    loop.run_one_for(std::chrono::milliseconds(50));
    if (const std::chrono::duration<double> took = Clock::now() - turn;
        took > outcome.longest_turn) {
      outcome.longest_turn = took;
      outcome.longest_in = watch.phase();
    }
    const auto active = runs.active();
    if (!active.empty() && !active.front().phase.empty()) {
      const bool over = active.front().phase == "stopping probes" && fleet.link().sessions() == 0;
      watch.mark(over ? "judge and store" : active.front().phase);
    }
  }
  watch.mark("sign");
  bool is_signed = false;
  keeper.sign([&](const Result<std::string>& note) { is_signed = note.has_value(); });
  while (!is_signed) {
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(50));
  }
  watch.mark("over");
  outcome.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  for (const auto& [word, count] : finished->results) {
    fmt::print("  {} {}\n", count, word);
    outcome.checks += static_cast<std::size_t>(count);
  }
  return finished->failure.message.empty();
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t checks = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const std::size_t probes = checks >= 100'000 ? 100 : 20;
  const std::size_t ports =
      std::max<std::size_t>(1, (checks + probes * (probes - 1) - 1) / (probes * (probes - 1)));
  std::signal(SIGPIPE, SIG_IGN);
  std::string pattern = (std::filesystem::temp_directory_path() / "bench-fleet-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const auto authority = orchestrator::Authority::open((folder / "authority").string(), wall_now());
  int down[2];
  if (!authority || pipe(down) != 0) return 1;
  std::vector<Person> people;
  for (std::size_t i = 0; i < probes; ++i) {
    auto key = *protocol::KeyPair::generate(protocol::KeyPair::Kind::P256);
    auto certificate = *authority->issue_probe(key.public_key(), "reachproof.local", wall_now(),
                                               std::chrono::hours(1));
    people.push_back({std::move(key), std::move(certificate)});
  }
  const pid_t child = fork();
  if (child == 0) {
    ::close(down[1]);
    _exit(be_probes(people, authority->certificate(), down[0]));
  }
  asio::io_context loop;
  const auto log = (folder / "evidence.db").string();
  auto key = orchestrator::key_for(log + ".key", log + ".vkey", log);
  const auto verifier = key->verifier();
  auto keeper = orchestrator::EvidenceKeeper::open(log, "bench", *key, loop.get_executor());
  orchestrator::Fleet::Events events{.changed = [](const std::string&) {},
                                     .noted = [](std::string_view, const std::string&) {}};
  auto fleet = orchestrator::Fleet::start(loop, **keeper, *authority, registry_of(people),
                                          {.names = {"127.0.0.1"}}, std::move(events));
  if (!fleet) return 1;
  const std::uint16_t port = (*fleet)->port();
  if (::write(down[1], &port, sizeof port) != sizeof port) return 1;
  const auto connected = [&] {
    return std::ranges::count_if((*fleet)->link().live(), [&](const auto& live) {
      return (*fleet)->link().is_connected(live.first);
    });
  };
  while (connected() < static_cast<std::ptrdiff_t>(probes)) {
    loop.restart();
    loop.run_for(std::chrono::milliseconds(20));
  }
  Outcome outcome;
  const bool sound = run(loop, **keeper, **fleet, probes, ports, outcome);
  const auto cpu = cpu_seconds();
  ::kill(child, SIGKILL);
  rusage of_probes{};
  int status = 0;
  wait4(child, &status, 0, &of_probes);
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto bytes = std::filesystem::file_size(log);
  fmt::print(
      "{} checks in {:.1f} s ({:.0f} a second), {:.2f} of the limit of {:.0f} s for a million\n",
      outcome.checks, outcome.seconds, static_cast<double>(outcome.checks) / outcome.seconds,
      outcome.seconds / (kLimitSeconds * static_cast<double>(outcome.checks) / 1e6), kLimitSeconds);
  fmt::print(
      "cpu: orchestrator {:.1f} s, {} simulated probes {:.1f} s; longest turn of the loop {:.2f} "
      "s ({})\n",
      cpu, probes, static_cast<double>(of_probes.ru_utime.tv_sec + of_probes.ru_stime.tv_sec),
      outcome.longest_turn.count(), outcome.longest_in);
  fmt::print("memory at most {} MiB; evidence {} MiB, {} records\n", use.ru_maxrss / 1024,
             bytes / (1U << 20U), (*keeper)->size());
  fleet->reset();
  keeper->reset();
  const auto verifying = Clock::now();
  const auto report = evidence::verify_log(log, verifier);
  fmt::print("evidence {} ({:.1f} s)\n", report && report->sound() ? "verifies" : "DOES NOT VERIFY",
             std::chrono::duration<double>(Clock::now() - verifying).count());
  std::filesystem::remove_all(folder);
  return sound && report && report->sound() ? 0 : 1;
}
