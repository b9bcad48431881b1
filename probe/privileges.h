#pragma once

#include "core/error.h"

namespace reachproof::probe {

/// Gives up every capability but those that a witness needs (CAP_NET_RAW, and
/// CAP_NET_BIND_SERVICE for ports below 1024), for good; with `witness` false every one. Sets
/// no_new_privs. Must come before anything is read from the orchestrator.
[[nodiscard]] Result<void> drop_privileges(bool witness);

/// Whether a capture may be opened (CAP_NET_RAW is effective).
[[nodiscard]] bool may_capture();

/// Raises the soft limit of open files to the hard one and returns it.
[[nodiscard]] std::size_t raise_file_limit();

}  // namespace reachproof::probe
