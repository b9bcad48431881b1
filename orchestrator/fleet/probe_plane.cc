#include "orchestrator/fleet/probe_plane.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "host/compress.h"
#include "orchestrator/fleet/plane_http.h"
#include "orchestrator/fleet/plane_listener.h"
#include "orchestrator/fleet/plane_tls.h"
#include "protocol/fleet.h"

namespace reachproof::orchestrator {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kListenerId = 0;
constexpr std::uint64_t kWakeId = 1;

struct Connection {
  enum class State { Handshake, Reading, Waiting, Writing };

  Connection(int socket, ssl_st* session, std::string from, const ProbePlane::Options& options)
      : fd(socket),
        ssl(session),
        peer_address(std::move(from)),
        reader(options.header_bytes_max, options.body_bytes_max) {}
  ~Connection() {
    SSL_free(ssl);
    ::close(fd);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd;
  ssl_st* ssl;
  std::string peer_address;
  PlanePeer peer;
  PlaneHttpReader reader;
  State state = State::Handshake;
  std::string output;
  std::size_t written = 0;
  bool close_after = false;
  Clock::time_point deadline;
  double tokens = 0;
  Clock::time_point filled;
};

/// Answers that come from other threads; lives as long as anybody may still answer.
struct Mailbox {
  std::mutex mutex;
  std::vector<std::pair<std::uint64_t, PlaneAnswer>> answers;
  std::vector<std::string> keys_to_close;
  std::shared_ptr<PlaneTls> fresh_tls;
  bool stopping = false;
  int wake_fd = -1;

  Mailbox() : wake_fd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
  ~Mailbox() { ::close(wake_fd); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto put = ::write(wake_fd, &one, sizeof one);
  }
};

class Plane : public ProbePlane {
 public:
  Plane(Options options, Handler handler, std::shared_ptr<PlaneTls> tls, int listener,
        std::uint16_t port)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        tls_(std::move(tls)),
        listener_(listener),
        port_(port),
        mailbox_(std::make_shared<Mailbox>()),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        thread_([this] { work(); }) {}
  ~Plane() override {
    {
      const std::lock_guard lock(mailbox_->mutex);
      mailbox_->stopping = true;
    }
    mailbox_->wake();
    thread_.join();
    connections_.clear();
    ::close(listener_);
    ::close(epoll_);
  }
  Plane(const Plane&) = delete;
  Plane& operator=(const Plane&) = delete;

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  [[nodiscard]] Result<void> set_certificate(const std::string& certificate_pem,
                                             const std::string& key_pem) override {
    auto tls = PlaneTls::create(certificate_pem, key_pem, options_.authority_pem);
    if (!tls) return tl::unexpected(tls.error());
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->fresh_tls = std::move(*tls);
    mailbox_->wake();
    return {};
  }

  void close_key(const std::string& key) override {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->keys_to_close.push_back(key);
    mailbox_->wake();
  }

  [[nodiscard]] Counters counters() const override {
    return {open_, accepted_, refused_, handshakes_failed_, requests_, bad_requests_, cut_off_};
  }

 private:
  void work() {
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD, kListenerId);
    watch(mailbox_->wake_fd, EPOLLIN, EPOLL_CTL_ADD, kWakeId);
    auto next_sweep = Clock::now();
    std::array<epoll_event, 256> events{};
    while (true) {
      const int ready = epoll_wait(epoll_, events.data(), events.size(), 500);
      for (int i = 0; i < ready; ++i) {
        const auto id = events[static_cast<std::size_t>(i)].data.u64;
        if (id == kListenerId) {
          accept_some();
        } else if (id == kWakeId) {
          if (!take_mail()) return;
        } else {
          move(id, events[static_cast<std::size_t>(i)].events);
        }
      }
      if (Clock::now() >= next_sweep) {
        sweep();
        next_sweep = Clock::now() + std::chrono::milliseconds(500);
      }
    }
  }

  void watch(int fd, std::uint32_t what, int operation, std::uint64_t id) const {
    epoll_event event{};
    event.events = what;
    event.data.u64 = id;
    epoll_ctl(epoll_, operation, fd, &event);
  }

  // ---- connections ----

  void accept_some() {
    constexpr int kAtOnce = 64;
    for (int i = 0; i < kAtOnce; ++i) {
      sockaddr_storage from{};
      socklen_t size = sizeof from;
      const int fd = accept4(listener_, reinterpret_cast<sockaddr*>(&from), &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) {
        // Out of descriptors: the listener stays readable, so look again a little later.
        const bool full = errno == EMFILE || errno == ENFILE;
        if (full) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        return;
      }
      take_connection(fd, address_text(from));
    }
  }

  void take_connection(int fd, std::string from) {
    ++accepted_;
    auto& unproven = unproven_[from];
    ssl_st* session = nullptr;
    if (connections_.size() < options_.connections_max &&
        unproven < options_.unproven_per_address_max) {
      session = tls_->accept(fd);
    }
    if (session == nullptr) {
      ++refused_;
      if (unproven == 0) unproven_.erase(from);
      ::close(fd);
      return;
    }
    ++unproven;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto id = next_id_++;
    auto connection = std::make_unique<Connection>(fd, session, std::move(from), options_);
    connection->deadline = Clock::now() + options_.handshake_max;
    connection->tokens = options_.requests_per_second;
    connection->filled = Clock::now();
    watch(fd, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD, id);
    connections_.emplace(id, std::move(connection));
    open_ = connections_.size();
  }

  void drop(std::uint64_t id) {
    const auto it = connections_.find(id);
    if (it == connections_.end()) return;
    const auto& c = *it->second;
    if (!c.peer.certified) release_unproven(c.peer_address);
    if (const auto own = of_key_.find(c.peer.key); own != of_key_.end()) {
      own->second.erase(id);
      if (own->second.empty()) of_key_.erase(own);
    }
    connections_.erase(it);
    open_ = connections_.size();
  }

  /// A probe has one connection, and some that it has given up: the oldest goes.
  void make_room(std::uint64_t id, const Connection& c) {
    release_unproven(c.peer_address);
    auto& own = of_key_[c.peer.key];
    own.insert(id);
    if (own.size() <= options_.per_key_max) return;
    ++cut_off_;
    drop(*own.begin());
  }

  void release_unproven(const std::string& address) {
    const auto it = unproven_.find(address);
    if (it != unproven_.end() && --it->second == 0) unproven_.erase(it);
  }

  /// Ends what is past its deadline. Who waits for our own answer has none.
  void sweep() {
    const auto now = Clock::now();
    std::vector<std::uint64_t> late;
    for (const auto& [id, connection] : connections_) {
      if (connection->state != Connection::State::Waiting && connection->deadline < now) {
        late.push_back(id);
      }
    }
    for (const auto id : late) {
      ++cut_off_;
      drop(id);
    }
  }

  void move(std::uint64_t id, std::uint32_t what) {
    const auto it = connections_.find(id);
    if (it == connections_.end()) return;
    Connection& c = *it->second;
    if ((what & (EPOLLERR | EPOLLHUP)) != 0 ||
        (c.state == Connection::State::Waiting && (what & EPOLLRDHUP) != 0)) {
      drop(id);
      return;
    }
    bool alive = true;
    if (c.state == Connection::State::Handshake) alive = shake_hands(id, c);
    if (alive && c.state == Connection::State::Reading) alive = read_some(id, c);
    if (alive && c.state == Connection::State::Writing) alive = write_some(id, c);
    if (!alive) drop(id);
  }

  /// False where the connection is over.
  bool want_more(std::uint64_t id, Connection& c, int result) {
    const int why = SSL_get_error(c.ssl, result);
    if (why == SSL_ERROR_WANT_READ) {
      watch(c.fd, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_MOD, id);
      return true;
    }
    if (why == SSL_ERROR_WANT_WRITE) {
      watch(c.fd, EPOLLOUT | EPOLLRDHUP, EPOLL_CTL_MOD, id);
      return true;
    }
    ERR_clear_error();
    return false;
  }

  bool shake_hands(std::uint64_t id, Connection& c) {
    ERR_clear_error();
    const int result = SSL_accept(c.ssl);
    if (result != 1) {
      const bool going_on = want_more(id, c, result);
      if (!going_on) ++handshakes_failed_;
      return going_on;
    }
    auto peer = PlaneTls::peer(c.ssl);
    if (!peer) return false;
    c.peer = std::move(*peer);
    if (c.peer.certified) make_room(id, c);
    c.state = Connection::State::Reading;
    c.deadline = Clock::now() + options_.request_max;
    return true;
  }

  bool read_some(std::uint64_t id, Connection& c) {
    std::array<char, 16384> buffer;
    while (c.state == Connection::State::Reading) {
      ERR_clear_error();
      const int got = SSL_read(c.ssl, buffer.data(), buffer.size());
      if (got <= 0) return want_more(id, c, got);
      if (!c.reader.begun()) c.deadline = Clock::now() + options_.request_max;
      const int refused = c.reader.feed({buffer.data(), static_cast<std::size_t>(got)});
      if (refused != 0) {
        ++bad_requests_;
        begin_answer(c, {.status = refused, .body = "{}", .close = true});
      } else if (c.reader.complete()) {
        hand_over(id, c);
      }
    }
    return true;
  }

  bool within_rate(Connection& c) const {
    const auto now = Clock::now();
    const std::chrono::duration<double> passed = now - c.filled;
    const double rate = options_.requests_per_second;
    c.tokens = std::min(rate, c.tokens + passed.count() * rate);
    c.filled = now;
    if (c.tokens < 1) return false;
    c.tokens -= 1;
    return true;
  }

  void hand_over(std::uint64_t id, Connection& c) {
    ++requests_;
    if (!within_rate(c)) {
      ++bad_requests_;
      begin_answer(c, {.status = 429, .body = "{}", .close = true});
      return;
    }
    PlaneRequest request{.path = c.reader.path,
                         .body = std::move(c.reader.body),
                         .peer = c.peer_address,
                         .key = c.peer.key,
                         .key_der = c.peer.key_der,
                         .spiffe = c.peer.spiffe,
                         .certified = c.peer.certified};
    if (c.reader.zstd_body) {
      auto plain = host::decompress(request.body, protocol::kExchangeBytesMax);
      if (!plain) {
        ++bad_requests_;
        begin_answer(c, {.status = 400, .body = "{}", .close = true});
        return;
      }
      request.body = std::move(*plain);
    }
    c.state = Connection::State::Waiting;
    watch(c.fd, EPOLLRDHUP, EPOLL_CTL_MOD, id);
    handler_(std::move(request), [mailbox = mailbox_, id](PlaneAnswer answer) {
      const std::lock_guard lock(mailbox->mutex);
      mailbox->answers.emplace_back(id, std::move(answer));
      if (mailbox->answers.size() == 1) mailbox->wake();
    });
  }

  // ---- answers ----

  bool take_mail() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(mailbox_->wake_fd, &count, sizeof count);
    std::vector<std::pair<std::uint64_t, PlaneAnswer>> answers;
    std::vector<std::string> keys;
    {
      const std::lock_guard lock(mailbox_->mutex);
      if (mailbox_->stopping) return false;
      answers.swap(mailbox_->answers);
      keys.swap(mailbox_->keys_to_close);
      if (mailbox_->fresh_tls) tls_ = std::move(mailbox_->fresh_tls);
    }
    for (auto& [id, answer] : answers) {
      const auto it = connections_.find(id);
      if (it == connections_.end() || it->second->state != Connection::State::Waiting) continue;
      begin_answer(*it->second, std::move(answer));
      if (!write_some(id, *it->second)) drop(id);
    }
    for (const auto& key : keys) close_all_of(key);
    return true;
  }

  void close_all_of(const std::string& key) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, connection] : connections_) {
      if (connection->peer.key == key) ids.push_back(id);
    }
    for (const auto id : ids) drop(id);
  }

  void begin_answer(Connection& c, PlaneAnswer answer) {
    c.close_after = answer.close || !c.reader.keep_alive;
    c.output = http_text(answer, c.reader.zstd_answer, !c.close_after);
    c.written = 0;
    c.state = Connection::State::Writing;
    c.deadline = Clock::now() + options_.write_max;
  }

  bool write_some(std::uint64_t id, Connection& c) {
    while (c.written < c.output.size()) {
      ERR_clear_error();
      const int put = SSL_write(c.ssl, c.output.data() + c.written,
                                static_cast<int>(c.output.size() - c.written));
      if (put <= 0) return want_more(id, c, put);
      c.written += static_cast<std::size_t>(put);
    }
    if (c.close_after) {
      SSL_shutdown(c.ssl);
      return false;
    }
    c.output = std::string();
    c.reader.reset();
    c.state = Connection::State::Reading;
    c.deadline = Clock::now() + options_.idle_max;
    watch(c.fd, EPOLLIN | EPOLLRDHUP, EPOLL_CTL_MOD, id);
    // What OpenSSL has read ahead makes no descriptor readable.
    return SSL_pending(c.ssl) == 0 || read_some(id, c);
  }

  const Options options_;
  const Handler handler_;
  std::shared_ptr<PlaneTls> tls_;
  int listener_;
  std::uint16_t port_;
  std::shared_ptr<Mailbox> mailbox_;
  int epoll_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::map<std::string, std::size_t> unproven_;
  std::map<std::string, std::set<std::uint64_t>> of_key_;  ///< certified ones, the oldest first
  std::uint64_t next_id_ = 16;
  std::atomic<std::uint64_t> open_{0};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> handshakes_failed_{0};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> bad_requests_{0};
  std::atomic<std::uint64_t> cut_off_{0};
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ProbePlane>> ProbePlane::start(Options options, Handler handler) {
  auto tls = PlaneTls::create(options.certificate_pem, options.key_pem, options.authority_pem);
  if (!tls) return tl::unexpected(tls.error());
  auto listener = listen_at(options.address, options.port);
  if (!listener) return tl::unexpected(listener.error());
  return std::make_unique<Plane>(std::move(options), std::move(handler), std::move(*tls),
                                 listener->fd, listener->port);
}

}  // namespace reachproof::orchestrator
