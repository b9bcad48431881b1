#include <gmock/gmock.h>

#include "orchestrator/api/auth_limiter.h"
#include "orchestrator/api/idempotency.h"

namespace reachproof::orchestrator::api {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

core::IpAddress address(const std::string& text) {
  return *core::IpAddress::parse(text);
}

class Limiter : public ::testing::Test {
 protected:
  int failures_let_through(const std::string& from, int tries) {
    int through = 0;
    for (int i = 0; i < tries; ++i) through += limiter.begin(address(from), now) ? 1 : 0;
    return through;
  }
  AuthLimiter limiter{{.per_address = 5,
                       .per_address_per_second = 1,
                       .overall = 20,
                       .overall_per_second = 1,
                       .addresses_max = 8}};
  AuthLimiter::Time now{};
};

TEST_F(Limiter, AnAddressHasSoManyFailures) {
  EXPECT_EQ(failures_let_through("192.0.2.1", 100), 5);
  now += seconds(2);
  EXPECT_EQ(failures_let_through("192.0.2.1", 100), 2);
}

TEST_F(Limiter, AnAddressOfVersionSixIsItsNetwork) {
  EXPECT_EQ(failures_let_through("2001:db8::1", 3), 3);
  EXPECT_EQ(failures_let_through("2001:db8::ffff:2", 100), 2);
  EXPECT_EQ(failures_let_through("2001:db8:0:1::1", 100), 5);
}

TEST_F(Limiter, SuccessCostsNothing) {
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(limiter.begin(address("192.0.2.1"), now));
    limiter.succeeded(address("192.0.2.1"), now);
  }
}

TEST_F(Limiter, AllTogetherHaveSoManyToo) {
  int through = 0;
  for (int i = 0; i < 200; ++i) {
    through += failures_let_through("192.0.2." + std::to_string(i), 5);
  }
  EXPECT_EQ(through, 20);
}

TEST_F(Limiter, WhoWasGoodIsNotHeldUpByAFlood) {
  ASSERT_TRUE(limiter.begin(address("198.51.100.1"), now));
  limiter.succeeded(address("198.51.100.1"), now);
  for (int i = 0; i < 4; ++i) failures_let_through("192.0.2." + std::to_string(i), 5);
  EXPECT_EQ(failures_let_through("203.0.113.1", 1), 0) << "the flood has used up the rest";
  EXPECT_EQ(failures_let_through("198.51.100.1", 1), 1);
}

class Idempotency : public ::testing::Test {
 protected:
  using Known = IdempotencyBook::Known;
  Known begin(const std::string& key, const std::string& body = "{}") {
    return book.begin({"caller", "/path", key}, body, now, answer);
  }
  void finish(const std::string& key, const std::string& body, bool secret = false) {
    book.finish({"caller", "/path", key}, {.status = 201, .body = body}, secret);
  }
  IdempotencyBook book{{.life = hours(24), .entries_max = 4, .bytes_max = 100}};
  IdempotencyBook::Time now{};
  Response answer;
};

TEST_F(Idempotency, TheSecondCallGetsTheFirstAnswer) {
  EXPECT_EQ(begin("a"), Known::New);
  EXPECT_EQ(begin("a"), Known::UnderWay);
  finish("a", "made");
  EXPECT_EQ(begin("a"), Known::Answered);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "made");
  EXPECT_EQ(begin("a", R"({"other":1})"), Known::Different);
  now += hours(24);
  EXPECT_EQ(begin("a"), Known::New);
}

TEST_F(Idempotency, ACallThatDidNothingIsForgotten) {
  EXPECT_EQ(begin("a"), Known::New);
  book.forget({"caller", "/path", "a"});
  EXPECT_EQ(begin("a"), Known::New);
}

TEST_F(Idempotency, ASecretIsNotKept) {
  EXPECT_EQ(begin("a"), Known::New);
  finish("a", "rpt_secret", true);
  EXPECT_EQ(begin("a"), Known::ShownOnce);
  EXPECT_EQ(answer.body, "");
}

TEST_F(Idempotency, TheOldestAnswersGoFirstAndThoseUnderWayStay) {
  EXPECT_EQ(begin("slow"), Known::New);
  for (int i = 0; i < 20; ++i) {
    const auto key = std::to_string(i);
    EXPECT_EQ(begin(key), Known::New);
    finish(key, std::string(60, 'x'));
    EXPECT_LE(book.size(), 4U);
  }
  EXPECT_EQ(begin("slow"), Known::UnderWay);
  EXPECT_EQ(begin("0"), Known::New) << "it was forgotten";
}

TEST_F(Idempotency, TooManyUnderWayAreRefused) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(begin(std::to_string(i)), Known::New);
  EXPECT_EQ(begin("more"), Known::Full);
}

}  // namespace
}  // namespace reachproof::orchestrator::api
