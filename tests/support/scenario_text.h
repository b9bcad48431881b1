#pragma once

#include <gmock/gmock.h>

#include <string>

#include "scenarios/load.h"
#include "tests/support/scenario_documents.h"

/// A small language for tests of the loader: a shop of three workloads, and what one adds to it.
namespace reachproof::test {

inline constexpr const char* kShop = R"(version: 1
name: shop
segments:
  front: {}
  back: {}
workloads:
  web: { segment: front, match: [ { cidr: 10.1.0.0/24 } ] }
  api: { segment: front, labels: { tier: app } }
  db: { segment: back, labels: { data: phi, tier: store }, match: [ { aws: { tags: { App: db } } } ] }
services:
  https: [tcp/443]
)";

inline std::string messages(const std::vector<scenarios::Problem>& problems) {
  std::string lines;
  for (const auto& problem : problems) lines += scenarios::text(problem) + "\n";
  return lines;
}

/// The shop with more sections; it must load.
inline core::Scenario shop_with(const std::string& sections) {
  auto loaded = scenarios::load_scenario(kShop + sections, "shop.yaml", today());
  EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : messages(loaded.error()));
  return loaded ? std::move(loaded->scenario) : core::Scenario{};
}

/// All errors of the shop with more sections, or all warnings where it loads.
inline std::string problems_with(const std::string& sections) {
  auto loaded = scenarios::load_scenario(kShop + sections, "shop.yaml", today());
  return messages(loaded ? loaded->warnings : loaded.error());
}

}  // namespace reachproof::test
