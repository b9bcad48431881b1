#pragma once

#include <sys/types.h>

#include "core/error.h"
#include "lab/state.h"

/// The user namespace in which a lab lives where there is no root.
namespace reachproof::lab {

/// Moves the calling process into a new user, mount and network namespace, as their root, and
/// brings the loopback up. Needs a process with one thread.
Result<void> make_sandbox(const Layout& layout);

/// Moves the calling process into the sandbox that the helper made. Needs one thread; the working
/// directory stays.
Result<void> enter_sandbox(pid_t helper);

/// Lets the calling process see NAME's files under `layout.etc` as those of /etc, in a mount
/// namespace of its own.
Result<void> bind_etc(const Layout& layout, const std::string& netns);

}  // namespace reachproof::lab
