#include <fmt/core.h>
#include <gmock/gmock.h>

#include <atomic>
#include <deque>

#include "orchestrator/fleet/authority.h"
#include "orchestrator/fleet/probe_plane.h"
#include "probe/agent/agent.h"
#include "tests/support/loopback.h"
#include "tests/support/open_fleet.h"

/// A probe whose orchestrator was taken over: a real plane with the right keys, which asks for what
/// it must not have.
namespace reachproof::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Why = protocol::Refused::Why;

constexpr const char* kSession = "r-1-0";

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
  void order(const protocol::Message& message) { order({protocol::encode(message)}); }
  /// What is done to each answer before it is sent, after it was signed.
  void spoil(std::function<void(protocol::ExchangeAnswer&)> how) {
    const std::lock_guard lock(mutex_);
    spoil_ = std::move(how);
  }
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
      return {.body = protocol::encode(protocol::JoinAnswer{
                  .state = "active",
                  .id = request.key,
                  .segment = "test",
                  .certificate = *authority_->issue_probe(key, "reachproof.local", host::wall_now(),
                                                          std::chrono::hours(1)),
                  .authority = authority_->certificate(),
                  .heartbeat_key = authority_->heartbeat_key().public_key().pem(),
                  .detail = "welcome"})};
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
  std::string instead_;
  std::map<std::string, std::uint64_t> acked_;
  std::map<std::string, std::string> said_;
  std::string stopped_;
  std::atomic<int> exchanges_{0};
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
    if (!program_) return;  // or the test ended it itself
    program_->signal(SIGTERM);
    EXPECT_EQ(program_->wait(std::chrono::seconds(20)).exit, 0) << "it did not live on";
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

  testing::TemporaryFolder folder_;
  Bound allowed_{core::Protocol::Tcp, core::Family::V4};
  Bound forbidden_{core::Protocol::Tcp, core::Family::V4};
  HostilePlane plane_;
  std::unique_ptr<testing::Program> program_;
};

TEST_F(TakenOver, WhatTheScopeFileDoesNotAllowIsNotTried) {
  plane_.order({protocol::encode(attempt(1, forbidden_)), protocol::encode(attempt(2, allowed_))});
  ASSERT_TRUE(until([this] { return !plane_.outcomes().empty(); }));
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("scope: ")));
  EXPECT_EQ(plane_.outcomes().at(0).id, 2U);
  EXPECT_TRUE(was_connected_to(allowed_));
  EXPECT_FALSE(was_connected_to(forbidden_));
}

TEST_F(TakenOver, ItsRateIsTheHostsToSet) {
  std::vector<std::string> many;
  for (std::uint64_t id = 1; id <= 200; ++id)
    many.push_back(protocol::encode(attempt(id, allowed_)));
  plane_.order(many);
  ASSERT_TRUE(until([this] { return plane_.outcomes().size() + plane_.refusals().size() >= 200; }));
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("budget: ")));
  EXPECT_LT(plane_.outcomes().size(), 150U);
}

TEST_F(TakenOver, WhatIsNoOrderEndsTheSessionAndNothingElse) {
  plane_.order({"run /bin/sh -c id", protocol::encode(attempt(2, allowed_))});
  ASSERT_TRUE(until([this] { return !plane_.refusals().empty(); }));
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("unsupported: ")));
  EXPECT_FALSE(was_connected_to(allowed_));
  expect_works();
}

TEST_F(TakenOver, WithoutAFreshHeartbeatNothingIsDone) {
  for (const bool replayed : {false, true}) {
    plane_.spoil([replayed, first = std::optional<protocol::Heartbeat>()](
                     protocol::ExchangeAnswer& answer) mutable {
      if (!replayed) {
        answer.heartbeat.signature[5] = answer.heartbeat.signature[5] == 'A' ? 'B' : 'A';
      } else {
        if (!first) first = answer.heartbeat;
        if (first->sequence == answer.heartbeat.sequence) answer.heartbeat.sequence += 1;
        answer.heartbeat = *first;
        answer.heartbeat.sequence = 1;
      }
    });
    plane_.order(attempt(1, allowed_));
    const auto before = plane_.exchanges();
    ASSERT_TRUE(until([&] { return plane_.exchanges() >= before + 2; }));
    EXPECT_THAT(plane_.said(), IsEmpty());
    EXPECT_FALSE(was_connected_to(allowed_));
  }
  EXPECT_THAT(testing::file_text(folder_ / "run" / "program.err"),
              HasSubstr("heartbeat is not signed for this exchange"));
  plane_.spoil({});
  expect_works();
}

TEST_F(TakenOver, WithoutOneForLongItGoesIdleAndComesBackByItself) {
  program_->signal(SIGTERM);
  program_->wait(std::chrono::seconds(20));
  program_.reset();
  auto identity = probe::Identity::load((folder_ / "probe").string());
  ASSERT_TRUE(identity) << identity.error().message;
  std::mutex mutex;
  std::string said;
  probe::Agent::Options options;
  options.worker_command = {testing::binary("reachproof-probe"), "--stdio"};
  options.stop_file = (folder_ / "STOP").string();
  options.heartbeat_patience = std::chrono::seconds(1);  // five minutes, for all but this test
  options.say = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    said += std::string(line) + "\n";
  };
  auto agent = probe::Agent::create(std::move(*identity), std::move(options));
  ASSERT_TRUE(agent) << agent.error().message;
  std::atomic<bool> over{false};
  std::thread thread([&] { EXPECT_TRUE((*agent)->run([&] { return over.load(); })); });
  const auto has_said = [&](const std::string& what) {
    return until([&] {
      const std::lock_guard lock(mutex);
      return said.find(what) != std::string::npos;
    });
  };
  plane_.spoil([](protocol::ExchangeAnswer& answer) { answer.heartbeat.signature[5] ^= 1; });
  EXPECT_TRUE(has_said("idle: no fresh heartbeat from the orchestrator"));
  plane_.order(attempt(1, allowed_));
  plane_.spoil({});
  EXPECT_TRUE(has_said("working again"));
  over = true;
  thread.join();
  for (const auto& refusal : plane_.refusals()) EXPECT_THAT(refusal, Not(HasSubstr("scope")));
}

TEST_F(TakenOver, AnswersBeyondAllBoundsAreDropped) {
  for (const auto& body : {std::string(3U << 20U, ' '), std::string(200'000, '['),
                           std::string("{\"orders\":1}"), std::string("\xff\xfe")}) {
    plane_.answer_with(body);
    const auto before = plane_.exchanges();
    EXPECT_TRUE(until([&] { return plane_.exchanges() > before; }, std::chrono::seconds(70)));
  }
  plane_.answer_with("");
  expect_works();
}

TEST_F(TakenOver, WithAPolicyKeyAnUnsignedPlanIsNothing) {
  program_->signal(SIGTERM);
  program_->wait(std::chrono::seconds(20));
  const auto policy = *KeyPair::generate(KeyPair::Kind::Ed25519);
  testing::write_file(folder_ / "policy.pem", policy.public_key().pem());
  run({"--policy-key", (folder_ / "policy.pem").string()});
  plane_.order(attempt(1, allowed_));
  ASSERT_TRUE(until([this] { return !plane_.refusals().empty(); }));
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("signature: ")));
  EXPECT_FALSE(was_connected_to(allowed_));
  // The key is remembered: a start without the option does not forget it.
  program_->signal(SIGTERM);
  program_->wait(std::chrono::seconds(20));
  run();
  plane_.order({protocol::encode(attempt(2, allowed_))}, "r-3-0");
  ASSERT_TRUE(until([this] { return plane_.refusals().size() >= 2; }));
  EXPECT_FALSE(was_connected_to(allowed_));
}

TEST_F(TakenOver, AnUnsignedStopIsObeyedAllTheSame) {
  plane_.spoil([](protocol::ExchangeAnswer& answer) {
    answer.stop = protocol::StopOrder{.id = "1", .reason = "x", .time = host::wall_now()};
    answer.stop->signature = "AAAA";
  });
  ASSERT_TRUE(until([this] { return !plane_.stopped().empty(); }));
  plane_.order(attempt(1, allowed_));
  ASSERT_TRUE(until([this] { return !plane_.refusals().empty(); }));
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("stopped: ")));
  EXPECT_FALSE(was_connected_to(allowed_));
  plane_.spoil({});
  ASSERT_TRUE(until([this] { return plane_.stopped().empty(); }));
  expect_works();
}

}  // namespace
}  // namespace reachproof::test
