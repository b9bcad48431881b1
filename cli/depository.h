#pragma once

#include <optional>
#include <string>

#include "core/calendar.h"
#include "core/error.h"

/// A place outside of the log's owner's reach, where copies of checkpoints and bundles are kept.
namespace reachproof::cli {

struct DepositoryOptions {
  std::string to;           ///< a folder, an http(s) URL to PUT below, or s3://bucket/prefix
  std::string header_file;  ///< lines "Name: value" for a URL: an authorisation, for example
  std::string s3_endpoint;  ///< https://s3.<region>.amazonaws.com where empty
  std::string s3_region = "us-east-1";
  int lock_days = 0;  ///< S3 Object Lock in COMPLIANCE mode for so many days; 0 for none
};

enum class Deposited { Fresh, AlreadyThere };

/// Puts bytes under that name, which must be one plain file name. What is there is never replaced:
/// the same bytes are AlreadyThere, and others are an error (Corrupt), for one of the two was
/// changed. S3 credentials come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
///
/// `now` is from when a lock counts.
[[nodiscard]] Result<Deposited> deposit(const DepositoryOptions& options, const std::string& name,
                                        const std::string& bytes, core::WallTime now);

}  // namespace reachproof::cli
