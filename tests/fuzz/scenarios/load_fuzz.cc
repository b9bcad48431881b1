// libFuzzer on both loaders. Seeds: tests/golden/scenarios/.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scenarios/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reachproof;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto today = *core::parse_date("2026-11-30");
  static const auto shop = scenarios::load_scenario(
      "version: 1\nname: shop\nsegments: { a: { builtin: internet } }\n"
      "workloads: { web: { segment: a, match: [ { cidr: 10.0.0.0/8 } ] } }\n",
      "shop", today);
  static_cast<void>(scenarios::load_scenario(text, "fuzz", today));
  static_cast<void>(scenarios::load_inventory(text, "fuzz", shop->scenario));
  return 0;
}
