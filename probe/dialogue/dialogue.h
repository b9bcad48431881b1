#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/address.h"
#include "core/layer.h"

/// What is said to a service, and what is made of its answer. Pure: bytes in, bytes out, so that a
/// hostile server can be tried on each without a network. docs/layers.md says for each protocol
/// what is sent and what proves that the service itself answered.
namespace reachproof::probe {

/// What to do after some input.
struct Step {
  bool over = false;
  core::Exchange exchange;  ///< where it is over
  std::string send;         ///< to be sent now; may be said together with `over`, as a farewell
  std::size_t used = 0;     ///< bytes of the input that need not be shown again
};

class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// Sent as soon as the connection stands; empty where the service speaks first.
  [[nodiscard]] virtual std::string opening() = 0;
  /// `input` is everything that came and was not used yet; never empty. Over UDP: one datagram.
  [[nodiscard]] virtual Step take(std::string_view input) = 0;
};

/// A dialogue with more input than this that is not over never will be.
inline constexpr std::size_t kDialogueBytesMax = 64U << 10U;

/// The dialogue for a question over TCP or UDP; null where it needs none (TLS, HTTP) or is not
/// known. `datagrams`: over UDP, where each message stands alone.
[[nodiscard]] std::unique_ptr<Dialogue> dialogue_for(const core::Ask& ask, bool datagrams);

/// An HTTP answer, for the services that are recognised by one.
struct HttpFacts {
  int status = 0;
  std::string headers;  ///< lower-case lines
  std::string body;     ///< its beginning
};
/// A service that speaks HTTP: the request, and what its answer shows.
struct HttpService {
  std::string_view name;
  std::string_view path;
  std::string_view header;  ///< "Name: value", empty for none
  core::Exchange (*recognise)(const HttpFacts& facts);
};
/// Null where the service does not speak HTTP.
[[nodiscard]] const HttpService* http_service(std::string_view name);

/// Text for people out of bytes from a peer: at most 200, what is not printable as '?'.
[[nodiscard]] std::string printable_part(std::string_view bytes);

// ---- for the dialogues themselves ----

[[nodiscard]] Step more();
[[nodiscard]] Step over(core::Exchange::State state, std::string says, int code = 0);
[[nodiscard]] Step garbled(std::string_view input);

/// Big-endian numbers; 0 beyond the end.
[[nodiscard]] std::uint32_t be16(std::string_view bytes, std::size_t at);
[[nodiscard]] std::uint32_t be32(std::string_view bytes, std::size_t at);
[[nodiscard]] std::uint32_t le16(std::string_view bytes, std::size_t at);
[[nodiscard]] std::uint32_t le32(std::string_view bytes, std::size_t at);
[[nodiscard]] std::string put_be16(std::uint32_t value);
[[nodiscard]] std::string put_be32(std::uint32_t value);
[[nodiscard]] std::string put_le16(std::uint32_t value);
[[nodiscard]] std::string put_le32(std::uint32_t value);
/// A random number that the answer must repeat.
[[nodiscard]] std::uint32_t random_id();

std::unique_ptr<Dialogue> make_greeting(const std::string& service);
std::unique_ptr<Dialogue> make_database(const std::string& service, bool exercise);
std::unique_ptr<Dialogue> make_directory(const std::string& service, bool datagrams);
std::unique_ptr<Dialogue> make_remote(const std::string& service, bool datagrams);
std::unique_ptr<Dialogue> make_clinical(const core::Ask& ask);
std::unique_ptr<Dialogue> make_dns(const core::Ask& ask, bool datagrams);

}  // namespace reachproof::probe
