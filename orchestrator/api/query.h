#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/problem.h"

/// Reading what stands in a URL. Pure.
namespace reachproof::orchestrator::api {

/// Undoes percent-encoding; nothing for a broken escape, for text that is not UTF-8 and for
/// control characters.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text,
                                                         bool plus_is_space = false);

struct Query {
  std::map<std::string, std::string> values;
  std::vector<Fault> faults;

  /// Empty where it was not given.
  [[nodiscard]] std::string text(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? std::string() : found->second;
  }
};

/// Reads a query. Names that are not among the known ones, names that come twice and values that
/// cannot be read are faults.
[[nodiscard]] Query read_query(std::string_view query, const std::vector<std::string>& known);

/// What may stand for {id}, {name} and the like: letters, digits, `.`, `_` and `-`, at most 128,
/// not beginning with a mark. Anything else names nothing.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace reachproof::orchestrator::api
