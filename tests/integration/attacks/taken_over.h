#pragma once

#include <fmt/core.h>
#include <gmock/gmock.h>

#include <atomic>
#include <deque>

#include "orchestrator/fleet/authority.h"
#include "orchestrator/fleet/probe_plane.h"
#include "tests/support/loopback.h"
#include "tests/support/open_fleet.h"

/// A probe whose orchestrator was taken over: a real plane with the right keys, which asks for what
/// it must not have.
namespace reachproof::test {

inline constexpr const char* kSession = "r-1-0";

/// Lets everybody in, and answers exchanges as the test wants.
class HostilePlane {
 public:
  HostilePlane() {
    authority_.emplace(
        *orchestrator::Authority::open((folder_ / "authority").string(), host::wall_now()));
    const auto issued = *authority_->issue_server({"127.0.0.1"}, host::wall_now());
    orchestrator::ProbePlane::Options options;
    options.certificate_pem = issued.certificate;
    options.key_pem = issued.key;
    options.authority_pem = authority_->certificate();
    auto plane = orchestrator::ProbePlane::start(
        options, [this](orchestrator::PlaneRequest request, orchestrator::PlaneReply reply) {
          reply(answer(request));
        });
    EXPECT_TRUE(plane);
    plane_ = std::move(*plane);
  }

  [[nodiscard]] std::string token() const {
    return protocol::encode(
        protocol::JoinToken{.url = "https://127.0.0.1:" + std::to_string(plane_->port()),
                            .ca_pin = authority_->pin(),
                            .secret = "000000000000.secret"});
  }
  /// Opens a session and has these lines carried out in it, in their order.
  void order(std::vector<std::string> lines, const std::string& session = kSession) {
    const std::lock_guard lock(mutex_);
    session_ = session;
    lines_ = std::move(lines);
    opened_ = false;
  }
  /// Under a signed plan, or what passes for one.
  void order(std::vector<std::string> lines, const std::string& session, const std::string& grant) {
    order(std::move(lines), session);
    const std::lock_guard lock(mutex_);
    grant_ = grant;
  }
  void order(const protocol::Message& message) { order({protocol::encode(message)}); }
  /// What is done to each answer before it is sent, after it was signed.
  void spoil(std::function<void(protocol::ExchangeAnswer&)> how) {
    const std::lock_guard lock(mutex_);
    spoil_ = std::move(how);
  }
  /// Another machine in its place: with a certificate of its own authority.
  void show_certificate_of(const orchestrator::Authority& authority) {
    const auto issued = *authority.issue_server({"127.0.0.1"}, host::wall_now());
    EXPECT_TRUE(plane_->set_certificate(issued.certificate, issued.key));
  }
  [[nodiscard]] const orchestrator::Authority& authority() const { return *authority_; }
  /// What is done to the answers to join and renew.
  void spoil_join(std::function<void(protocol::JoinAnswer&)> how) {
    const std::lock_guard lock(mutex_);
    spoil_join_ = std::move(how);
  }
  /// A probe asks for a new certificate with its next exchange.
  void have_it_renew() {
    spoil([](protocol::ExchangeAnswer& answer) { answer.renew = true; });
  }
  [[nodiscard]] int joins() const { return joins_; }
  void answer_with(std::string body) {
    const std::lock_guard lock(mutex_);
    instead_ = std::move(body);
  }
  /// What the probe said in all sessions, as messages.
  [[nodiscard]] std::vector<protocol::Message> said() {
    const std::lock_guard lock(mutex_);
    std::vector<protocol::Message> messages;
    for (const auto& [session, text] : said_) {
      std::istringstream lines(text);
      for (std::string one; std::getline(lines, one);) {
        if (auto message = protocol::decode(one); message) messages.push_back(std::move(*message));
      }
    }
    return messages;
  }
  /// Why it refused, each as "word: detail".
  [[nodiscard]] std::vector<std::string> refusals() {
    std::vector<std::string> list;
    for (const auto& message : said()) {
      if (const auto* refused = std::get_if<protocol::Refused>(&message)) {
        list.push_back(fmt::format("{}: {}", protocol::word(refused->why), refused->detail));
      }
    }
    return list;
  }
  [[nodiscard]] std::vector<protocol::OutcomeReport> outcomes() {
    std::vector<protocol::OutcomeReport> list;
    for (const auto& message : said()) {
      if (const auto* outcome = std::get_if<protocol::OutcomeReport>(&message)) {
        list.push_back(*outcome);
      }
    }
    return list;
  }
  [[nodiscard]] int exchanges() const { return exchanges_; }
  [[nodiscard]] std::string stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

 private:
  orchestrator::PlaneAnswer answer(const orchestrator::PlaneRequest& request) {
    if (request.path == protocol::kJoinPath || request.path == protocol::kRenewPath) {
      const auto key = *protocol::PublicKey::from_der(request.key_der);
      protocol::JoinAnswer answer{
          .state = "active",
          .id = request.key,
          .segment = "test",
          .certificate = *authority_->issue_probe(key, "reachproof.local", host::wall_now(),
                                                  std::chrono::hours(1)),
          .authority = authority_->certificate(),
          .heartbeat_key = authority_->heartbeat_key().public_key().pem(),
          .detail = "welcome"};
      const std::lock_guard lock(mutex_);
      ++joins_;
      if (spoil_join_) spoil_join_(answer);
      return {.body = protocol::encode(answer)};
    }
    const auto asked = protocol::decode_exchange_request(request.body);
    EXPECT_TRUE(asked) << asked.error().message;
    if (!asked) return {.status = 400, .body = "{}"};
    return exchange(*asked);
  }

  orchestrator::PlaneAnswer exchange(const protocol::ExchangeRequest& asked) {
    const std::lock_guard lock(mutex_);
    ++exchanges_;
    stopped_ = asked.stopped;
    protocol::ExchangeAnswer answer;
    answer.received = answer.now = host::wall_now();
    answer.pace_ms = 20;
    for (const auto& batch : asked.batches) {
      if (batch.sequence != acked_[batch.session] + 1) continue;
      acked_[batch.session] = batch.sequence;
      said_[batch.session] += batch.lines;
    }
    std::uint64_t got = 0;
    for (const auto& report : asked.sessions) {
      answer.acks.push_back({.session = report.session, .sequence = acked_[report.session]});
      if (report.session != session_) continue;
      opened_ = true;
      got = report.orders_got;
    }
    if (!session_.empty() && !opened_) {
      answer.openings.push_back({.session = session_, .run = "r-1", .grant = grant_});
    }
    for (std::uint64_t number = got + 1; number <= lines_.size(); ++number) {
      answer.orders.push_back({.session = session_, .number = number, .line = lines_[number - 1]});
    }
    answer.heartbeat = {
        .instance = asked.instance, .sequence = asked.sequence, .time = host::wall_now()};
    answer.heartbeat.signature = protocol::sign_base64(authority_->heartbeat_key(),
                                                       protocol::heartbeat_text(answer.heartbeat));
    if (spoil_) spoil_(answer);
    if (!instead_.empty()) return {.body = instead_};
    return {.body = protocol::encode(answer)};
  }

  testing::TemporaryFolder folder_;
  std::optional<orchestrator::Authority> authority_;
  std::mutex mutex_;
  std::string session_;
  std::string grant_;
  bool opened_ = false;
  std::vector<std::string> lines_;
  std::function<void(protocol::ExchangeAnswer&)> spoil_;
  std::function<void(protocol::JoinAnswer&)> spoil_join_;
  std::string instead_;
  std::map<std::string, std::uint64_t> acked_;
  std::map<std::string, std::string> said_;
  std::string stopped_;
  std::atomic<int> exchanges_{0};
  std::atomic<int> joins_{0};
  std::unique_ptr<orchestrator::ProbePlane> plane_;
};

class TakenOver : public ::testing::Test {
 protected:
  /// The host's owner lets the probe try one port of this machine, and nothing else.
  void SetUp() override {
    testing::write_file(folder_ / "scope.conf",
                        fmt::format("allow 127.0.0.1 tcp/{}\nrate 20/s\n", allowed_.port()));
    const auto joined = testing::Program(probe({"join", plane_.token()}), place("join")).wait();
    ASSERT_EQ(joined.exit, 0) << joined.err;
    run();
  }
  void TearDown() override {
    if (!program_) return;
    end();
  }
  void run(const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"run"};
    words.insert(words.end(), more.begin(), more.end());
    program_ = std::make_unique<testing::Program>(probe(words), place("run"));
    EXPECT_TRUE(until([this] { return plane_.exchanges() > 0; }));
  }
  std::vector<std::string> probe(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), testing::binary("reachproof-probe"));
    arguments.insert(arguments.end(),
                     {"--state", (folder_ / "probe").string(), "--stop-file",
                      (folder_ / "STOP").string(), "--scope", (folder_ / "scope.conf").string()});
    return arguments;
  }
  std::filesystem::path place(const std::string& name) const {
    std::filesystem::create_directories(folder_ / name);
    return folder_ / name;
  }
  template <class Condition>
  static bool until(const Condition& condition,
                    std::chrono::seconds at_most = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + at_most;
    while (!condition() && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return condition();
  }
  static bool was_connected_to(const Bound& listener) {
    return ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC) >= 0;
  }
  static protocol::AttemptOrder attempt(std::uint64_t id, const Bound& target) {
    return {.id = id,
            .address = *core::IpAddress::parse("127.0.0.1"),
            .port = target.port(),
            .timeout = std::chrono::milliseconds(500)};
  }
  /// In a session of its own: what may be tried is tried.
  void expect_works() {
    plane_.order({protocol::encode(attempt(77, allowed_))}, "r-2-0");
    EXPECT_TRUE(until([this] {
      for (const auto& outcome : plane_.outcomes()) {
        if (outcome.id == 77 && outcome.outcome == core::Outcome::Connected) return true;
      }
      return false;
    })) << testing::file_text(folder_ / "run" / "program.err");
    EXPECT_TRUE(was_connected_to(allowed_));
  }
  void end() {
    program_->signal(SIGTERM);
    EXPECT_EQ(program_->wait(std::chrono::seconds(20)).exit, 0) << "it did not live on";
    program_.reset();
  }
  [[nodiscard]] std::string journal() const {
    return testing::file_text(folder_ / "run" / "program.err");
  }

  testing::TemporaryFolder folder_;
  Bound allowed_{core::Protocol::Tcp, core::Family::V4};
  Bound forbidden_{core::Protocol::Tcp, core::Family::V4};
  HostilePlane plane_;
  std::unique_ptr<testing::Program> program_;
};

}  // namespace reachproof::test
