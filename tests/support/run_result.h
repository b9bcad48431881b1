#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>

#include "tests/support/program.h"

namespace reachproof::testing {

/// One check of `reachproof --output json results`.
struct CheckWords {
  std::string result;
  std::string reachability;
  std::string proof;
  std::string reason;
  std::string detail;
  int connected = 0;
  int attempts = 0;
};

inline std::map<std::string, CheckWords> checks_in(const std::string& results_json) {
  std::map<std::string, CheckWords> checks;
  const auto value = boost::json::parse(results_json);
  const auto word = [](const boost::json::object& object, std::string_view name) {
    const auto* found = object.if_contains(name);
    return found == nullptr ? std::string() : std::string(found->as_string());
  };
  for (const auto& item : value.as_object().at("checks").as_array()) {
    const auto& check = item.as_object();
    auto& words = checks[word(check, "id")];
    words = {word(check, "result"), word(check, "reachability"), word(check, "proof"),
             word(check, "reason"), word(check, "detail")};
    if (check.contains("attempts")) {
      words.connected = static_cast<int>(check.at("connected").as_int64());
      words.attempts = static_cast<int>(check.at("attempts").as_int64());
    }
  }
  return checks;
}

}  // namespace reachproof::testing
