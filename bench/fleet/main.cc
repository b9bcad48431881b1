#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <poll.h>
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "core/base64.h"
#include "evidence/json_text.h"
#include "host/wall_clock.h"
#include "orchestrator/fleet/fleet.h"
#include "orchestrator/run_service.h"
#include "protocol/certificate.h"

/// Many enrolled probes with mutual TLS on one orchestrator: memory for each, what they cost while
/// nothing happens, and how fast a stop reaches them all. The probes are one child process that
/// holds as many real connections, each with a key and certificate of its own, on loopback.
namespace {

using namespace reachproof;
namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kIdle{20};

using host::wall_now;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  std::size_t resident = 0;
  file >> pages >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

// ---- the probes' side ----

struct Client {
  int fd = -1;
  SSL* ssl = nullptr;
};

std::string exchange_text(std::size_t number) {
  protocol::ExchangeRequest request{.instance = fmt::format("{:032x}", number + 1), .sequence = 1};
  request.wait_ms = protocol::kHoldMax.count();
  request.now = {wall_now(), 1};
  request.software = "bench";
  const auto body = protocol::encode(request);
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                     protocol::kExchangePath, body.size(), body);
}

Client connect(const orchestrator::Authority& authority, const protocol::KeyPair& key,
               std::uint16_t port, std::size_t number) {
  const auto pem = *authority.issue_probe(key.public_key(), "reachproof.local", wall_now(),
                                          std::chrono::hours(1));
  BIO* memory = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  X509* certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
  BIO_free(memory);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, static_cast<EVP_PKEY*>(key.handle()));
  X509_free(certificate);
  Client client{.fd = ::socket(AF_INET, SOCK_STREAM, 0)};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(client.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return {};
  client.ssl = SSL_new(context);
  SSL_CTX_free(context);
  SSL_set_fd(client.ssl, client.fd);
  const auto text = exchange_text(number);
  if (SSL_connect(client.ssl) != 1 ||
      SSL_write(client.ssl, text.data(), static_cast<int>(text.size())) <= 0) {
    return {};
  }
  return client;
}

/// Says "connected N" once all are, and "answered N" when all have heard or 30 s are over.
int be_probes(const orchestrator::Authority& authority, std::size_t count, int from, int to) {
  std::vector<protocol::KeyPair> keys;
  std::string list;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(*protocol::KeyPair::generate(protocol::KeyPair::Kind::P256));
    list += core::base64(core::bytes_of(keys.back().public_key().der())) + "\n";
  }
  list += "end\n";
  for (std::size_t at = 0; at < list.size();) {
    const auto put = ::write(to, list.data() + at, list.size() - at);
    if (put <= 0) return 1;
    at += static_cast<std::size_t>(put);
  }
  std::uint16_t port = 0;
  if (::read(from, &port, sizeof port) != sizeof port) return 1;
  std::vector<Client> clients;
  for (std::size_t i = 0; i < count; ++i) {
    auto client = connect(authority, keys[i], port, i);
    if (client.ssl != nullptr) clients.push_back(client);
  }
  dprintf(to, "connected %zu\n", clients.size());
  std::vector<pollfd> waiting;
  for (const auto& client : clients) {
    waiting.push_back({.fd = client.fd, .events = POLLIN, .revents = 0});
  }
  std::size_t answered = 0;
  const auto until = Clock::now() + kIdle + std::chrono::seconds(30);
  while (answered < clients.size() && Clock::now() < until) {
    if (::poll(waiting.data(), waiting.size(), 1000) <= 0) continue;
    for (auto& one : waiting) {
      if (one.revents == 0) continue;
      one.fd = -1;
      ++answered;
    }
  }
  dprintf(to, "answered %zu\n", answered);
  return 0;
}

// ---- the orchestrator's side ----

orchestrator::Registry registry_of(const std::vector<std::string>& keys) {
  orchestrator::Registry registry;
  for (const auto& key : keys) {
    const auto der = *core::from_base64(key);
    const std::string text(der.begin(), der.end());
    const auto id = protocol::sha256_hex(text);
    evidence::JsonText body;
    body.begin_object().field("event", "joined").field("id", id).field("key", key);
    body.field("kind", "probe").field("name", id.substr(0, 16)).field("segment", "bench");
    body.field("state", "active").end_object();
    if (!registry.apply("probe", body.take())) std::abort();
  }
  return registry;
}

std::string line_from(FILE* stream) {
  std::string line;
  for (int c = std::fgetc(stream); c != EOF && c != '\n'; c = std::fgetc(stream)) {
    line += static_cast<char>(c);
  }
  return line;
}

void run_for(asio::io_context& loop, std::chrono::milliseconds time) {
  loop.restart();
  loop.run_for(time);
}

int be_orchestrator(const std::filesystem::path& folder, const orchestrator::Authority& authority,
                    std::size_t count, int from, int to) {
  FILE* probes = fdopen(from, "r");
  std::vector<std::string> keys;
  for (auto line = line_from(probes); line != "end" && !line.empty(); line = line_from(probes)) {
    keys.push_back(line);
  }
  asio::io_context loop;
  const auto log = (folder / "evidence.db").string();
  auto key = orchestrator::key_for(log + ".key", log + ".vkey", log);
  auto keeper = orchestrator::EvidenceKeeper::open(log, "bench", *key, loop.get_executor());
  orchestrator::Fleet::Options options{.names = {"127.0.0.1"}};
  options.link.hold_max = protocol::kHoldMax;
  orchestrator::Fleet::Events events{.changed = [](const std::string&) {},
                                     .noted = [](std::string_view, const std::string&) {}};
  auto fleet = orchestrator::Fleet::start(loop, **keeper, authority, registry_of(keys),
                                          std::move(options), std::move(events));
  if (!fleet) return 1;
  const auto before = resident_bytes();
  const auto began = Clock::now();
  const std::uint16_t port = (*fleet)->port();
  if (::write(to, &port, sizeof port) != sizeof port) return 1;
  pollfd said{.fd = from, .events = POLLIN, .revents = 0};
  while (::poll(&said, 1, 0) == 0 && Clock::now() - began < std::chrono::minutes(3)) {
    run_for(loop, std::chrono::milliseconds(20));
  }
  const auto connected = line_from(probes);
  run_for(loop, std::chrono::seconds(2));
  const std::chrono::duration<double> storm = Clock::now() - began;
  const auto bytes = resident_bytes() - before;
  fmt::print("{} of {} ({} connections here), mutual TLS 1.3, in {:.1f} s\n", connected, count,
             (*fleet)->plane_counters().connections, storm.count());
  fmt::print("memory for each: {:.1f} KiB (limit 100)\n",
             static_cast<double>(bytes) / 1024.0 / static_cast<double>(count));
  const auto cpu = cpu_seconds();
  run_for(loop, kIdle);
  fmt::print("idle: {:.2f} % of a core (limit 5)\n",
             100.0 * (cpu_seconds() - cpu) / static_cast<double>(kIdle.count()));
  const auto stop_began = Clock::now();
  (*fleet)->link().engage_stop({.id = "1", .reason = "bench", .time = wall_now()});
  while (::poll(&said, 1, 0) == 0 && Clock::now() - stop_began < std::chrono::seconds(40)) {
    run_for(loop, std::chrono::milliseconds(5));
  }
  const std::chrono::duration<double> reached = Clock::now() - stop_began;
  fmt::print("stop: {} of {} probes in {:.2f} s (limit 5)\n", line_from(probes), count,
             reached.count());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10'000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  std::signal(SIGPIPE, SIG_IGN);
  std::string pattern = (std::filesystem::temp_directory_path() / "bench-fleet-XXXXXX").string();
  const std::filesystem::path folder = mkdtemp(pattern.data());
  const auto authority = orchestrator::Authority::open((folder / "authority").string(), wall_now());
  int up[2];
  int down[2];
  if (!authority || pipe(up) != 0 || pipe(down) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    ::close(up[0]);
    ::close(down[1]);
    _exit(be_probes(*authority, count, down[0], up[1]));
  }
  ::close(up[1]);
  ::close(down[0]);
  const int result = be_orchestrator(folder, *authority, count, up[0], down[1]);
  ::kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  std::filesystem::remove_all(folder);
  return result;
}
