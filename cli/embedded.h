#pragma once

#include <string_view>

namespace reachproof::cli {

/// Files of the source tree that the program carries along.
[[nodiscard]] std::string_view scenario_schema_text();
[[nodiscard]] std::string_view inventory_schema_text();
[[nodiscard]] std::string_view report_schema_text();
[[nodiscard]] std::string_view quickstart_scenario_text();
[[nodiscard]] std::string_view quickstart_lab_text();
/// The report page as web/ builds it; empty where the program was built without Node.js.
[[nodiscard]] std::string_view report_page_text();

}  // namespace reachproof::cli
