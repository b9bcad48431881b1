#include "evidence/verify_tokens.h"

#include <fmt/core.h>

#include "evidence/token_record.h"

namespace reachproof::evidence {

Result<TokenReport> verify_tokens(const LogReader& log, const TimestampTrust& trust) {
  const auto stored = log.stored_checkpoints();
  if (!stored) return tl::unexpected(stored.error());
  const auto authorities = token_authorities(log);
  if (!authorities) return tl::unexpected(authorities.error());
  TokenReport report;
  for (const auto& checkpoint : *stored) {
    if (checkpoint.token.empty()) continue;
    ++report.tokens;
    auto believed = trust;
    const auto recorded = authorities->find(checkpoint.size);
    if (believed.ca_pem.empty() && recorded != authorities->end()) {
      believed.ca_pem = recorded->second;
    }
    const auto stamp = verify_token(checkpoint.note, checkpoint.token, believed);
    if (!stamp) {
      // Kept while a service held the log, so without the record that names its authority.
      const bool unknown = believed.ca_pem.empty();
      (unknown ? report.notes : report.problems)
          .push_back(
              fmt::format("time stamp of the checkpoint of {} records: {}{}", checkpoint.size,
                          stamp.error().message,
                          unknown ? "; no certificate to believe it by: give one with --ca" : ""));
    } else if (core::text(stamp->time) != checkpoint.anchored_at) {
      report.problems.push_back(
          fmt::format("time stamp of the checkpoint of {} records: it says {}, and `{}` is kept",
                      checkpoint.size, core::text(stamp->time), checkpoint.anchored_at));
    } else {
      report.newest = fmt::format("the checkpoint of {} records existed on {}", checkpoint.size,
                                  checkpoint.anchored_at);
    }
  }
  return report;
}

}  // namespace reachproof::evidence
