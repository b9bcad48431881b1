#pragma once

#include "evidence/bundle.h"
#include "evidence/key_store.h"

namespace reachproof::evidence {

/// Keeps that a bundle was made as a record of kind "export", and signs: what it holds, for which
/// control, the SHA-256 of its manifest, and who made it. Busy where another process has the log.
[[nodiscard]] Result<LeafIndex> record_export(const KeyUse& use, const ExportRequest& request,
                                              const ExportReport& report, const std::string& by);

}  // namespace reachproof::evidence
