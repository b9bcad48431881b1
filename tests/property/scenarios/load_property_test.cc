// What must hold of the loader for every document.
//
// REACHPROOF_SEED repeats a run.
#include <gmock/gmock.h>

#include <random>

#include "scenarios/matches.h"
#include "tests/support/scenario_text.h"

namespace reachproof::scenarios {
namespace {

std::mt19937 seeded() {
  const char* given = std::getenv("REACHPROOF_SEED");
  const unsigned seed = given == nullptr ? 7 : static_cast<unsigned>(std::stoul(given));
  std::cout << "REACHPROOF_SEED=" << seed << "\n";
  return std::mt19937(seed);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text)
    out += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
  return out + "\"";
}

/// Writes a tree as YAML in flow style, the keys of every rule and setting in any order. The order
/// of names in sections is kept: it is the scenario's own.
std::string written(const Node& node, std::mt19937& random, int depth = 0) {
  if (node.kind == Node::Kind::Null) return "~";
  if (node.kind == Node::Kind::Scalar) return node.quoted ? quoted(node.text) : node.text;
  std::string out;
  if (node.kind == Node::Kind::Sequence) {
    for (const auto& item : node.items) out += written(item, random, depth + 1) + ", ";
    return "[" + out + "]";
  }
  auto entries = node.entries;
  if (depth != 1) std::ranges::shuffle(entries, random);
  for (const auto& [key, value] : entries)
    out += key.text + ": " + written(value, random, depth + 1) + ", ";
  return "{" + out + "}";
}

std::string said(const core::Selection& selection) {
  std::string text = selection.text + " = ";
  for (const auto& name : selection.workloads) text += name + " ";
  return text;
}

/// Everything of a scenario that a run depends on, as text.
std::string digest(const core::Scenario& scenario) {
  std::string text;
  for (const auto& workload : scenario.workloads)
    text += workload.name + "@" + workload.segment + "\n";
  const auto rule = [&](const auto& one) {
    text += one.id + ": " + said(one.from) + "-> " + said(one.to) + one.service;
    for (const auto& port : one.ports) text += " " + port.text();
    text += "\n";
  };
  for (const auto& flow : scenario.flows) {
    rule(flow);
    text += std::to_string(flow.check.samples) + flow.check.schedule +
            std::to_string(flow.check.timeout.count());
  }
  for (const auto& forbid : scenario.forbids) {
    rule(forbid);
    text += std::string(core::word(forbid.severity)) +
            (forbid.reach == core::ForbidRule::Reach::Direct ? "d" : "t");
  }
  for (const auto& exception : scenario.exceptions) {
    rule(exception);
    text += exception.of + core::text(exception.expires);
  }
  for (const auto& schedule : scenario.schedules) text += schedule.name + schedule.cron;
  return text;
}

TEST(LoadScenarioProperty, TheOrderOfKeysDoesNotMatter) {
  auto random = seeded();
  auto texts = test::documents("valid");
  if (auto example = test::reference_example())
    texts.push_back({.path = "example", .text = *example});
  for (const auto& document : texts) {
    const auto straight = load_scenario(document.text, document.path, test::today());
    ASSERT_TRUE(straight.has_value());
    Problems problems(document.path);
    const auto root = parse_document(document.text, problems);
    for (int i = 0; i < 20; ++i) {
      const auto yaml = written(root, random);
      const auto shuffled = load_scenario(yaml, document.path, test::today());
      ASSERT_TRUE(shuffled.has_value()) << test::messages(shuffled.error()) << yaml;
      EXPECT_EQ(digest(shuffled->scenario), digest(straight->scenario)) << yaml;
    }
  }
}

TEST(LoadScenarioProperty, LoadingTwiceGivesTheSameProblems) {
  for (const auto& document : test::documents("invalid")) {
    const auto once = load_scenario(document.text, "f", test::today());
    const auto twice = load_scenario(document.text, "f", test::today());
    EXPECT_EQ(test::messages(once.error()), test::messages(twice.error())) << document.path;
  }
}

/// Blocks within 10.0.0.0/26, so that an address can be looked for one by one.
core::Match random_match(std::mt19937& random) {
  const auto block = [&](int bits_min) {
    const int bits = std::uniform_int_distribution<int>(bits_min, 32)(random);
    const auto host = std::uniform_int_distribution<unsigned>(0, 63)(random);
    const auto base = bits == 32 ? host : host >> (32 - bits) << (32 - bits);
    const std::uint8_t bytes[4] = {10, 0, 0, static_cast<std::uint8_t>(base)};
    return core::Cidr{core::IpAddress::v4(bytes), bits};
  };
  core::Match match{.cidr = block(26)};
  for (int i = std::uniform_int_distribution<int>(0, 3)(random); i > 0; --i) {
    const auto hole = block(27);
    if (hole.prefix_bits > match.cidr->prefix_bits && match.cidr->overlaps(hole)) {
      match.except.push_back(hole);
    }
  }
  return match;
}

TEST(MatchProperty, TwoMatchesOverlapExactlyWhereAnAddressFitsBoth) {
  auto random = seeded();
  for (int i = 0; i < 5000; ++i) {
    const auto a = random_match(random);
    const auto b = random_match(random);
    bool both = false;
    for (int host = 0; host < 64; ++host) {
      const std::uint8_t bytes[4] = {10, 0, 0, static_cast<std::uint8_t>(host)};
      const std::vector<core::IpAddress> address{core::IpAddress::v4(bytes)};
      both = both || (fits(a, address, {}) && fits(b, address, {}));
    }
    EXPECT_EQ(overlap(a, b).has_value(), both) << a.cidr->text() << " " << b.cidr->text();
    EXPECT_EQ(overlap(b, a).has_value(), both);
  }
}

}  // namespace
}  // namespace reachproof::scenarios
