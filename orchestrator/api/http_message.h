#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/address.h"

/// An HTTP request and its answer as plain values: the server makes and sends them, everything
/// behind it sees nothing of sockets, TLS or Beast.
namespace reachproof::orchestrator::api {

class EventStream;

/// 127.0.0.0/8 and ::1, also as an IPv4-mapped address.
[[nodiscard]] inline bool is_loopback(const core::IpAddress& address) {
  const auto plain = address.unmapped();
  if (plain.family() == core::Family::V4) return plain.bytes()[0] == 127;
  return plain == core::IpAddress::parse("::1");
}

struct Request {
  std::string method;  ///< as sent: "GET", "PATCH", "BREW"
  std::string path;    ///< up to the question mark, still percent-encoded
  std::string query;   ///< behind it, still encoded; may be empty
  std::map<std::string, std::string>
      headers;  ///< names in lower case; repeated ones joined by ", "
  std::string body;
  core::IpAddress peer;  ///< the other end of the connection

  /// Empty where there is none.
  [[nodiscard]] std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Where it is set, `body` is empty and the connection carries its events until it is closed.
  std::shared_ptr<EventStream> stream;
};

/// Takes the answer; on the loop's thread, at once or later. The first call counts. When all its
/// copies are gone without a call, the server answers 503.
using Reply = std::function<void(Response)>;

/// Must not block, and must not throw.
using Handler = std::function<void(Request, Reply)>;

}  // namespace reachproof::orchestrator::api
