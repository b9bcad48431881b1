#pragma once

#include <string>

#include "tests/integration/second_opinion/nmap_opinion.h"

namespace reachproof::second_opinion {

/// One outcome in a few words: "connected", "refused", "timed-out", "unreachable 3/13 ADDRESS".
[[nodiscard]] std::string text(const protocol::OutcomeReport& report);

/// What nmap must say where the probe saw this, or empty where anything else would do:
/// "filtered/admin-prohibited from 10.81.0.1".
///
/// Where the two cannot agree because nmap sees less, this is what nmap makes of it:
/// - -sT has errno alone. Port-unreachable is ECONNREFUSED, hence "closed/conn-refused" for a port
///   that a firewall guards; IPv4's admin-prohibited is EHOSTUNREACH, hence "host-unreach". Nor
///   does it know who sent the error.
/// - Silence over UDP is "open|filtered".
[[nodiscard]] std::string expected_of_nmap(const protocol::OutcomeReport& report, Scan scan,
                                           const Question& question);

[[nodiscard]] std::string text(const PortOpinion& opinion);

}  // namespace reachproof::second_opinion
