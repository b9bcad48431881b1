// Ten thousand damaged messages: each is refused with a reason, or is a message that can be
// written and read again. REACHPROOF_SEED repeats a run.
#include <gmock/gmock.h>

#include <random>

#include "tests/support/messages.h"

namespace reachproof::protocol {
namespace {

constexpr int kMutants = 10'000;

unsigned seed() {
  const char* given = std::getenv("REACHPROOF_SEED");
  return given == nullptr ? std::random_device{}() : static_cast<unsigned>(std::stoul(given));
}

class Mutator {
 public:
  explicit Mutator(unsigned number) : random_(number) {
    for (const auto& message : test::full_messages()) seeds_.push_back(encode(message));
  }

  std::string next() {
    std::string line = seeds_[below(seeds_.size())];
    // Half of them stay JSON, so that the fields are reached and not the parser alone.
    const bool values_alone = below(2) == 0;
    for (auto changes = 1 + below(3); changes > 0 && !line.empty(); --changes) {
      values_alone ? change_value(line) : change(line);
    }
    return line;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  /// Puts another value in the place of one, taken from any message or made up.
  void change_value(std::string& line) {
    static const std::vector<std::string> kValues{
        "null",        "true",    "false",        "0",           "-1",
        "1",           "65535",   "65536",        "4294967296",  "9007199254740993",
        "1.0",         "{}",      "[]",           "\"\"",        "\"tcp/80\"",
        "\"udp/1-2\"", "\"::1\"", "\"10.0.0.1\"", "\"refused\"", "\"2026-11-30T01:02:03Z\"",
        "\"aa\""};
    const auto colon = line.find(':', below(line.size()));
    if (colon == std::string::npos) return;
    const auto end = line.find_first_of(",}]", colon);
    if (end == std::string::npos) return;
    line.replace(colon + 1, end - colon - 1, kValues[below(kValues.size())]);
  }

  void change(std::string& line) {
    static const std::vector<std::string> kTokens{"null",
                                                  "true",
                                                  "-1",
                                                  "0",
                                                  "1e999",
                                                  "9223372036854775808",
                                                  "18446744073709551616",
                                                  "0.5",
                                                  "{}",
                                                  "[]",
                                                  "\"\"",
                                                  "\"\\u0000\"",
                                                  "\xff",
                                                  "\xc3\x28",
                                                  "\\",
                                                  "\"",
                                                  ",",
                                                  ":",
                                                  "{\"a\":",
                                                  "[[[[[",
                                                  "tcp/0",
                                                  "udp/65536",
                                                  "256.1.1.1",
                                                  "connected",
                                                  "\n",
                                                  "\"m\":\"arm\","};
    const auto at = below(line.size());
    switch (below(6)) {
      case 0:
        line[at] = static_cast<char>(below(256));
        return;
      case 1:
        line.erase(at, 1 + below(16));
        return;
      case 2:
        line.insert(at, kTokens[below(kTokens.size())]);
        return;
      case 3:
        line.replace(at, 1 + below(8), kTokens[below(kTokens.size())]);
        return;
      case 4:
        line.insert(at, line.substr(below(line.size()), 1 + below(40)));
        return;
      default: {
        const auto& other = seeds_[below(seeds_.size())];
        line = line.substr(0, at) + other.substr(below(other.size()));
        return;
      }
    }
  }

  std::vector<std::string> seeds_;
  std::mt19937 random_;
};

TEST(ProtocolMutants, AreRefusedWithAReasonOrAreSoundMessages) {
  const unsigned number = seed();
  SCOPED_TRACE(testing::Message() << "REACHPROOF_SEED=" << number);
  Mutator mutator(number);
  int accepted = 0;
  for (int i = 0; i < kMutants; ++i) {
    const auto line = mutator.next();
    const auto message = decode(line);
    if (!message) {
      ASSERT_EQ(message.error().code, ErrorCode::Protocol);
      ASSERT_NE(message.error().message, "");
      ASSERT_LT(message.error().message.size(), 400U);
      continue;
    }
    ++accepted;
    const auto written = encode(*message);
    const auto again = decode(written);
    ASSERT_TRUE(again.has_value()) << line << "\n" << written << "\n" << again.error().message;
    ASSERT_EQ(encode(*again), written);
  }
  // The mutator is not so wild that nothing gets through, nor so tame that all does.
  EXPECT_GT(accepted, kMutants / 100);
  EXPECT_LT(accepted, kMutants / 2);
}

}  // namespace
}  // namespace reachproof::protocol
