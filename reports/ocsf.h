#pragma once

#include "reports/report.h"

namespace reachproof::reports {

/// OCSF 1.8.0 for SIEMs and security lakes, one event a line: a Compliance Finding (class 2003) for
/// each check that must be blocked or must work, and a Network Activity (class 4001) for each try
/// that went on the wire. `metadata.uid` is the same for the same event in every export.
void write_ocsf(const Report& report, const Sink& sink);

}  // namespace reachproof::reports
