#pragma once

#include <string>

#include "orchestrator/notify/notification.h"

namespace reachproof::orchestrator {

/// A Compliance Finding (class 2003) of OCSF 1.8.0: one line of JSON, with its end. Opened is
/// activity Create and status New, reopened Update and New, closed Close and Resolved. Compliance:
/// Fail, or Warning for what could not be tested; Pass once it is over. Pure.
[[nodiscard]] std::string ocsf_line(const Notification& news, const NotifyIdentity& who);

}  // namespace reachproof::orchestrator
