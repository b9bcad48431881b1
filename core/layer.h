#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.h"
#include "core/verdict.h"

/// What a check asks above the network, and what the answer means. A connection that stands is then
/// no departure by itself: what the service lets a stranger do decides. Pure.
namespace reachproof::core {

enum class Layer : std::uint8_t {
  Tls,      ///< a handshake without a client certificate
  Http,     ///< a request without a credential, over TLS or not
  Dns,      ///< a name through a resolver
  Service,  ///< the harmless first words of a protocol, without a credential
  /// Nothing is said: the connection is held open, and TCP's own keepalive shows whether it stands.
  Keepalive,
};

enum class DnsType : std::uint8_t { A, Aaaa };

/// The question, as the probe gets it. Everything in it is bounded and validated on both sides;
/// there is no way to make a probe send bytes of somebody's choice.
struct Ask {
  Layer layer = Layer::Service;
  /// TLS server name and HTTP Host; empty: the endpoint's host name, or its address.
  std::string server_name;
  std::vector<std::string> alpn;     ///< Tls: protocols offered; see docs/layers.md for why
  std::string method = "GET";        ///< Http: GET, HEAD or OPTIONS
  std::string path = "/";            ///< Http: begins with a slash
  std::vector<std::string> headers;  ///< Http: "Name: value", never a credential
  bool over_tls = false;             ///< Http, Service
  std::string name;                  ///< Dns: the name asked for
  DnsType type = DnsType::A;
  std::string service;           ///< Service: its name in the list of probe/dialogue/services.h
  bool exercise = false;         ///< Service: one harmless operation beyond the greeting
  std::string called;            ///< Service dicom: called AE title
  std::string calling;           ///< Service dicom: calling AE title
  std::chrono::seconds hold{0};  ///< Keepalive: how long, from 1 s to an hour
  bool operator==(const Ask&) const = default;
};

/// What the answer must be for the flow to work, or to be refused.
struct Wanted {
  /// Http. Of an allowed flow: what counts as served. Of a denied one: what counts as refused.
  std::vector<int> statuses;
  std::vector<std::string> names;    ///< Tls: of which the certificate must bear one (DNS or URI)
  std::string version_min;           ///< Tls: "1.2" or "1.3", empty for any
  bool demands_certificate = false;  ///< Tls: a stranger without one must be refused
  /// Dns: nothing: the name must resolve. Else to these alone.
  std::vector<IpAddress> only;
  bool operator==(const Wanted&) const = default;
};

struct LayerRule {
  Ask ask;
  Wanted wanted;
  std::string label;  ///< "tls", "http GET /metadata", "dns x.example A", "ssh": part of the id
  bool operator==(const LayerRule&) const = default;
};
inline constexpr std::chrono::seconds kHoldMax{3600};
/// How much longer than its time a held connection may take to show whether it still stands.
inline constexpr std::chrono::seconds kHoldGrace{6};

/// Null: the network alone.
using LayerPtr = std::shared_ptr<const LayerRule>;

/// What came of asking, once the connection stood: facts, not conclusions.
struct Exchange {
  enum class State : std::uint8_t {
    Answered,  ///< the service spoke its protocol and went on with us; Keepalive: it stood
    Refused,   ///< the service itself refused us, in its protocol; Keepalive: it was cut
    Garbled,   ///< bytes came that are not its protocol
    Closed,    ///< it closed without an answer
    Silent,    ///< nothing more until the deadline
    Failed,    ///< our own side failed; says nothing about the service
  };
  State state = State::Silent;
  int code = 0;      ///< HTTP status, TLS alert, DNS rcode, the protocol's own reason
  std::string says;  ///< printable, at most 200 bytes: "SSH-2.0-OpenSSH_9.2p1", "TLSv1.3", why not
  std::vector<std::string> names;  ///< Tls: the certificate's names; Dns: addresses
  std::string certificate;         ///< SHA-256 of the peer's certificate in hex, empty for none
  std::string version;             ///< Tls: "1.2", "1.3"
  bool wants_certificate = false;  ///< the peer asked for a client certificate
  bool operator==(const Exchange&) const = default;
};
using ExchangePtr = std::shared_ptr<const Exchange>;

/// What an exchange means for a rule.
struct LayerAnswer {
  enum class Kind : std::uint8_t { Granted, Denied, Unclear };
  Kind kind = Kind::Unclear;
  std::string detail;
};
[[nodiscard]] LayerAnswer layer_answer(const LayerRule& rule, Expectation expected,
                                       const Exchange& exchange);

/// A service that the probe can greet.
struct ServiceKind {
  std::string_view name;
  bool over_tcp = true;
  bool over_udp = false;
  bool exercises = false;       ///< knows one harmless operation beyond the greeting
  bool only_exercised = false;  ///< has no greeting: nothing can be shown without the operation
  bool usually_tls = false;     ///< spoken over TLS where nothing else is said
  std::string_view shows;       ///< what proves that the service itself answered
};
[[nodiscard]] std::span<const ServiceKind> known_services();
[[nodiscard]] const ServiceKind* service_named(std::string_view name);

[[nodiscard]] std::string label_of(const Ask& ask);
/// What is wrong with a question; nothing where it may be asked. Scenario, orchestrator and probe
/// all hold a question against this.
[[nodiscard]] std::optional<std::string> objection_to(const Ask& ask);

/// The canonical text of a question, in which two differ where anything differs: what a signed
/// plan names.
[[nodiscard]] std::string canonical(const Ask& ask);

[[nodiscard]] std::string_view word(Layer layer);
[[nodiscard]] std::string_view word(DnsType type);
[[nodiscard]] std::string_view word(Exchange::State state);
[[nodiscard]] std::optional<Layer> layer_of(std::string_view word);
[[nodiscard]] std::optional<DnsType> dns_type_of(std::string_view word);
[[nodiscard]] std::optional<Exchange::State> exchange_state_of(std::string_view word);

/// One exchange in a person's words: "refused, TLS alert 116", "answered 200".
[[nodiscard]] std::string summary(const Exchange& exchange, Layer layer);

}  // namespace reachproof::core
