#pragma once

#include <map>
#include <string>

#include "core/error.h"
#include "lab/descriptor.h"
#include "lab/plan.h"
#include "lab/state.h"

namespace reachproof::lab {

/// The namespaces of a lab that stands, by node name.
using Namespaces = std::map<std::string, Descriptor>;

/// Makes the planned network: namespaces, cables, addresses, routes, rule sets. After a failure
/// some of it may be there; tear_down() removes it. The calling thread ends where it began.
Result<Namespaces> build(const Plan& plan, const Layout& layout);

/// Ends the lab's helper and every process inside, and removes namespaces and state. Whatever is
/// not there is fine. Wants the lock, and returns what could not be removed.
Result<void> tear_down(const Layout& layout);

}  // namespace reachproof::lab
