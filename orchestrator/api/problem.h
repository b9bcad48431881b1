#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "orchestrator/api/http_message.h"

/// Errors as RFC 9457 problem documents. Pure.
namespace reachproof::orchestrator::api {

/// One thing that is wrong with a request: where, as a JSON pointer into the body ("/ttl_s"), or
/// the name of a query parameter, and what.
struct Fault {
  std::string where;
  std::string what;
};

/// A problem without `faults` has none of its own to list.
struct Problem {
  int status = 500;
  std::string detail;         ///< a sentence for people
  std::vector<Fault> faults;  ///< all of them, not the first
};

/// "Not Found" for 404: the title of problems, and the reason phrase.
[[nodiscard]] std::string_view reason_phrase(int status);

[[nodiscard]] Response problem_response(const Problem& problem);

/// The same for whatever is not there and whatever is not the caller's to know of.
[[nodiscard]] Problem missing_object();

[[nodiscard]] Response json_response(int status, std::string body);

/// What an error of the service means to a caller.
[[nodiscard]] Problem problem_of(const Error& error);

}  // namespace reachproof::orchestrator::api
