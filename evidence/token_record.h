#pragma once

#include <map>
#include <string>

#include "evidence/log.h"

/// Records of kinds "timestamp" and "anchor-missing": what a time stamping authority said of a
/// checkpoint, or that none could be had. docs/evidence-format.md. Pure but for the reading.
namespace reachproof::evidence {

struct TokenRecord {
  std::uint64_t size = 0;     ///< of the checkpoint that the token covers
  std::string authority;      ///< the URL that was asked
  std::string time;           ///< what the token says, RFC 3339
  std::string token;          ///< DER of the TimeStampResp
  std::string authority_pem;  ///< the certificates that it was verified with; may be empty
};
/// Certificates that would not fit beside the token are left out.
[[nodiscard]] Record record_of_token(const TokenRecord& token);

struct MissingAnchor {
  std::uint64_t size = 0;
  std::string authority;
  std::string why;
  core::WallTime time{};
};
[[nodiscard]] Record record_of_missing_anchor(const MissingAnchor& missing);

/// The certificates that the tokens of a log were believed by, by the size of their checkpoint. A
/// token that was kept while somebody else held the log has none.
using TokenAuthorities = std::map<std::uint64_t, std::string>;
[[nodiscard]] Result<TokenAuthorities> token_authorities(const LogReader& log);

/// The checkpoint that was to be anchored last and was not, in one sentence; empty where the newest
/// try succeeded, or there was none.
[[nodiscard]] Result<std::string> missing_anchor(const LogReader& log);

}  // namespace reachproof::evidence
