#include "probe/agent/agent.h"
#include "tests/integration/attacks/taken_over.h"

/// What an orchestrator that was taken over asks for, and does not get.
namespace reachproof::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

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
  end();
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
  end();
  const auto policy = *KeyPair::generate(KeyPair::Kind::Ed25519);
  testing::write_file(folder_ / "policy.pem", policy.public_key().pem());
  run({"--policy-key", (folder_ / "policy.pem").string()});
  plane_.order(attempt(1, allowed_));
  ASSERT_TRUE(until([this] { return !plane_.refusals().empty(); }));
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("signature: ")));
  EXPECT_FALSE(was_connected_to(allowed_));
  // The key is remembered: a start without the option does not forget it.
  end();
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
