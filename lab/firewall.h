#pragma once

#include <string>

#include "core/error.h"
#include "lab/nft_script.h"

namespace reachproof::lab {

/// Loads a rule set into the calling thread's network namespace and reads it back.
///
/// Returns the listing. Any complaint of nft is an error, told with the line of the file that
/// caused it; so are rules that are not found again.
Result<std::string> load_firewall(const NftScript& script);

}  // namespace reachproof::lab
