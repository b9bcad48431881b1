#include "orchestrator/desk/notify_desk.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>

#include "tests/support/memory_keeper.h"
#include "tests/support/news.h"
#include "tests/support/program.h"

namespace reachproof::orchestrator {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class NotifyDeskTest : public ::testing::Test {
 protected:
  void begin() {
    desk = std::make_unique<NotifyDesk>(keeper, loop.get_executor(), kTeller);
    ASSERT_TRUE(desk->start({{.name = "siem",
                              .kind = ReceiverConfig::Kind::OcsfFile,
                              .target = (folder / "findings.ndjson").string()}}));
  }
  template <class Condition>
  bool until(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < end) {
      loop.restart();
      loop.run_for(std::chrono::milliseconds(10));
    }
    return condition();
  }
  std::size_t lines() {
    const auto text = reachproof::testing::file_text(folder / "findings.ndjson");
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
  }
  std::vector<api::DeliveryView> shown() { return desk->deliveries("siem", {.limit = 100}); }

  reachproof::testing::TemporaryFolder folder;
  boost::asio::io_context loop;
  test::MemoryKeeper keeper;
  std::unique_ptr<NotifyDesk> desk;
};

TEST_F(NotifyDeskTest, WhatWasToldIsInTheDeliveryLogAndCanBeToldAgain) {
  begin();
  desk->happened(opened('a').event);
  ASSERT_TRUE(until([&] { return shown().size() == 1; }));
  EXPECT_EQ(shown()[0].state, "delivered");
  EXPECT_EQ(shown()[0].finding, std::string(64, 'a'));
  EXPECT_EQ(lines(), 1U);
  Result<void> done;
  desk->redeliver("siem", shown()[0].id, {}, [&](Result<void> told) { done = std::move(told); });
  EXPECT_TRUE(done);
  EXPECT_TRUE(until([&] { return lines() == 2; }));
  desk->redeliver("siem", "000000999999", {}, [&](Result<void> told) { done = std::move(told); });
  EXPECT_EQ(done.error().code, ErrorCode::NotFound);
  desk->redeliver("other", shown()[0].id, {}, [&](Result<void> told) { done = std::move(told); });
  EXPECT_FALSE(done);
}

TEST_F(NotifyDeskTest, ATestOpensAndIsOverAtOnce) {
  begin();
  desk->test("siem", {.token = "t", .name = "ada"},
             [](const Result<void>& told) { EXPECT_TRUE(told); });
  ASSERT_TRUE(until([&] { return lines() == 2; }));
  EXPECT_THAT(reachproof::testing::file_text(folder / "findings.ndjson"),
              HasSubstr("a test by ada, nothing is wrong"));
}

TEST_F(NotifyDeskTest, ARestartTellsNothingTwiceAndForgetsNothing) {
  begin();
  desk->happened(opened('a').event);
  ASSERT_TRUE(until([&] { return shown().size() == 1; }));
  desk = std::make_unique<NotifyDesk>(keeper, loop.get_executor(), kTeller);
  desk->restore_finding(opened('a').event);
  for (std::size_t i = 0; i < keeper.records.size(); ++i) {
    desk->restore_delivery(*delivery_event(keeper.records[i].body), i);
  }
  desk->restore_finding(opened('b').event);  // kept, and not told before the end
  ASSERT_TRUE(desk->start({{.name = "siem",
                            .kind = ReceiverConfig::Kind::OcsfFile,
                            .target = (folder / "findings.ndjson").string()}}));
  ASSERT_TRUE(until([&] { return shown().size() == 2; }));
  EXPECT_EQ(lines(), 2U);
  EXPECT_EQ(shown()[0].finding, std::string(64, 'b'));  // the newest first
  EXPECT_THAT(desk->deliveries("siem", {.after = shown()[0].id, .limit = 10}), SizeIs(1));
}

TEST_F(NotifyDeskTest, AReceiverThatCannotBeMadeLeavesTheOthers) {
  begin();
  EXPECT_FALSE(desk->start({{.name = "hook",
                             .kind = ReceiverConfig::Kind::Webhook,
                             .target = "https://example.org/hook?token=hush",
                             .secrets = (folder / "none").string()}}));
  ASSERT_THAT(desk->all(), SizeIs(1));
  EXPECT_EQ(desk->all()[0].name, "siem");
}

}  // namespace
}  // namespace reachproof::orchestrator
