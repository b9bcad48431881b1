#include "probe/scope.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace reachproof::probe {
namespace {

using core::Protocol;
using testing::HasSubstr;

Scope scope(const std::string& text) {
  auto parsed = Scope::parse(text, "scope");
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
  return parsed ? *parsed : Scope();
}

bool in(const Scope& scope, const char* address, const char* port = "tcp/443") {
  const auto range = *core::PortRange::parse(port);
  return !scope.objection(*core::IpAddress::parse(address), {range.protocol, range.first});
}

std::string problem(const std::string& text) {
  const auto parsed = Scope::parse(text, "scope");
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().code, ErrorCode::Config);
  return parsed.error().message;
}

TEST(Scope, WithoutAFileAllIsInScopeButWhatNeverIs) {
  const Scope none;
  for (const auto* address :
       {"10.0.0.1", "192.0.2.1", "127.0.0.1", "::1", "2001:db8::1", "fd00::1"}) {
    EXPECT_TRUE(in(none, address)) << address;
  }
  for (const auto* address :
       {"169.254.169.254", "169.254.0.1", "fe80::1", "fd00:ec2::254", "224.0.0.1",
        "239.255.255.255", "ff02::1", "255.255.255.255", "0.0.0.0"}) {
    EXPECT_FALSE(in(none, address)) << address;
  }
}

TEST(Scope, AnIpv4AddressInIpv6ClothingIsTheIpv4Address) {
  const Scope none;
  EXPECT_FALSE(in(none, "::ffff:169.254.169.254"));
  EXPECT_FALSE(in(none, "::ffff:224.0.0.1"));
  const auto file = scope("allow ::/0\nallow 10.1.0.0/16\n");
  EXPECT_FALSE(in(file, "::ffff:10.2.0.1"));
  EXPECT_TRUE(in(file, "::ffff:10.1.0.1"));
  EXPECT_FALSE(in(scope("allow ::/0\ndeny 10.0.0.0/8\n"), "::ffff:10.2.0.1"));
  EXPECT_FALSE(in(file, "::ffff:127.0.0.1"));
}

TEST(Scope, TheUnspecifiedAddressIsAnotherNameOfLoopback) {
  EXPECT_FALSE(in(scope("allow ::/0\nallow 0.0.0.0/0\n"), "::"));
  EXPECT_FALSE(in(scope("allow ::/0\nallow 0.0.0.0/0\n"), "0.0.0.0"));
}

TEST(Scope, WithAFileWhatNoLineAllowsIsOut) {
  const auto file = scope("allow 10.0.0.0/8 tcp/1-1000\nallow 192.0.2.7\n");
  EXPECT_TRUE(in(file, "10.255.0.1", "tcp/1000"));
  EXPECT_FALSE(in(file, "10.255.0.1", "tcp/1001"));
  EXPECT_FALSE(in(file, "10.255.0.1", "udp/53"));
  EXPECT_TRUE(in(file, "192.0.2.7", "udp/53"));
  EXPECT_FALSE(in(file, "192.0.2.8"));
  EXPECT_FALSE(in(file, "2001:db8::1"));
  EXPECT_FALSE(in(scope(""), "10.0.0.1"));
}

TEST(Scope, ADenyBeatsEveryAllowWhereverItStands) {
  for (const auto* text : {"deny 10.9.0.0/16\nallow 10.0.0.0/8\nallow 10.9.0.1\n",
                           "allow 10.9.0.1\nallow 10.0.0.0/8\ndeny 10.9.0.0/16\n"}) {
    EXPECT_FALSE(in(scope(text), "10.9.0.1"));
    EXPECT_TRUE(in(scope(text), "10.8.0.1"));
  }
  const auto ports = scope("allow 10.0.0.0/8\ndeny 10.0.0.0/8 tcp/22\n");
  EXPECT_FALSE(in(ports, "10.0.0.1", "tcp/22"));
  EXPECT_TRUE(in(ports, "10.0.0.1", "tcp/23"));
}

TEST(Scope, SpecialAddressesNeedALineOfTheirOwn) {
  const auto wide = scope("allow 0.0.0.0/0\nallow ::/0\nallow 169.254.0.0/16\n");
  for (const auto* address : {"169.254.169.254", "127.0.0.1", "::1", "fe80::1", "224.0.0.1"}) {
    EXPECT_FALSE(in(wide, address)) << address;
  }
  const auto exact = scope("allow 169.254.169.254 tcp/80\nallow 127.0.0.1/32\nallow ::1\n");
  EXPECT_TRUE(in(exact, "169.254.169.254", "tcp/80"));
  EXPECT_FALSE(in(exact, "169.254.169.254", "tcp/81"));
  EXPECT_TRUE(in(exact, "127.0.0.1"));
  EXPECT_FALSE(in(exact, "127.0.0.2"));
  EXPECT_TRUE(in(exact, "::1"));
}

TEST(Scope, AnObjectionSaysWhat) {
  const auto objection = scope("deny 10.0.0.0/8\n")
                             .objection(*core::IpAddress::parse("10.0.0.1"), {Protocol::Udp, 53});
  EXPECT_THAT(*objection,
              testing::AllOf(HasSubstr("10.0.0.1"), HasSubstr("udp/53"), HasSubstr("deny")));
}

TEST(Scope, CommentsBlanksAndWindowsLineEndsAreFine) {
  EXPECT_TRUE(in(scope("# ours\r\n\r\n  allow   10.0.0.0/8\ttcp/443   # web\r\n"), "10.0.0.1"));
}

TEST(Scope, EveryWrongLineIsNamedAtOnce) {
  const auto problems = problem(
      "allow 10.0.0.1/8\n"
      "permit 10.0.0.0/8\n"
      "\n"
      "allow 10.0.0.0/8 tcp/0\n"
      "rate fast\n"
      "per-target 5/s extra\n"
      "allow\n"
      "allow 10.0.0.0/8 tcp/1 tcp/2\n"
      "deny host\n");
  for (const int line : {1, 2, 4, 5, 6, 7, 8, 9}) {
    EXPECT_THAT(problems, HasSubstr("scope:" + std::to_string(line) + ": "));
  }
  EXPECT_THAT(problems, testing::Not(HasSubstr("scope:3:")));
  EXPECT_THAT(problems, HasSubstr("`permit` is not known"));
}

TEST(Scope, TheDigestIsThatOfTheFile) {
  EXPECT_EQ(Scope().digest(), "");
  EXPECT_EQ(scope("").digest(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_NE(scope("allow 10.0.0.1\n").digest(), scope("allow 10.0.0.2\n").digest());
}

TEST(Scope, AMissingFileIsAnErrorOnlyWhereItIsRequired) {
  EXPECT_TRUE(Scope::load("/nonexistent", false).has_value());
  EXPECT_EQ(Scope::load("/nonexistent", true).error().code, ErrorCode::Config);
}

/// How many of `tries`, `every_us` apart, are within budget at that target.
int within(Scope& scope, const char* target, int tries, std::int64_t every_us,
           std::int64_t from = 1) {
  int count = 0;
  for (int i = 0; i < tries; ++i) {
    if (!scope.over_budget(*core::IpAddress::parse(target), from + i * every_us)) ++count;
  }
  return count;
}

TEST(ScopeRates, WithoutARateNothingIsTooFast) {
  Scope none;
  EXPECT_EQ(within(none, "10.0.0.1", 1000, 0), 1000);
}

TEST(ScopeRates, ASecondsWorthMayComeAtOnceAndThenTheRateHolds) {
  auto rated = scope("rate 10/s\n");
  EXPECT_EQ(within(rated, "10.0.0.1", 100, 0), 10);
  auto steady = scope("rate 10/s\n");
  EXPECT_EQ(within(steady, "10.0.0.1", 100, 100'000), 100);
  auto fast = scope("rate 10/s\n");
  EXPECT_LE(within(fast, "10.0.0.1", 10'000, 1'000), 110);  // ten seconds, and the first burst
}

TEST(ScopeRates, SlowRatesLetOneThroughAtATime) {
  auto hourly = scope("per-target 2/h\n");
  EXPECT_EQ(within(hourly, "10.0.0.1", 10, 1'000'000), 1);
  EXPECT_EQ(within(hourly, "10.0.0.1", 1, 0, 1'801'000'000), 1);
}

TEST(ScopeRates, EachTargetHasItsOwnBudget) {
  auto rated = scope("per-target 3/s\n");
  EXPECT_EQ(within(rated, "10.0.0.1", 10, 0), 3);
  EXPECT_EQ(within(rated, "10.0.0.2", 10, 0), 3);
  EXPECT_THAT(*rated.over_budget(*core::IpAddress::parse("10.0.0.1"), 1), HasSubstr("10.0.0.1"));
}

TEST(Scope, SaysWhatMayBeAsked) {
  const auto asks = [](const std::string& text, const core::Ask& ask) {
    return !Scope::parse("allow 10.0.0.0/8\n" + text, "f")->objection_to_asking(ask);
  };
  const core::Ask tls{.layer = core::Layer::Tls};
  const core::Ask ssh{.layer = core::Layer::Service, .service = "ssh"};
  EXPECT_TRUE(asks("", tls));
  EXPECT_TRUE(asks("", ssh));
  EXPECT_FALSE(asks("ask none\n", tls));
  EXPECT_TRUE(asks("ask tls dns\nask ssh # and that\n", ssh));
  EXPECT_FALSE(asks("ask ssh\n", tls));
  EXPECT_TRUE(Scope().objection_to_asking(tls) == std::nullopt);
  EXPECT_FALSE(Scope::parse("ask everything\n", "f").has_value());
  EXPECT_FALSE(Scope::parse("ask\n", "f").has_value());
}

}  // namespace
}  // namespace reachproof::probe
