// What an enrolled probe keeps, and what it refuses.
#include <gtest/gtest.h>

#include "probe/agent/session_guard.h"
#include "probe/agent/spool.h"
#include "protocol/dsse.h"
#include "tests/support/program.h"

namespace reachproof::probe {
namespace {

using protocol::KeyPair;
using Why = protocol::Refused::Why;

core::WallTime noon() {
  return *core::parse_wall_time("2026-11-26T12:00:00Z");
}

protocol::Grant grant() {
  protocol::Grant g{
      .audience = "me", .version = 5, .from = noon(), .until = noon() + std::chrono::hours(1)};
  g.targets[*core::IpAddress::parse("10.0.0.1")].insert({core::Protocol::Tcp, 22});
  g.watched.insert({core::Protocol::Tcp, 443});
  g.attempts_max = 2;
  return g;
}

protocol::AttemptOrder attempt(const char* address, core::Port port) {
  return {.id = 9, .address = *core::IpAddress::parse(address), .port = port};
}

TEST(SessionGuard, LetsThroughWhatTheGrantNamesAndNothingElse) {
  SessionGuard guard(grant());
  EXPECT_FALSE(guard.objection(attempt("10.0.0.1", 22), noon()));
  EXPECT_EQ(guard.objection(attempt("10.0.0.1", 23), noon())->why, Why::Signature);
  EXPECT_EQ(guard.objection(attempt("10.0.0.2", 22), noon())->why, Why::Signature);
  EXPECT_EQ(guard.objection(attempt("10.0.0.1", 22), noon() + std::chrono::hours(1))->why,
            Why::Window);
  EXPECT_FALSE(guard.objection(attempt("10.0.0.1", 22), noon()));
  EXPECT_EQ(guard.objection(attempt("10.0.0.1", 22), noon())->why, Why::Budget);
}

TEST(SessionGuard, AsksWhatTheGrantNamesAlone) {
  const core::Ask login{.layer = core::Layer::Http, .path = "/login"};
  auto named = grant();
  named.asks.insert(core::canonical(login));
  SessionGuard guard(named);
  auto order = attempt("10.0.0.1", 22);
  order.ask = std::make_shared<const core::Ask>(login);
  EXPECT_FALSE(guard.objection(order, noon()));
  auto other = login;
  other.path = "/admin";
  order.ask = std::make_shared<const core::Ask>(other);
  EXPECT_EQ(guard.objection(order, noon())->why, Why::Signature);
}

TEST(SessionGuard, WatchesTheGrantsPortsAlone) {
  SessionGuard guard(grant());
  protocol::Arm arm{.id = 1, .ports = {{{core::Protocol::Tcp, 443}, false}}};
  EXPECT_FALSE(guard.objection(arm, noon()));
  arm.ports.push_back({{core::Protocol::Tcp, 22}, true});
  EXPECT_EQ(guard.objection(arm, noon())->why, Why::Signature);
}

TEST(AcceptedGrant, MustBeSignedMeantForUsNewEnoughAndInItsTime) {
  const auto policy = *KeyPair::generate(KeyPair::Kind::Ed25519);
  const auto other = *KeyPair::generate(KeyPair::Kind::Ed25519);
  const auto signed_by = [&](const KeyPair& key, const protocol::Grant& g) {
    return protocol::sign_envelope(protocol::kGrantType, protocol::encode(g), {key});
  };
  const auto accepted = [&](const std::string& envelope, std::uint64_t seen, core::WallTime now) {
    return accepted_grant(envelope, policy.public_key(), "me", seen, now).has_value();
  };
  const auto envelope = signed_by(policy, grant());
  EXPECT_TRUE(accepted(envelope, 5, noon()));
  EXPECT_FALSE(accepted("", 5, noon()));
  EXPECT_FALSE(accepted(signed_by(other, grant()), 5, noon()));
  EXPECT_FALSE(accepted(envelope, 6, noon())) << "an older version";
  EXPECT_FALSE(accepted(envelope, 5, noon() + std::chrono::hours(2))) << "expired";
  auto foreign = grant();
  foreign.audience = "somebody else";
  EXPECT_FALSE(accepted(signed_by(policy, foreign), 5, noon()));
}

TEST(Spool, KeepsWhatIsNotConfirmedOverARestart) {
  const testing::TemporaryFolder folder;
  const auto path = (folder / "spool").string();
  {
    auto spool = Spool::open(path, 1000);
    ASSERT_TRUE(spool);
    ASSERT_TRUE(spool->begin("r-1"));
    for (std::uint64_t i = 1; i <= 3; ++i) {
      ASSERT_TRUE(
          spool->put({.session = "r-1", .sequence = i, .lines = "line\nmore", .signature = "s"}));
    }
    spool->confirm("r-1", 1);
  }
  auto spool = Spool::open(path, 1000);
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->left_behind(), std::vector<std::string>{"r-1"});
  const auto waiting = spool->next(1000);
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].sequence, 2U);
  EXPECT_EQ(waiting[0].lines, "line\nmore");
  EXPECT_EQ(spool->last_sequence("r-1"), 3U);
  spool->forget("r-1");
  EXPECT_TRUE(Spool::open(path, 1000)->left_behind().empty());
  EXPECT_EQ(spool->bytes(), 0U);
}

TEST(Spool, KeepsForAWhileWhatWasConfirmedAndTakesItUpAgain) {
  const testing::TemporaryFolder folder;
  const auto path = (folder / "spool").string();
  const auto batch = [](const std::string& session, std::uint64_t sequence) {
    return protocol::Batch{.session = session,
                           .sequence = sequence,
                           .lines = std::string(100, 'x') + session,
                           .signature = "s"};
  };
  {
    auto spool = Spool::open(path, 2000);
    ASSERT_TRUE(spool);
    for (std::uint64_t i = 1; i <= 2; ++i) ASSERT_TRUE(spool->put(batch("r-1", i)));
    spool->confirm("r-1", 2);
    EXPECT_TRUE(spool->next(1000).empty());
    EXPECT_EQ(spool->bytes(), 0U);
  }
  auto spool = Spool::open(path, 2000);  // also over a restart
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->take_up_kept(), std::vector<std::string>{"r-1"});
  const auto again = spool->next(10'000);
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].sequence, 1U);
  EXPECT_EQ(again[1].lines, batch("r-1", 2).lines);
  EXPECT_EQ(spool->last_sequence("r-1"), 2U);
  EXPECT_TRUE(spool->take_up_kept().empty());
  // Never more than half of what the spool may hold: the oldest goes.
  spool->confirm("r-1", 2);
  for (std::uint64_t i = 1; i <= 30; ++i) {
    ASSERT_TRUE(spool->put(batch("r-2", i)));
    spool->confirm("r-2", i);
  }
  EXPECT_EQ(spool->take_up_kept(), std::vector<std::string>{"r-2"});
  EXPECT_LE(spool->bytes(), 1000U);
  EXPECT_EQ(spool->next(10'000).back().sequence, 30U);
}

TEST(Spool, SetsAsideWhatMakesNoSenseAndSaysWhenItIsFull) {
  const testing::TemporaryFolder folder;
  const auto path = (folder / "spool").string();
  ASSERT_TRUE(Spool::open(path, 10));
  testing::write_file((folder / "spool") / "r-1.x", "junk");
  testing::write_file((folder / "spool") / "..-.1", "junk");
  auto spool = Spool::open(path, 10);
  ASSERT_TRUE(spool);
  EXPECT_EQ(spool->batches(), 0U);
  EXPECT_TRUE(spool->has_room());
  ASSERT_TRUE(spool->put({.session = "r-1", .sequence = 1, .lines = "more than ten bytes"}));
  EXPECT_FALSE(spool->has_room());
  EXPECT_FALSE(is_session_id("../x"));
  EXPECT_FALSE(is_session_id(""));
}

}  // namespace
}  // namespace reachproof::probe
