#include <gmock/gmock.h>

#include "orchestrator/api/event_hub.h"

namespace reachproof::orchestrator::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Hub : public ::testing::Test {
 protected:
  std::shared_ptr<EventStream> follow(const std::vector<std::string>& segments,
                                      const std::set<std::string>& types = {},
                                      std::optional<std::uint64_t> last_seen = std::nullopt) {
    auto stream = hub.follow({.token = "t", .reach = Reach(segments)}, types, last_seen);
    EXPECT_TRUE(stream.has_value());
    return *stream;
  }
  EventHub hub{100};
};

TEST_F(Hub, EverybodyHearsOfTheirSegmentsAlone) {
  const auto all = follow({});
  const auto red = follow({"red"});
  hub.publish("run", {"red"}, R"({"n":1})");
  hub.publish("run", {"blue"}, R"({"n":2})");
  hub.publish("run", {}, R"({"n":3})");
  EXPECT_EQ(red->take(), "id: 100\nevent: run\ndata: {\"n\":1}\n\n");
  const auto heard = all->take();
  EXPECT_THAT(heard, HasSubstr("\"n\":2"));
  EXPECT_THAT(heard, HasSubstr("\"n\":3"));
}

TEST_F(Hub, OnlyTheTypesThatWereAskedForCome) {
  const auto findings = follow({}, {"finding"});
  hub.publish("run", {}, "{}");
  hub.publish("finding", {}, "{}");
  EXPECT_EQ(findings->take(), "id: 101\nevent: finding\ndata: {}\n\n");
}

TEST_F(Hub, AListenerGoesOnWhereItWasCutOff) {
  for (int i = 0; i < 5; ++i) hub.publish("run", {}, std::to_string(i));
  const auto text = follow({}, {}, 102)->take();
  EXPECT_THAT(text, Not(HasSubstr("data: 2\n")));
  EXPECT_THAT(text, HasSubstr("data: 3\n"));
  EXPECT_THAT(text, HasSubstr("data: 4\n"));
  EXPECT_THAT(text, Not(HasSubstr("gap")));
}

TEST_F(Hub, WhoWasAwayTooLongIsToldSo) {
  for (std::size_t i = 0; i < EventHub::kRememberedMax + 10; ++i) hub.publish("run", {}, "{}");
  EXPECT_THAT(follow({}, {}, 101)->take(), HasSubstr("event: gap\n"));
  EXPECT_THAT(follow({}, {}, 999'999)->take(), HasSubstr("event: gap\n"))
      << "an id from the time after a rolled back clock";
}

TEST_F(Hub, AListenerThatDoesNotKeepUpIsCutOff) {
  const auto slow = follow({});
  const std::string data(10'000, 'x');
  for (int i = 0; i < 100; ++i) hub.publish("run", {}, data);
  EXPECT_TRUE(slow->closed());
  EXPECT_LE(slow->take().size(), 256U << 10U);
  EXPECT_EQ(hub.listeners(), 0U);
}

TEST_F(Hub, ATokenHasSoManyStreams) {
  std::vector<std::shared_ptr<EventStream>> open;
  for (std::size_t i = 0; i < EventHub::kOfTokenMax; ++i) open.push_back(follow({}));
  EXPECT_FALSE(hub.follow({.token = "t"}, {}, std::nullopt).has_value());
  open.front()->close();
  EXPECT_TRUE(hub.follow({.token = "t"}, {}, std::nullopt).has_value());
}

TEST_F(Hub, AStreamEndsWithItsToken) {
  const auto stream = follow({});
  hub.close_where([](const std::string& token) { return token == "t"; });
  EXPECT_TRUE(stream->closed());
}

}  // namespace
}  // namespace reachproof::orchestrator::api
