// The engine on loopback, with real sockets.
#include <netinet/in.h>

#include "protocol/keyed_answer.h"
#include "tests/support/loopback.h"

namespace reachproof::probe {
namespace {

using core::Family;
using core::Outcome;
using core::Protocol;
using test::Bound;
using test::closed_port;
using test::Engine;
using test::order;

class AttemptEngineTest : public testing::TestWithParam<Family> {
 protected:
  Engine engine_;
};
INSTANTIATE_TEST_SUITE_P(Loopback, AttemptEngineTest, testing::Values(Family::V4, Family::V6),
                         [](const auto& family) {
                           return family.param == Family::V4 ? "V4" : "V6";
                         });

/// Takes the next connection and ends it with a reset.
void reset_next(const Bound& listener) {
  const FileDescriptor peer(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!peer.open()) return;
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

TEST_P(AttemptEngineTest, AnOpenPortIsConnectedFromANamedSource) {
  const Bound listener(Protocol::Tcp, GetParam());
  const auto report = engine_.outcome(order(Protocol::Tcp, GetParam(), listener.port()));
  EXPECT_EQ(report.outcome, Outcome::Connected);
  EXPECT_EQ(report.id, 1U);
  EXPECT_EQ(report.source, test::loopback(GetParam()));
  EXPECT_NE(report.source_port, 0);
  EXPECT_FALSE(report.answered);
  EXPECT_FALSE(report.icmp);
  EXPECT_GE(report.elapsed_us, 0);
}

TEST_P(AttemptEngineTest, AClosedPortIsRefused) {
  const auto report =
      engine_.outcome(order(Protocol::Tcp, GetParam(), closed_port(Protocol::Tcp, GetParam())));
  EXPECT_EQ(report.outcome, Outcome::Refused);
  EXPECT_FALSE(report.icmp);
  EXPECT_NE(report.source_port, 0);
}

TEST_P(AttemptEngineTest, EachTryLeavesFromAFreshSourcePort) {
  const Bound listener(Protocol::Tcp, GetParam(), 128);
  for (std::uint64_t id = 0; id < 50; ++id) {
    auto each = order(Protocol::Tcp, GetParam(), listener.port());
    each.id = id;
    engine_->start(each);
  }
  engine_.finish();
  std::set<core::Port> ports;
  for (const auto& report : engine_.reports) ports.insert(report.source_port);
  EXPECT_EQ(ports.size(), 50U);
}

// A port that is refused is free at once, and the kernel would draw it again.
TEST_P(AttemptEngineTest, ManyConnectionsToOneDestinationAllLeaveFromPortsOfTheirOwn) {
  const auto port = closed_port(Protocol::Tcp, GetParam());
  std::set<core::Port> ports;
  for (int i = 0; i < 1000; ++i) {
    const auto report = engine_.outcome(order(Protocol::Tcp, GetParam(), port));
    ASSERT_EQ(report.outcome, Outcome::Refused) << report.detail;
    EXPECT_TRUE(ports.insert(report.source_port).second) << report.source_port << " twice";
  }
}

TEST_P(AttemptEngineTest, ManyDatagramsToOneDestinationAllLeaveFromPortsOfTheirOwn) {
  // Drawn at random, a thousand ports would meet some twenty times.
  const auto port = closed_port(Protocol::Udp, GetParam());
  std::set<core::Port> ports;
  for (int i = 0; i < 1000; ++i) {
    const auto report = engine_.outcome(order(Protocol::Udp, GetParam(), port));
    ASSERT_EQ(report.outcome, Outcome::Refused) << report.detail;
    EXPECT_TRUE(ports.insert(report.source_port).second) << report.source_port << " twice";
  }
}

TEST_P(AttemptEngineTest, OurOwnListenerReturnsTheKeyedNonce) {
  const auto key = protocol::random_nonce();
  for (const auto protocol : {Protocol::Tcp, Protocol::Udp}) {
    auto listeners = *OwnListeners::create(key);
    const auto port = closed_port(protocol, GetParam());
    ASSERT_TRUE(listeners.listen({protocol, port}, {test::loopback(GetParam())}));
    auto asked = order(protocol, GetParam(), port, 2000);
    asked.nonce = protocol::random_nonce();
    const auto report = engine_.outcome(asked, [&] { listeners.serve(); });
    EXPECT_EQ(report.outcome, Outcome::Connected);
    EXPECT_TRUE(report.answered);
    const auto answer = protocol::keyed_answer(key, *asked.nonce);
    EXPECT_THAT(report.answer, testing::ElementsAreArray(answer));
  }
}

TEST_P(AttemptEngineTest, AServiceThatSaysNothingOfTheNonceIsConnectedAtTheDeadline) {
  const Bound listener(Protocol::Tcp, GetParam());
  auto asked = order(Protocol::Tcp, GetParam(), listener.port(), 60);
  asked.nonce = protocol::Nonce{1};
  const auto report = engine_.outcome(asked);
  EXPECT_EQ(report.outcome, Outcome::Connected);
  EXPECT_FALSE(report.answered);
}

TEST_P(AttemptEngineTest, AnAnswerLongerThanTheNonceIsCutToItsLength) {
  const Bound listener(Protocol::Tcp, GetParam());
  auto asked = order(Protocol::Tcp, GetParam(), listener.port(), 2000);
  asked.nonce = protocol::Nonce{1};
  FileDescriptor peer;
  const auto report = engine_.outcome(asked, [&] {
    if (peer.open()) return;
    peer = FileDescriptor(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::string chatter(400, 'x');
    if (peer.open()) {
      EXPECT_EQ(::send(peer.get(), chatter.data(), chatter.size(), MSG_NOSIGNAL), 400);
    }
  });
  EXPECT_EQ(report.outcome, Outcome::Connected);
  EXPECT_EQ(report.answer.size(), 32U);
}

TEST_P(AttemptEngineTest, AServiceThatResetsWhatItAcceptedIsReachable) {
  for (const bool with_nonce : {true, false}) {
    const Bound listener(Protocol::Tcp, GetParam());
    auto asked = order(Protocol::Tcp, GetParam(), listener.port(), 2000);
    if (with_nonce) asked.nonce = protocol::Nonce{1};
    const auto report = engine_.outcome(asked, [&] { reset_next(listener); });
    EXPECT_EQ(report.outcome, Outcome::Connected);
    EXPECT_FALSE(report.answered);
  }
}

TEST_P(AttemptEngineTest, AServiceThatResetsBeforeWeLookIsReachable) {
  const Bound listener(Protocol::Tcp, GetParam());
  engine_->start(order(Protocol::Tcp, GetParam(), listener.port(), 2000));
  for (int i = 0; i < 50; ++i) reset_next(listener);  // the engine has not run yet
  engine_.finish();
  ASSERT_EQ(engine_.reports.size(), 1U);
  EXPECT_EQ(engine_.reports[0].outcome, Outcome::Connected);
}

TEST_P(AttemptEngineTest, AUdpAnswerIsAConnection) {
  const Bound echo(Protocol::Udp, GetParam());
  const auto report = engine_.outcome(order(Protocol::Udp, GetParam(), echo.port(), 2000), [&] {
    std::array<char, 64> buffer;
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    auto* raw = reinterpret_cast<sockaddr*>(&peer);
    const auto got = ::recvfrom(echo.fd(), buffer.data(), buffer.size(), 0, raw, &size);
    if (got >= 0) {
      EXPECT_EQ(got, 32);
      ::sendto(echo.fd(), buffer.data(), 5, 0, raw, size);
    }
  });
  EXPECT_EQ(report.outcome, Outcome::Connected);
  EXPECT_TRUE(report.answered);
  EXPECT_EQ(report.answer.size(), 5U);
}

TEST_P(AttemptEngineTest, PortUnreachableFromTheDestinationItselfIsAUdpRefusal) {
  const auto report =
      engine_.outcome(order(Protocol::Udp, GetParam(), closed_port(Protocol::Udp, GetParam())));
  EXPECT_EQ(report.outcome, Outcome::Refused);
  ASSERT_TRUE(report.icmp);
  EXPECT_EQ(report.icmp->sender, test::loopback(GetParam()));
  const bool four = GetParam() == Family::V4;
  EXPECT_EQ(report.icmp->type, four ? 3 : 1);
  EXPECT_EQ(report.icmp->code, four ? 3 : 4);
}

TEST_P(AttemptEngineTest, SilenceOverUdpTimesOutAtItsDeadline) {
  const Bound mute(Protocol::Udp, GetParam());
  const auto report = engine_.outcome(order(Protocol::Udp, GetParam(), mute.port(), 80));
  EXPECT_EQ(report.outcome, Outcome::TimedOut);
  EXPECT_GE(report.elapsed_us, 80'000);
  EXPECT_LT(report.elapsed_us, 200'000);
}

TEST_P(AttemptEngineTest, EachHasItsOwnDeadline) {
  const Bound mute(Protocol::Udp, GetParam());
  for (const int timeout : {150, 30, 90}) {
    auto each = order(Protocol::Udp, GetParam(), mute.port(), timeout);
    each.id = static_cast<std::uint64_t>(timeout);
    engine_->start(each);
  }
  engine_.finish();
  std::vector<std::uint64_t> ids;
  for (const auto& report : engine_.reports) {
    ids.push_back(report.id);
    const auto timeout_us = static_cast<std::int64_t>(report.id) * 1000;
    EXPECT_GE(report.elapsed_us, timeout_us);
    EXPECT_LT(report.elapsed_us, timeout_us + 100'000);
  }
  EXPECT_THAT(ids, testing::ElementsAre(30, 90, 150));
}

TEST_P(AttemptEngineTest, ItsWindowIsFullAndEmptiesAgain) {
  Engine small(2);
  const Bound mute(Protocol::Udp, GetParam());
  EXPECT_FALSE(small->full());
  small->start(order(Protocol::Udp, GetParam(), mute.port(), 40));
  small->start(order(Protocol::Udp, GetParam(), mute.port(), 40));
  EXPECT_TRUE(small->full());
  EXPECT_EQ(small->in_flight(), 2U);
  small.finish();
  EXPECT_FALSE(small->full());
  EXPECT_EQ(small.reports.size(), 2U);
}

TEST_P(AttemptEngineTest, WhatIsAbandonedDidNotRunAndSaysWhy) {
  const Bound mute(Protocol::Udp, GetParam());
  for (int i = 0; i < 3; ++i) engine_->start(order(Protocol::Udp, GetParam(), mute.port(), 60'000));
  engine_->abandon_all("stopped: window over");
  ASSERT_EQ(engine_.reports.size(), 3U);
  for (const auto& report : engine_.reports) {
    EXPECT_EQ(report.outcome, Outcome::NotRun);
    EXPECT_EQ(report.detail, "stopped: window over");
  }
  EXPECT_EQ(engine_->in_flight(), 0U);
  engine_->run_once(std::chrono::milliseconds(0));
  EXPECT_EQ(engine_.reports.size(), 3U);
}

TEST_P(AttemptEngineTest, AReportMayStartTheNextTry) {
  const auto port = closed_port(Protocol::Tcp, GetParam());
  int left = 20;
  std::unique_ptr<AttemptEngine> engine;
  engine = *AttemptEngine::create(1, [&](protocol::OutcomeReport&& report) {
    EXPECT_EQ(report.outcome, Outcome::Refused);
    if (--left > 0) engine->start(order(Protocol::Tcp, GetParam(), port));
  });
  engine->start(order(Protocol::Tcp, GetParam(), port));
  for (int i = 0; i < 1000 && engine->in_flight() > 0; ++i)
    engine->run_once(std::chrono::milliseconds(2));
  EXPECT_EQ(left, 0);
}

TEST_P(AttemptEngineTest, ATryCostsNoDescriptorOnceItIsOver) {
  const auto port = closed_port(Protocol::Tcp, GetParam());
  const auto next_descriptor = [] { return FileDescriptor(::dup(0)).get(); };
  const int before = next_descriptor();
  for (int i = 0; i < 100; ++i) engine_.outcome(order(Protocol::Tcp, GetParam(), port));
  EXPECT_EQ(next_descriptor(), before);
}

TEST(AttemptEngine, AnAddressThatNoRouteLeadsToIsOurOwnFailure) {
  Engine engine;
  auto nowhere = order(Protocol::Tcp, Family::V4, 80);
  nowhere.address = *core::IpAddress::parse("255.255.255.255");
  const auto report = engine.outcome(nowhere);
  EXPECT_EQ(report.outcome, Outcome::LocalError);
  EXPECT_NE(report.detail, "");
  EXPECT_NE(report.error_number, 0);
}

TEST(AttemptEngine, WithoutAFreeDescriptorATryFailsLocally) {
  Engine engine(8);
  const Bound listener(Protocol::Tcp, Family::V4);
  std::vector<FileDescriptor> all;
  while (true) {
    FileDescriptor one(::dup(listener.fd()));
    if (!one.open()) break;
    all.push_back(std::move(one));
  }
  engine->start(order(Protocol::Tcp, Family::V4, listener.port()));
  all.clear();
  ASSERT_EQ(engine.reports.size(), 1U);
  EXPECT_EQ(engine.reports[0].outcome, Outcome::LocalError);
  EXPECT_THAT(engine.reports[0].detail, testing::HasSubstr("file descriptors"));
}

}  // namespace
}  // namespace reachproof::probe
