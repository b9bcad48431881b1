#include "lab/dns_answer.h"

#include <gtest/gtest.h>

#include <cstring>

namespace reachproof::lab {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes query(const std::string& host, const std::string& domain, std::uint8_t type) {
  Bytes bytes{0x12, 0x34, 0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (const auto& label : {host, domain}) {
    bytes.push_back(static_cast<std::uint8_t>(label.size()));
    bytes.insert(bytes.end(), label.begin(), label.end());
  }
  for (const std::uint8_t byte :
       {std::uint8_t{0}, std::uint8_t{0}, type, std::uint8_t{0}, std::uint8_t{1}}) {
    bytes.push_back(byte);
  }
  return bytes;
}

const std::map<std::string, std::vector<core::IpAddress>> kNames{
    {"db.lab", {*core::IpAddress::parse("10.0.0.7"), *core::IpAddress::parse("fd00::7")}}};

TEST(DnsAnswer, GivesTheAddressesOfTheFamilyThatWasAskedFor) {
  const auto four = dns_answer(query("DB", "lab", 1), kNames);
  ASSERT_GE(four.size(), 4U);
  EXPECT_EQ(four[7], 1);
  EXPECT_EQ(four[3] & 0xfU, 0U);
  EXPECT_EQ(Bytes(four.end() - 4, four.end()), (Bytes{10, 0, 0, 7}));
  EXPECT_EQ(dns_answer(query("db", "lab", 28), kNames).back(), 7);
}

TEST(DnsAnswer, TellsAnUnknownNameFromATypeWithoutData) {
  EXPECT_EQ(dns_answer(query("no", "lab", 1), kNames)[3] & 0xfU, 3U);
  const auto mx = dns_answer(query("db", "lab", 15), kNames);
  EXPECT_EQ(mx[3] & 0xfU, 0U);
  EXPECT_EQ(mx[7], 0);
}

TEST(DnsAnswer, OfABrokenServerIsItsErrorForEveryName) {
  for (const auto& [name, code] : {std::pair{"servfail", 2U}, {"nxdomain", 3U}}) {
    const auto error = dns_error_of(name);
    ASSERT_TRUE(error) << name;
    const auto answer = dns_answer(query("db", "lab", 1), *error);
    EXPECT_EQ(answer[3] & 0xfU, code);
    EXPECT_EQ(answer[7], 0);
    EXPECT_TRUE(dns_answer(Bytes{1, 2, 3}, *error).empty());
  }
  EXPECT_FALSE(dns_error_of("refused"));
}

TEST(DnsAnswer, IgnoresWhatIsNoQuery) {
  auto whole = query("db", "lab", 1);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(dns_answer(std::span(whole).first(size), kNames).empty()) << size;
  }
  whole[2] |= 0x80;  // an answer
  EXPECT_TRUE(dns_answer(whole, kNames).empty());
}

}  // namespace
}  // namespace reachproof::lab
