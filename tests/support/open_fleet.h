#pragma once

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base64.h"
#include "evidence/json_text.h"
#include "host/compress.h"
#include "host/https.h"
#include "host/wall_clock.h"
#include "orchestrator/fleet/fleet.h"
#include "protocol/codec.h"
#include "protocol/fleet.h"
#include "tests/support/memory_keeper.h"
#include "tests/support/program.h"

namespace reachproof::test {

using protocol::KeyPair;

/// Who a probe is: a key, and what it shows for it.
struct ProbePerson {
  std::string name;
  KeyPair key;
  std::string certificate;
  [[nodiscard]] std::string id() const { return key.public_key().fingerprint(); }
};

/// A fleet with its plane on loopback and two enrolled probes, `good` and `evil`, that the test
/// plays itself over real mutual TLS, saying whatever it likes.
class OpenFleet {
 public:
  explicit OpenFleet(orchestrator::FleetLink::Options link = {},
                     orchestrator::ProbePlane::Options plane = {}) {
    authority_.emplace(
        *orchestrator::Authority::open((folder_ / "authority").string(), host::wall_now()));
    for (const auto* name : {"good", "evil", "banned", "waiting"}) people_.push_back(person(name));
    orchestrator::Registry registry;
    for (const auto& one : people_) enrol(registry, one);
    orchestrator::Fleet::Options options{.names = {"127.0.0.1"}};
    options.link = link;
    options.plane = std::move(plane);
    orchestrator::Fleet::Events events;
    events.changed = [](const std::string&) {};
    events.noted = [](std::string_view, const std::string&) {};
    auto fleet = orchestrator::Fleet::start(loop_, keeper_, *authority_, std::move(registry),
                                            std::move(options), std::move(events));
    EXPECT_TRUE(fleet) << (fleet ? "" : fleet.error().message);
    fleet_ = std::move(*fleet);
    thread_ = std::thread([this] {
      const auto work = boost::asio::make_work_guard(loop_);
      loop_.run();
    });
  }
  ~OpenFleet() {
    on_loop([this] { channels_.clear(); });
    loop_.stop();
    thread_.join();
    fleet_.reset();
  }
  OpenFleet(const OpenFleet&) = delete;
  OpenFleet& operator=(const OpenFleet&) = delete;

  template <class Work>
  void on_loop(Work work) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  [[nodiscard]] const ProbePerson& who(const std::string& name) const {
    for (const auto& one : people_) {
      if (one.name == name) return one;
    }
    std::abort();
  }
  [[nodiscard]] ProbePerson person(const std::string& name, std::chrono::milliseconds since = {},
                                   std::chrono::seconds life = std::chrono::hours(1)) const {
    auto key = *KeyPair::generate(KeyPair::Kind::P256);
    auto certificate = *authority_->issue_probe(key.public_key(), "reachproof.local",
                                                host::wall_now() - since, life);
    return {name, std::move(key), std::move(certificate)};
  }

  /// A run asks a probe for something; what it hears is in heard(), why it lost it in lost().
  void open_session(const std::string& session, const std::string& probe) {
    on_loop([&] {
      orchestrator::ProbeChannel::Events events;
      events.message = [this](protocol::Message&& message) {
        const std::lock_guard lock(mutex_);
        heard_.push_back(std::move(message));
      };
      events.lost = [this](const std::string& why) {
        const std::lock_guard lock(mutex_);
        lost_.push_back(why);
      };
      channels_.push_back(fleet_->link().open({.session = session,
                                               .run = "r-1",
                                               .probe = who(probe).id(),
                                               .endpoint = probe,
                                               .grant = ""},
                                              std::move(events)));
    });
  }
  /// As after a restart: the log holds these words of a session.
  void restore_session(const std::string& session, const std::string& probe,
                       const std::vector<std::string>& batches) {
    on_loop([&] {
      orchestrator::StoredSession stored;
      stored.order = {.session = session,
                      .run = "r-1",
                      .probe = who(probe).id(),
                      .endpoint = probe,
                      .grant = ""};
      stored.last_batch = batches.size();
      for (const auto& lines : batches) {
        stored.stream += lines;
        stored.digests.push_back(orchestrator::batch_digest(lines));
      }
      fleet_->link().restore(std::move(stored));
    });
    open_session(session, probe);
  }
  void close_sessions() {
    on_loop([this] { channels_.clear(); });
  }
  [[nodiscard]] std::size_t heard() {
    const std::lock_guard lock(mutex_);
    return heard_.size();
  }
  [[nodiscard]] std::vector<std::string> lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  /// Bodies of the records of that kind.
  [[nodiscard]] std::vector<std::string> records(const std::string& kind) {
    std::vector<std::string> bodies;
    on_loop([&] {
      for (const auto& record : keeper_.records) {
        if (record.kind == kind) bodies.push_back(record.body);
      }
    });
    return bodies;
  }
  [[nodiscard]] std::size_t recorded(const std::string& kind, const std::string& with) {
    std::size_t count = 0;
    for (const auto& body : records(kind)) count += body.find(with) != std::string::npos ? 1 : 0;
    return count;
  }

  [[nodiscard]] std::uint16_t port() const { return fleet_->port(); }
  [[nodiscard]] host::HttpsOptions tls(const ProbePerson& as) const {
    return {.ca_pem = authority_->certificate(),
            .certificate_pem = as.certificate,
            .key_pem = as.key.pem(),
            .tls13_only = true};
  }
  [[nodiscard]] std::string url(std::string_view path) const {
    return "https://127.0.0.1:" + std::to_string(fleet_->port()) + std::string(path);
  }
  Result<host::HttpsResponse> post(const ProbePerson& as, std::string_view path, std::string body,
                                   std::vector<std::string> headers = {}) const {
    host::HttpsClient client(tls(as));
    return client.perform({.method = "POST",
                           .url = url(path),
                           .headers = std::move(headers),
                           .body = std::move(body),
                           .timeout = std::chrono::seconds(20),
                           .response_bytes_max = 4U << 20U});
  }
  /// Until so much waits for a disk that is slow.
  void until_waiting(std::size_t jobs) {
    std::size_t waiting = 0;
    for (int i = 0; i < 500 && waiting < jobs; ++i) {
      on_loop([&] { waiting = keeper_.waiting(); });
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_EQ(waiting, jobs);
  }
  orchestrator::Fleet& fleet() { return *fleet_; }
  MemoryKeeper& keeper() { return keeper_; }
  const orchestrator::Authority& authority() const { return *authority_; }

 private:
  static void enrol(orchestrator::Registry& registry, const ProbePerson& one) {
    const auto state = one.name == "banned"    ? "banned"
                       : one.name == "waiting" ? "pending"
                                               : "active";
    evidence::JsonText body;
    body.begin_object().field("event", "joined").field("id", one.id());
    body.field("key", core::base64(core::bytes_of(one.key.public_key().der())));
    body.field("kind", "probe").field("name", one.name).field("segment", "test");
    body.field("state", state).end_object();
    EXPECT_TRUE(registry.apply("probe", body.take()));
  }

  testing::TemporaryFolder folder_;
  std::optional<orchestrator::Authority> authority_;
  std::vector<ProbePerson> people_;
  boost::asio::io_context loop_;
  MemoryKeeper keeper_;
  std::unique_ptr<orchestrator::Fleet> fleet_;
  std::vector<std::unique_ptr<orchestrator::ProbeChannel>> channels_;
  std::mutex mutex_;
  std::vector<protocol::Message> heard_;
  std::vector<std::string> lost_;
  std::thread thread_;
};

/// A probe's exchanges, one after another, with whatever the test puts into them.
class ProbeVoice {
 public:
  ProbeVoice(const OpenFleet& fleet, const ProbePerson& as)
      : fleet_(fleet), as_(as), link_(fleet.tls(as)) {
    request_.instance = as.id().substr(0, 32);
    request_.software = "test";
    request_.host = as.name;
  }
  /// What is said of itself from now on.
  protocol::ExchangeRequest& about() { return request_; }
  /// The answer, or nothing where it was refused; then status() says how.
  std::optional<protocol::ExchangeAnswer> say(std::vector<protocol::Batch> batches,
                                              std::vector<protocol::SessionReport> sessions = {}) {
    ++request_.sequence;
    request_.now = {host::wall_now(), static_cast<std::int64_t>(request_.sequence)};
    request_.batches = std::move(batches);
    request_.sessions = std::move(sessions);
    const auto response = link_.perform({.method = "POST",
                                         .url = fleet_.url(protocol::kExchangePath),
                                         .body = protocol::encode(request_),
                                         .timeout = std::chrono::seconds(20),
                                         .response_bytes_max = 4U << 20U});
    status_ = response ? response->status : 0;
    if (status_ != 200) return std::nullopt;
    auto answer = protocol::decode_exchange_answer(response->body);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().message);
    if (!answer) return std::nullopt;
    return std::move(*answer);
  }
  [[nodiscard]] protocol::Batch batch(const std::string& session, std::uint64_t sequence,
                                      std::string lines) const {
    protocol::Batch made{.session = session, .sequence = sequence, .lines = std::move(lines)};
    made.signature = protocol::sign_base64(as_.key, protocol::batch_text(made));
    return made;
  }
  [[nodiscard]] int status() const { return status_; }

 private:
  const OpenFleet& fleet_;
  const ProbePerson& as_;
  host::HttpsClient link_;
  protocol::ExchangeRequest request_;
  int status_ = 0;
};

inline std::string line(const protocol::Message& message) {
  return protocol::encode(message) + "\n";
}
inline std::string outcome(std::uint64_t id, core::Outcome what = core::Outcome::TimedOut) {
  return line(protocol::OutcomeReport{.id = id, .outcome = what});
}

}  // namespace reachproof::test
