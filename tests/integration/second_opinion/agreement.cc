#include "tests/integration/second_opinion/agreement.h"

#include <fmt/format.h>

#include <array>

namespace reachproof::second_opinion {
namespace {

using core::Outcome;

struct IcmpName {
  core::Family family;
  int type;
  int code;
  const char* raw;      ///< nmap's reason where it reads the ICMP error itself
  const char* connect;  ///< what -sT makes of the errno
};

constexpr std::array kIcmpNames{
    IcmpName{core::Family::V4, 3, 1, "filtered/host-unreach", "filtered/host-unreach"},
    IcmpName{core::Family::V4, 3, 3, "filtered/port-unreach", "closed/conn-refused"},
    IcmpName{core::Family::V4, 3, 13, "filtered/admin-prohibited", "filtered/host-unreach"},
    IcmpName{core::Family::V6, 1, 1, "filtered/admin-prohibited", "filtered/admin-prohibited"},
    IcmpName{core::Family::V6, 1, 3, "filtered/host-unreach", "filtered/host-unreach"},
    IcmpName{core::Family::V6, 1, 4, "filtered/port-unreach", "closed/conn-refused"},
};

std::string name_of(const core::IcmpError& icmp, Scan scan, const Question& question) {
  for (const auto& it : kIcmpNames) {
    const bool same =
        it.family == question.address.family() && it.type == icmp.type && it.code == icmp.code;
    if (!same) continue;
    if (scan == Scan::Connect) return it.connect;
    const bool from_target = icmp.sender == question.address;
    return from_target ? it.raw : fmt::format("{} from {}", it.raw, icmp.sender.text());
  }
  return fmt::format("no name for ICMP {}/{}", icmp.type, icmp.code);
}

}  // namespace

std::string text(const protocol::OutcomeReport& report) {
  if (report.outcome != Outcome::Unreachable) return std::string(core::word(report.outcome));
  return fmt::format("unreachable {}/{} {}", report.icmp->type, report.icmp->code,
                     report.icmp->sender.text());
}

std::string expected_of_nmap(const protocol::OutcomeReport& report, Scan scan,
                             const Question& question) {
  const bool udp = scan == Scan::Udp;
  switch (report.outcome) {
    case Outcome::Connected:
      return udp ? "open/udp-response" : "open/syn-ack";
    case Outcome::Refused:
      if (udp) return "closed/port-unreach";
      return scan == Scan::Syn ? "closed/reset" : "closed/conn-refused";
    case Outcome::TimedOut:
      return udp ? "open|filtered/no-response" : "filtered/no-response";
    case Outcome::Unreachable:
      return name_of(*report.icmp, scan, question);
    case Outcome::DnsFailed:
    case Outcome::LocalError:
    case Outcome::NotRun:
      break;
  }
  return fmt::format("nothing fits {}: {}", text(report), report.detail);
}

std::string text(const PortOpinion& opinion) {
  const auto what = opinion.state + "/" + opinion.reason;
  return opinion.reason_ip.empty() ? what : what + " from " + opinion.reason_ip;
}

}  // namespace reachproof::second_opinion
