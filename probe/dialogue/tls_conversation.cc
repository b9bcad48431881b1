#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <memory>
#include <optional>

#include "probe/clock.h"
#include "probe/dialogue/conversation.h"
#include "probe/dialogue/dialogue_run.h"
#include "probe/dialogue/tls_watch.h"

namespace reachproof::probe {
namespace {

using State = core::Exchange::State;

/// After a handshake in which the server asked for a certificate and got none, some servers go on
/// and refuse in HTTP (nginx). Where they agreed to speak it, they are asked.
class HeadRequest : public Dialogue {
 public:
  explicit HeadRequest(std::string host) : host_(std::move(host)) {}
  std::string opening() override {
    return fmt::format("HEAD / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", host_);
  }
  Step take(std::string_view input) override {
    constexpr std::size_t kStatusLine = 12;  // "HTTP/1.1 400"
    if (input.size() < kStatusLine) return more();
    int status = 0;
    for (const char c : input.substr(9, 3)) {
      if (c < '0' || c > '9') return garbled(input);
      status = status * 10 + (c - '0');
    }
    if (!input.starts_with("HTTP/1.")) return garbled(input);
    const bool refused =
        status == 400 || status == 401 || status == 403 || status == 495 || status == 496;
    return probe::over(refused ? State::Refused : State::Answered, "over HTTP", status);
  }

 private:
  std::string host_;
};

class Tls : public Conversation {
 public:
  Tls(const core::Ask& ask, const Peer& peer) : ask_(ask), peer_(peer) {
    if (ask.layer != core::Layer::Tls) inner_.emplace(dialogue_for(ask, false));
  }

  Want begin() override {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (!context_) return fail("no TLS context");
    watch_.attach(context_.get());
    ssl_.reset(SSL_new(context_.get()));
    if (!ssl_ || SSL_set_fd(ssl_.get(), peer_.fd) != 1) return fail("no TLS session");
    const auto& name = ask_.server_name.empty() ? peer_.hostname : ask_.server_name;
    if (!name.empty()) {
      // What the macro SSL_set_tlsext_host_name does, without its cast.
      SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(name.c_str()));
    }
    std::string protocols;
    for (const auto& protocol : ask_.alpn) {
      protocols += static_cast<char>(protocol.size());
      protocols += protocol;
    }
    if (!protocols.empty()) {
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
    }
    SSL_set_connect_state(ssl_.get());
    return proceed();
  }

  Want proceed() override {
    if (!shaken_) {
      ERR_clear_error();
      const int done = SSL_do_handshake(ssl_.get());
      if (done != 1) return stopped(done);
      shaken_ = true;
      next_stage();
      const bool asks_itself = !inner_;
      if (asks_itself && !choose_what_follows()) return Want::Over;
      // In TLS 1.3 a refusal for want of a certificate comes now; what we would send meanwhile
      // could make the server's host reset the connection, and the refusal be lost.
      const bool may_refuse_yet =
          watch_.wants_certificate() && SSL_version(ssl_.get()) >= TLS1_3_VERSION;
      if (may_refuse_yet) held_until_us_ = monotonic_us() + kRefusalWaitUs;
      if (inner_ && !may_refuse_yet) inner_->begin();
    }
    if (held_until_us_ != 0 && inner_) {
      if (const auto want = hold()) return *want;
    }
    return talk();
  }

  [[nodiscard]] bool ticks() const override { return true; }

  void expire() override {
    if (!shaken_) {
      conclude(State::Silent, "no end of the handshake in time");
    } else if (inner_) {
      inner_->expire();
      take_over();
    } else {
      conclude(State::Silent, "it asked for a certificate, and then neither refused nor went on");
    }
  }

 private:
  /// A refusal that is under way takes one more round trip.
  static constexpr std::int64_t kRefusalWaitUs = 400'000;

  /// Waits for a refusal, or a sign that none will come; nothing once the dialogue may begin.
  std::optional<Want> hold() {
    std::array<char, 1> byte;
    ERR_clear_error();
    const int got = SSL_peek(ssl_.get(), byte.data(), 1);
    if (got <= 0 && SSL_get_error(ssl_.get(), got) != SSL_ERROR_WANT_READ) return stopped(got);
    if (got <= 0 && !watch_.has_ticket() && monotonic_us() < held_until_us_) return Want::Read;
    held_until_us_ = 0;
    inner_->begin();
    return std::nullopt;
  }

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  Want fail(const char* what) {
    conclude(State::Failed, what);
    return Want::Over;
  }

  void conclude(State state, std::string says) {
    exchange_ = {.state = state, .says = std::move(says)};
    if (state == State::Refused) exchange_.code = watch_.alert();
    watch_.describe(exchange_);
  }

  /// The inner dialogue's end, with what TLS showed.
  void take_over() {
    const auto inner = inner_->exchange();
    watch_.describe(exchange_);
    exchange_.state = inner.state;
    exchange_.code = inner.code;
    exchange_.says = inner.says;
  }

  /// After the handshake of a question about TLS itself: false where nothing more is needed.
  bool choose_what_follows() {
    // Up to TLS 1.2 a server that must have a certificate fails the handshake; in TLS 1.3 it says
    // so afterwards. One that did not ask for a certificate has no reason left.
    const bool later = SSL_version(ssl_.get()) >= TLS1_3_VERSION;
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &chosen, &size);
    const std::string_view protocol(reinterpret_cast<const char*>(chosen), size);
    if (watch_.wants_certificate() && protocol == "http/1.1") {
      const auto& name = ask_.server_name.empty() ? peer_.hostname : ask_.server_name;
      inner_.emplace(std::make_unique<HeadRequest>(name.empty() ? "localhost" : name));
      return true;
    }
    if (watch_.wants_certificate() && later) return true;
    conclude(State::Answered, "handshake done");
    return false;
  }

  Want talk() {
    std::array<char, 16384> buffer;
    for (;;) {
      if (inner_ && inner_->over()) {
        take_over();
        (void)write();
        SSL_shutdown(ssl_.get());
        return Want::Over;
      }
      if (inner_) {
        if (const auto want = write()) return *want;
      }
      ERR_clear_error();
      const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
      if (!inner_ && (got > 0 || watch_.has_ticket())) {
        conclude(State::Answered, "it asked for a certificate, got none, and went on");
        return Want::Over;
      }
      if (got <= 0) return stopped(got);
      inner_->feed({buffer.data(), static_cast<std::size_t>(got)});
    }
  }

  /// Sends what the dialogue has to say; something where that has to wait or has ended.
  std::optional<Want> write() {
    auto& output = inner_->output();
    while (!output.empty()) {
      ERR_clear_error();
      const int put = SSL_write(ssl_.get(), output.data(), static_cast<int>(output.size()));
      if (put <= 0) return stopped(put);
      output.erase(0, static_cast<std::size_t>(put));
    }
    return std::nullopt;
  }

  /// TLS wants to wait, or it is over.
  Want stopped(int returned) {
    const int error = SSL_get_error(ssl_.get(), returned);
    if (error == SSL_ERROR_WANT_READ) return Want::Read;
    if (error == SSL_ERROR_WANT_WRITE) return Want::Both;
    if (watch_.refused()) {
      conclude(State::Refused, "for want of a client certificate");
    } else if (watch_.alert() >= 0) {
      conclude(State::Garbled, fmt::format("TLS alert {}", watch_.alert()));
      exchange_.code = watch_.alert();
    } else if (inner_ && shaken_) {
      inner_->closed();
      take_over();
    } else if (error == SSL_ERROR_SSL && !is_end(ERR_peek_error())) {
      conclude(State::Garbled, fmt::format("not TLS: {}", reason_text(ERR_peek_error())));
    } else {
      conclude(State::Closed, shaken_ ? "closed after the handshake" : "closed in the handshake");
    }
    return Want::Over;
  }

  static bool is_end(unsigned long error) {
    return ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
  }
  static std::string reason_text(unsigned long error) {
    const char* text = ERR_reason_error_string(error);
    return text == nullptr ? "unknown" : text;
  }

  core::Ask ask_;
  Peer peer_;
  TlsWatch watch_;
  std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> ssl_;
  std::optional<DialogueRun> inner_;
  bool shaken_ = false;
  std::int64_t held_until_us_ = 0;
};

}  // namespace

std::unique_ptr<Conversation> make_tls(const core::Ask& ask, const Peer& peer) {
  if (ask.layer != core::Layer::Tls && !dialogue_for(ask, false)) return nullptr;
  return std::make_unique<Tls>(ask, peer);
}

}  // namespace reachproof::probe
