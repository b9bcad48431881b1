#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "core/observation.h"
#include "protocol/key_pair.h"

/// The fleet's carrier: what an enrolled probe and its orchestrator say to each other over mutually
/// authenticated HTTPS. The messages of message.h travel inside, as lines of a *session*: what a
/// launched probe would be to one run, a session is to an enrolled one. docs/protocol.md.
namespace reachproof::protocol {

inline constexpr int kFleetVersion = 1;
inline constexpr std::string_view kJoinPath = "/probe/v1/join";
inline constexpr std::string_view kRenewPath = "/probe/v1/renew";
inline constexpr std::string_view kExchangePath = "/probe/v1/exchange";

/// Bytes of one batch's lines: with its signature it fits into one evidence record, escaped.
inline constexpr std::size_t kBatchBytesMax = 24'000;
/// Bytes of one body before compression, either way.
inline constexpr std::size_t kExchangeBytesMax = 2U << 20U;
/// Bytes of all lines in one exchange; what is more goes with the next.
inline constexpr std::size_t kExchangeLinesMax = 512U << 10U;
inline constexpr std::size_t kSessionsMax = 64;
/// Longest that an exchange may be held back for want of anything to say.
inline constexpr std::chrono::milliseconds kHoldMax{60'000};
/// Without a fresh heartbeat for so long a probe goes idle.
inline constexpr std::chrono::minutes kHeartbeatPatience{5};

/// Probe: let me in. Sent with a certificate that it signed itself, so TLS proves the key.
struct JoinRequest {
  int version = kFleetVersion;
  std::string token;  ///< the token's secret part "id.secret"; empty when the key is known already
  std::string request;  ///< PKCS #10, PEM, of the same key
  std::string host;
  std::string software;
};

/// Orchestrator: the answer to join and renew.
struct JoinAnswer {
  std::string state;  ///< a word of ProbeState
  std::string id;     ///< fingerprint of its key
  std::string segment;
  std::string certificate;    ///< PEM; empty while pending
  std::string authority;      ///< PEM of the CA
  std::string heartbeat_key;  ///< PEM; signs heartbeats and stops
  std::string detail;         ///< for people: what to do next
};

/// A piece of what a probe says in one session, signed by its key. The pieces in their order make
/// the session's stream of lines; a piece may end inside a line.
struct Batch {
  std::string session;
  std::uint64_t sequence = 0;  ///< from 1, without gaps
  std::string lines;
  std::string signature;  ///< base64, over batch_text()
};

/// What a probe knows of a session.
struct SessionReport {
  std::string session;
  std::uint64_t orders_got = 0;  ///< highest order without a gap
  std::uint64_t last_batch = 0;  ///< sequence of its newest batch
  bool ended = false;            ///< no batch follows the last one
  std::string detail;            ///< why it ended
};

struct ClockOffset {
  std::int64_t ms = 0;        ///< orchestrator's clock minus the probe's
  std::int64_t error_ms = 0;  ///< at most so wrong
};

/// Probe: here is what I have; what shall I do?
struct ExchangeRequest {
  int version = kFleetVersion;
  std::string instance;  ///< of this process, 32 hex digits: tells a clone from a restart
  std::uint64_t sequence = 0;
  std::int64_t wait_ms = 0;  ///< hold the answer so long where there is nothing to say
  core::Moment now;
  std::string software;
  std::string host;
  std::string scope;
  bool can_capture = false;
  std::optional<ClockOffset> offset;
  std::string policy_key;            ///< fingerprint of the policy key it was given, or empty
  std::uint64_t policy_version = 0;  ///< highest plan version that it has seen
  std::uint64_t log_size = 0;        ///< of the newest checkpoint that it has seen
  std::string stopped;               ///< why it refuses everything (stop file, idle), or empty
  std::vector<SessionReport> sessions;
  std::vector<Batch> batches;
};

/// One line for a session's probe.
struct Order {
  std::string session;
  std::uint64_t number = 0;  ///< from 1, without gaps
  std::string line;
};

struct SessionOpening {
  std::string session;
  std::string run;
  std::string grant;  ///< DSSE envelope (grant.h), empty where nobody signed the plan
};

struct BatchAck {
  std::string session;
  std::uint64_t sequence = 0;  ///< this and all before are on the orchestrator's disk
};

/// Orchestrator: I am here, and mean it. Answers one request: nobody can replay it.
struct Heartbeat {
  std::string instance;
  std::uint64_t sequence = 0;
  core::WallTime time{};
  std::string signature;  ///< base64, over heartbeat_text()
};

/// Orchestrator: nothing more, until the stop of this id is released.
struct StopOrder {
  std::string id;
  std::string reason;
  core::WallTime time{};
  std::string signature;  ///< base64, over stop_text()
};

struct ExchangeAnswer {
  core::WallTime received{};
  core::WallTime now{};
  Heartbeat heartbeat;
  std::vector<BatchAck> acks;
  std::vector<SessionOpening> openings;
  std::vector<Order> orders;
  std::vector<std::string> closings;  ///< sessions that nobody needs any longer
  std::optional<StopOrder> stop;
  std::uint64_t log_size = 0;  ///< of the newest checkpoint
  bool renew = false;          ///< ask for a new certificate now
  std::int64_t pace_ms = 0;    ///< least time until the next exchange
};

[[nodiscard]] std::string encode(const JoinRequest& message);
[[nodiscard]] std::string encode(const JoinAnswer& message);
[[nodiscard]] std::string encode(const ExchangeRequest& message);
[[nodiscard]] std::string encode(const ExchangeAnswer& message);
/// The peer is hostile input: everything is bounded and validated; unknown fields are refused.
[[nodiscard]] Result<JoinRequest> decode_join_request(std::string_view text);
[[nodiscard]] Result<JoinAnswer> decode_join_answer(std::string_view text);
[[nodiscard]] Result<ExchangeRequest> decode_exchange_request(std::string_view text);
[[nodiscard]] Result<ExchangeAnswer> decode_exchange_answer(std::string_view text);

/// The bytes that signatures cover. Each begins with a line that no other kind begins with.
[[nodiscard]] std::string batch_text(const Batch& batch);
[[nodiscard]] std::string heartbeat_text(const Heartbeat& heartbeat);
[[nodiscard]] std::string stop_text(const StopOrder& stop);

/// Signature in base64, and back.
[[nodiscard]] std::string sign_base64(const KeyPair& key, std::string_view text);
[[nodiscard]] bool verify_base64(const PublicKey& key, std::string_view text,
                                 std::string_view signature);

/// What `reachproof probe token create` hands out: "rpj_" and base64url of a JSON object, so that
/// secret scanners find it. Carries all that a probe needs to trust nobody else.
struct JoinToken {
  std::string url;
  std::string ca_pin;  ///< SHA-256 of the authority's public key, hex
  std::string secret;  ///< "id.secret"
};
[[nodiscard]] std::string encode(const JoinToken& token);
[[nodiscard]] Result<JoinToken> decode_join_token(std::string_view text);

}  // namespace reachproof::protocol
