#include "evidence/redaction.h"

#include <gtest/gtest.h>

namespace reachproof::evidence {
namespace {

TEST(Redaction, FindsAddressesWhereverTheyStand) {
  for (const std::string text :
       {"10.9.0.5", "at 10.9.0.5:5432,", "\"3/13 10.0.0.1\"", "10.9.0.0/16", "v10.9.0.5",
        "fd00:30::5", "[fd00:30::5]:443", "::1", "::ffff:10.0.0.1", "fe80::1%eth0",
        "2001:db8:0:0:0:0:0:1", "52:54:00:12:34:56", "x10.9.0.5.example"}) {
    EXPECT_TRUE(mentions_address(text)) << text;
  }
}

TEST(Redaction, LeavesTimesNamesAndVersionsAlone) {
  for (const std::string text : {"", "2026-11-30T00:00:09.250Z", "01:00:00", "reachproof 0.1.0",
                                 "X03/vendor-vpn/phi-db/tcp/22", "12.345.6",
                                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                 "1234.1.1.1", "host.example:443", "http://host.example:8080/a"}) {
    EXPECT_FALSE(mentions_address(text)) << text;
  }
}

TEST(Redaction, AKindThatItDoesNotKnowIsLeftOutUnread) {
  EXPECT_TRUE(is_left_out(Redaction::Addresses, "plan", "{}"));
  EXPECT_TRUE(is_left_out(Redaction::Addresses, "of-a-later-release", "{}"));
  EXPECT_FALSE(is_left_out(Redaction::Addresses, "verdicts", "{}"));
  EXPECT_TRUE(is_left_out(Redaction::Addresses, "verdicts", R"({"why":"10.0.0.1"})"));
  EXPECT_FALSE(is_left_out(Redaction::None, "plan", "10.0.0.1"));
  EXPECT_FALSE(redaction_of("names").has_value());
}

}  // namespace
}  // namespace reachproof::evidence
