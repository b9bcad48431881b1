#pragma once

#include <string>
#include <string_view>

#include "core/calendar.h"
#include "core/error.h"

/// RFC 3161 time stamps over OpenSSL: the question, and what an answer proves. Sends nothing.
namespace reachproof::evidence {

/// A TimeStampReq over SHA-256 of the data, with a random nonce, asking for the certificate.
struct TimestampQuery {
  std::string der;
  static Result<TimestampQuery> over(std::string_view data);
};

struct Timestamp {
  core::WallTime time{};  ///< when the authority saw the data
  std::string root_pem;   ///< the certificate at the end of the chain that was believed
};

/// Whom to believe: certificates in PEM; empty for those of the system.
struct TimestampTrust {
  std::string ca_pem;
};

/// The answer to a query: granted, over this data, with this nonce, signed by a certificate for
/// time stamping alone whose chain ends in one that is trusted. Corrupt with the reason otherwise.
[[nodiscard]] Result<Timestamp> verify_reply(const TimestampQuery& query, std::string_view reply,
                                             const TimestampTrust& trust);

/// The same of an answer that was kept, whose nonce is gone. The chain is judged as of the time
/// that the token itself gives: the certificate may have expired since.
[[nodiscard]] Result<Timestamp> verify_token(std::string_view data, std::string_view reply,
                                             const TimestampTrust& trust);

}  // namespace reachproof::evidence
