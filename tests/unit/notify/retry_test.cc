#include "orchestrator/notify/retry.h"

#include <gmock/gmock.h>

namespace reachproof::orchestrator {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

DeliveryFate fate(int status) {
  return fate_of({.status = status});
}

TEST(DeliveryFates, AreDecidedByTheStatus) {
  for (const int status : {200, 201, 202, 204}) EXPECT_EQ(fate(status), DeliveryFate::Delivered);
  for (const int status : {400, 413, 422}) EXPECT_EQ(fate(status), DeliveryFate::Refused);
  // What can be mended at the other end or in our configuration is tried again; 3xx is not
  // followed.
  for (const int status : {0, 100, 301, 307, 401, 403, 404, 408, 410, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(fate(status), DeliveryFate::Again) << status;
  }
  EXPECT_EQ(fate_of({.taken = true}), DeliveryFate::Delivered);
}

TEST(DeliveryFates, OneMessageThatFailsDoesNotStopTheOthers) {
  EXPECT_FALSE(pauses_receiver({.status = 500}));
  EXPECT_FALSE(pauses_receiver({.status = 400}));
  for (const int status : {0, 401, 429, 503}) EXPECT_TRUE(pauses_receiver({.status = status}));
}

TEST(Pause, DoublesFromASecondToFiveMinutesAndTakesARandomHalf) {
  EXPECT_EQ(pause_after(1, {}, 0), milliseconds(500));
  EXPECT_EQ(pause_after(1, {}, ~std::uint32_t{0}), milliseconds(999));
  EXPECT_EQ(pause_after(4, {}, 0), seconds(4));
  EXPECT_EQ(pause_after(1000, {}, 0), seconds(150));
  EXPECT_LT(pause_after(1000, {}, ~std::uint32_t{0}), minutes(5));
}

TEST(Pause, IsAtLeastWhatTheReceiverAskedForWithinAnHour) {
  EXPECT_EQ(pause_after(1, seconds(7), 0), seconds(7));
  EXPECT_EQ(pause_after(20, seconds(7), 0), seconds(150));
  EXPECT_EQ(pause_after(1, std::chrono::hours(48), 0), std::chrono::hours(1));
}

TEST(RetryAfter, IsSecondsOrADate) {
  const auto now = *core::parse_wall_time("2015-10-21T07:27:30Z");
  EXPECT_EQ(retry_after_of("120", now), seconds(120));
  EXPECT_EQ(retry_after_of("Wed, 21 Oct 2015 07:28:00 GMT", now), seconds(30));
  EXPECT_EQ(retry_after_of("Wed, 21 Oct 2015 07:00:00 GMT", now), seconds(0));
  for (const auto* wrong : {"", "-1", "1.5", "soon", "Wed, 21 Foo 2015 07:28:00 GMT",
                            "Wednesday, 21-Oct-15 07:28:00 GMT", "99999999999999999999"}) {
    EXPECT_EQ(retry_after_of(wrong, now), std::nullopt) << wrong;
  }
}

TEST(DeliveryReason, IsAWordForCounters) {
  EXPECT_EQ(reason_of({.status = 503}), "http-503");
  EXPECT_EQ(reason_of({.error = "connect: refused"}), "no-answer");
}

}  // namespace
}  // namespace reachproof::orchestrator
