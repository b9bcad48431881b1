// libFuzzer on what a hostile server says: every dialogue, in pieces; and a whole conversation over
// a socket pair, TLS and HTTP among them. REACHPROOF_FUZZ_ASK=N keeps to one prober, the N-th from
// 0 of the list below; `tools/dev fuzz` gives each its time.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "core/check.h"
#include "probe/dialogue/conversation.h"
#include "probe/dialogue/dialogue_run.h"

namespace {

using namespace reachproof;

std::vector<core::Ask> all_asks() {
  std::vector<core::Ask> asks{
      {.layer = core::Layer::Dns, .name = "a.example"},
      {.layer = core::Layer::Dns, .name = "a.example", .type = core::DnsType::Aaaa},
      {.layer = core::Layer::Tls, .alpn = {"http/1.1"}},
      {.layer = core::Layer::Http},
      {.layer = core::Layer::Http, .method = "HEAD", .over_tls = true},
      {.layer = core::Layer::Keepalive, .hold = std::chrono::seconds(1)}};
  for (const auto& service : core::known_services()) {
    core::Ask ask{.layer = core::Layer::Service, .service = std::string(service.name)};
    asks.push_back(ask);
    if (!service.exercises) continue;
    ask.exercise = true;
    asks.push_back(ask);
  }
  return asks;
}

void feed(const core::Ask& ask, std::string_view bytes, std::size_t piece) {
  auto dialogue = probe::dialogue_for(ask, false);
  if (!dialogue) return;
  probe::DialogueRun run(std::move(dialogue));
  run.begin();
  for (std::size_t at = 0; at < bytes.size() && !run.over(); at += piece) {
    run.feed(bytes.substr(at, piece));
    CHECK(run.output().size() < 4096);
  }
  run.closed();
  CHECK(run.over());
  CHECK(run.exchange().says.size() <= 300);
  CHECK(run.exchange().names.size() <= 64);
  if (auto datagrams = probe::dialogue_for(ask, true); datagrams && !bytes.empty()) {
    (void)datagrams->opening();
    (void)datagrams->take(bytes);
  }
}

/// The peer says all of it at once and closes: the conversation must come to its end by itself.
void converse(const core::Ask& ask, std::string_view bytes) {
  int ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
  auto conversation = probe::conversation_for(
      ask, {.fd = ends[0], .address = *core::IpAddress::parse("192.0.2.1"), .port = 443});
  if (conversation) {
    (void)!::write(ends[1], bytes.data(), bytes.size());
    auto want = conversation->begin();
    ::shutdown(ends[1], SHUT_WR);
    constexpr int kTurnsMax = 100'000;
    for (int turn = 0; want != probe::Conversation::Want::Over; ++turn) {
      want = conversation->proceed();
      CHECK(turn < kTurnsMax);
    }
    CHECK(conversation->exchange().says.size() <= 300);
    conversation.reset();
  }
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* only = std::getenv("REACHPROOF_FUZZ_ASK");
  if (only == nullptr) return 0;
  const auto asks = all_asks();
  const auto index = std::strtoul(only, nullptr, 10);
  if (index >= asks.size()) std::exit(3);  // the script counts up to here
  std::fprintf(stderr, "prober %s\n", core::label_of(asks[index]).c_str());
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto asks = all_asks();
  static const char* const only = std::getenv("REACHPROOF_FUZZ_ASK");
  if (size < 2) return 0;
  const auto& ask = asks[only != nullptr ? std::strtoul(only, nullptr, 10) : data[0] % asks.size()];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  feed(ask, bytes, 1 + data[1] % 64U);
  converse(ask, bytes);
  return 0;
}
