#pragma once

#include "reports/report.h"

namespace reachproof::reports {

/// One line for each check (RFC 4180, UTF-8, CRLF), the columns named in the first. Cells that a
/// spreadsheet would take for a formula begin with an apostrophe.
void write_csv(const Report& report, const Sink& sink);

}  // namespace reachproof::reports
