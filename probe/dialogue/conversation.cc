#include "probe/dialogue/conversation.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "probe/dialogue/dialogue_run.h"

namespace reachproof::probe {
namespace {

/// A dialogue over a socket as it is.
class Plain : public Conversation {
 public:
  Plain(std::unique_ptr<Dialogue> dialogue, int fd) : run_(std::move(dialogue)), fd_(fd) {}

  Want begin() override {
    run_.begin();
    return proceed();
  }

  Want proceed() override {
    std::array<char, 16384> buffer;
    while (!run_.over()) {
      if (!flush()) return concluded();
      const auto got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return run_.output().empty() ? Want::Read : Want::Both;
      }
      if (got <= 0) {
        run_.closed();
      } else {
        run_.feed({buffer.data(), static_cast<std::size_t>(got)});
      }
    }
    (void)flush();  // the farewell, as far as there is room
    return concluded();
  }

  void expire() override {
    run_.expire();
    exchange_ = run_.exchange();
  }

 private:
  Want concluded() {
    exchange_ = run_.exchange();
    return Want::Over;
  }

  /// Sends as much as there is room for; false once the peer is gone.
  bool flush() {
    auto& output = run_.output();
    while (!output.empty()) {
      const auto put = ::send(fd_, output.data(), output.size(), MSG_NOSIGNAL);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      if (put < 0) {
        if (!run_.over()) run_.closed();
        return false;
      }
      output.erase(0, static_cast<std::size_t>(put));
    }
    return true;
  }

  DialogueRun run_;
  int fd_;
};

}  // namespace

void DialogueRun::begin() {
  output_ = dialogue_->opening();
}

void DialogueRun::feed(std::string_view bytes) {
  input_ += bytes;
  while (!over_ && !input_.empty()) {
    auto step = dialogue_->take(input_);
    output_ += step.send;
    if (step.over) {
      conclude(std::move(step.exchange));
    } else if (step.used > 0) {
      input_.erase(0, step.used);
      continue;
    } else if (input_.size() > kDialogueBytesMax) {
      conclude({.state = core::Exchange::State::Garbled, .says = "it talks without end"});
    }
    break;
  }
}

void DialogueRun::closed() {
  if (over_) return;
  if (input_.empty()) {
    conclude({.state = core::Exchange::State::Closed, .says = "closed without an answer"});
  } else {
    conclude({.state = core::Exchange::State::Garbled,
              .says = "closed in the middle of: " +
                      printable_part(std::string_view(input_).substr(0, 60))});
  }
}

void DialogueRun::expire() {
  if (over_) return;
  conclude({.state = core::Exchange::State::Silent,
            .says = input_.empty() ? "no answer in time" : "its answer was not whole in time"});
}

void DialogueRun::conclude(core::Exchange exchange) {
  over_ = true;
  exchange_ = std::move(exchange);
}

std::unique_ptr<Conversation> make_plain(const core::Ask& ask, const Peer& peer) {
  auto dialogue = dialogue_for(ask, false);
  if (!dialogue) return nullptr;
  return std::make_unique<Plain>(std::move(dialogue), peer.fd);
}

bool can_ask(const core::Ask& ask, core::Protocol protocol) {
  const bool tcp = protocol == core::Protocol::Tcp;
  switch (ask.layer) {
    case core::Layer::Tls:
    case core::Layer::Http:
    case core::Layer::Keepalive:
      return tcp;
    case core::Layer::Dns:
      return true;
    case core::Layer::Service:
      break;
  }
  const auto* service = core::service_named(ask.service);
  return service != nullptr && (tcp ? service->over_tcp : service->over_udp) &&
         (!ask.exercise || service->exercises) && (!ask.over_tls || tcp);
}

std::unique_ptr<Conversation> conversation_for(const core::Ask& ask, const Peer& peer) {
  switch (ask.layer) {
    case core::Layer::Http:
      return make_http(ask, peer);
    case core::Layer::Tls:
      return make_tls(ask, peer);
    case core::Layer::Keepalive:
      return make_keepalive(ask, peer);
    case core::Layer::Dns:
      return make_plain(ask, peer);
    case core::Layer::Service:
      break;
  }
  if (http_service(ask.service) != nullptr) return make_http(ask, peer);
  return ask.over_tls ? make_tls(ask, peer) : make_plain(ask, peer);
}

}  // namespace reachproof::probe
