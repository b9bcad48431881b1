#pragma once

#include <string>

#include "evidence/stored_run.h"
#include "reports/compared.h"

namespace reachproof::reports {

/// JUnit XML for CI servers (the schema of the Jenkins xUnit plugin, junit-10.xsd): one suite for
/// each ordered pair of segments. Violation and broken are failures; unproven and excepted are
/// skipped; a check that a lost probe kept from running is an error. Compared with another run, a
/// failure that stood there already is skipped, and says so.
[[nodiscard]] std::string junit(const evidence::StoredRun& run, const Compared* compared = nullptr);

}  // namespace reachproof::reports
