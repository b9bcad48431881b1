#include "probe/resolver.h"

#include <ares.h>
#include <netdb.h>

#include <array>

#include "probe/socket_address.h"

namespace reachproof::probe {

struct Resolver::State {
  ares_channel channel{};
};

namespace {

constexpr int kTimeoutMs = 1500;
constexpr int kTries = 2;

std::string problem_word(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "NXDOMAIN: no such name";
    case ARES_ENODATA:
      return "the name has no address of this family";
    case ARES_EREFUSED:
      return "REFUSED by the resolver";
    case ARES_ESERVFAIL:
      return "SERVFAIL from the resolver";
    case ARES_ETIMEOUT:
      return "the resolver did not answer";
    case ARES_ECONNREFUSED:
      return "the resolver could not be reached";
    default:
      return ares_strerror(status);
  }
}

using Callback = std::function<void(const Resolver::Answer&)>;

void on_answer(void* argument, int status, int, ares_addrinfo* info) {
  const std::unique_ptr<Callback> done(static_cast<Callback*>(argument));
  Resolver::Answer answer;
  if (status != ARES_SUCCESS) {
    answer.problem = problem_word(status);
  } else {
    for (auto* node = info->nodes; node != nullptr; node = node->ai_next) {
      sockaddr_storage storage{};
      std::copy_n(reinterpret_cast<const char*>(node->ai_addr), node->ai_addrlen,
                  reinterpret_cast<char*>(&storage));
      answer.addresses.push_back(address_of(storage).address);
    }
    ares_freeaddrinfo(info);
    if (answer.addresses.empty()) answer.problem = "the name has no address of this family";
  }
  (*done)(answer);
}

}  // namespace

Resolver::Resolver(std::unique_ptr<State> state) : state_(std::move(state)) {}

Resolver::~Resolver() {
  ares_destroy(state_->channel);
  ares_library_cleanup();
}

Result<std::unique_ptr<Resolver>> Resolver::create() {
  if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
    return fail(ErrorCode::Internal, "c-ares did not start");
  }
  ares_options options{};
  options.timeout = kTimeoutMs;
  options.tries = kTries;
  auto state = std::make_unique<State>();
  const int status =
      ares_init_options(&state->channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
  if (status != ARES_SUCCESS) return fail(ErrorCode::Io, ares_strerror(status));
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

void Resolver::resolve(const std::string& name, core::Family family, Callback done) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family_number(family);
  hints.ai_flags = ARES_AI_NOSORT;
  auto argument = std::make_unique<Callback>(std::move(done));
  ares_getaddrinfo(state_->channel, name.c_str(), nullptr, &hints, on_answer, argument.release());
}

void Resolver::prepare(std::vector<pollfd>& fds, int& timeout_ms) const {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int bits = ares_getsock(state_->channel, sockets.data(), ARES_GETSOCK_MAXNUM);
  for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(bits, i)) events = static_cast<short>(events | POLLIN);
    if (ARES_GETSOCK_WRITABLE(bits, i)) events = static_cast<short>(events | POLLOUT);
    if (events == 0) continue;
    fds.push_back({.fd = sockets[static_cast<std::size_t>(i)], .events = events, .revents = 0});
    timeout_ms = timeout_ms < 0 ? 50 : std::min(timeout_ms, 50);
  }
}

void Resolver::process() {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int bits = ares_getsock(state_->channel, sockets.data(), ARES_GETSOCK_MAXNUM);
  if (bits == 0) return;
  // ares_process_fd wants to know which are ready; its reads do not block, so all may be tried.
  for (int i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    const auto socket = sockets[static_cast<std::size_t>(i)];
    const bool reads = ARES_GETSOCK_READABLE(bits, i) != 0;
    const bool writes = ARES_GETSOCK_WRITABLE(bits, i) != 0;
    if (reads || writes) {
      ares_process_fd(state_->channel, reads ? socket : ARES_SOCKET_BAD,
                      writes ? socket : ARES_SOCKET_BAD);
    }
  }
  ares_process_fd(state_->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // its timeouts
}

}  // namespace reachproof::probe
