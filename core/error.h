#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace reachproof {

/// What kind of failure kept us from finding something out. An outcome of an attempt is never an
/// error: a refused connection is what we were sent to learn (docs/adr/0001).
enum class ErrorCode {
  Usage,        ///< the caller asked for something that makes no sense
  Config,       ///< a scenario, inventory, lab or scope file is wrong
  Io,           ///< the operating system failed us
  Protocol,     ///< a peer sent what it must not send
  Refused,      ///< refused for safety: scope, budget, stop
  Unavailable,  ///< a probe or another needed part is not there
  Busy,         ///< somebody else holds it; the message says who
  NotFound,     ///< no such run, check, record
  Corrupt,      ///< evidence that does not verify
  Internal,
};

/// A failure, told for people: what is wrong, where, and what to do.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes a failure on, saying what was being done: "open evidence: disk is full".
template <class T>
[[nodiscard]] tl::unexpected<Error> fail(Result<T>&& failed, std::string_view doing) {
  Error error = std::move(failed).error();
  error.message = std::string(doing) + ": " + error.message;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace reachproof
