#include "tests/integration/verdict_lab/facts.h"

#include <fmt/core.h>

#include <array>

namespace reachproof::testing {
namespace {

struct Row {
  const char* group;
  const char* network;
  const char* target;   ///< "any" for all that have no row of their own before
  const char* outcome;  ///< "|" between the ICMP code over IPv4 and that over IPv6
  const char* sighting;
};

// An ICMP error of a router says that the host is not there, or silence does: neighbour discovery
// takes its time.
constexpr const char* kNobody = "timed-out or unreachable 3/1|1/3";
constexpr const char* kPort = "unreachable 3/3|1/4";
constexpr const char* kAdmin = "unreachable 3/13|1/1";

constexpr std::array<Row, 44> kRows{{
    {"TCP", "drop", "any", "timed-out", "nothing"},
    {"TCP", "reject-rst", "any", "refused", "nothing"},
    {"TCP", "reject-port-unreachable", "any", kPort, "nothing"},
    {"TCP", "reject-admin-prohibited", "any", kAdmin, "nothing"},
    {"TCP", "blackhole-route", "any", "timed-out", "nothing"},
    {"TCP", "dnat", "any", "connected", "nothing"},
    {"TCP", "syn-proxy", "any", "connected", "arrives"},
    {"TCP", "replies-lost", "down", kNobody, ""},
    {"TCP", "replies-lost", "any", "timed-out", "arrives"},
    {"TCP", "loss-30-percent", "listening", "connected or timed-out", "either"},
    {"TCP", "loss-30-percent", "closed", "refused or timed-out", "either"},
    {"TCP", "any", "listening", "connected", "arrives"},
    {"TCP", "any", "closed", "refused", "arrives"},
    {"TCP", "any", "down", kNobody, ""},
    {"UDP", "drop", "any", "timed-out", "nothing"},
    {"UDP", "reject-port-unreachable", "any", kPort, "nothing"},
    {"UDP", "reject-admin-prohibited", "any", kAdmin, "nothing"},
    {"UDP", "blackhole-route", "any", "timed-out", "nothing"},
    {"UDP", "dnat", "any", "connected", "nothing"},
    {"UDP", "replies-lost", "down", kNobody, ""},
    {"UDP", "replies-lost", "any", "timed-out", "arrives"},
    {"UDP", "loss-30-percent", "listening", "connected or timed-out", "either"},
    {"UDP", "loss-30-percent", "closed", "refused or timed-out", "either"},
    {"UDP", "any", "listening", "connected", "arrives"},
    {"UDP", "any", "closed", "refused", "arrives"},
    {"UDP", "any", "down", kNobody, ""},
    {"ICMP", "accept", "any", "connected", "arrives"},
    {"ICMP", "drop", "any", "timed-out", "nothing"},
    {"ICMP", "reject-admin-prohibited", "any", kAdmin, "nothing"},
    {"ICMP", "replies-lost", "any", "timed-out", "arrives"},
    {"ICMP", "loss-30-percent", "any", "connected or timed-out", "either"},
    {"ICMP", "host-drop", "any", "timed-out", "arrives"},
    {"host", "destination tcp-drop", "any", "timed-out", "arrives"},
    {"host", "destination tcp-rst", "any", "refused", "arrives"},
    {"host", "destination tcp-port-unreachable", "any", kPort, "arrives"},
    {"host", "destination udp-drop", "any", "timed-out", "arrives"},
    {"host", "destination udp-port-unreachable", "any", "refused", "arrives"},
    {"host", "source tcp-drop", "any", "timed-out", "nothing"},
    {"host", "source tcp-rst", "any", "refused", "nothing"},
    {"host", "source tcp-admin-prohibited", "any", kAdmin, "nothing"},
    {"host", "source udp-drop", "any", "local-error", ""},
    {"host", "source udp-admin-prohibited", "any", "local-error", ""},
    {"no route", "any", "any", "local-error", ""},
    {"DNS", "any", "any", "dns-failed", ""},
}};

bool fits(const char* pattern, const std::string& text) {
  return text == pattern || std::string(pattern) == "any";
}

const Row* row_of(const Cell& cell) {
  for (const auto& row : kRows) {
    if (cell.group == row.group && fits(row.network, cell.network) &&
        fits(row.target, cell.target)) {
      return &row;
    }
  }
  return nullptr;
}

/// "unreachable 3/13|1/1" with the code of one family.
std::string of_family(std::string outcome, const std::string& family) {
  const auto bar = outcome.find('|');
  if (bar == std::string::npos) return outcome;
  const auto blank = outcome.rfind(' ', bar);
  return family == "v4" ? outcome.substr(0, bar)
                        : outcome.substr(0, blank + 1) + outcome.substr(bar + 1);
}

}  // namespace

Facts facts_of(const Cell& cell) {
  const auto* row = row_of(cell);
  if (row == nullptr) return {"no facts in the table", ""};
  return {of_family(row->outcome, cell.family), cell.witnessed ? row->sighting : ""};
}

Facts facts_for_page(const Cell& cell) {
  const auto* row = row_of(cell);
  if (row == nullptr) return {};
  std::string outcome = row->outcome;
  if (const auto bar = outcome.find('|'); bar != std::string::npos) {
    outcome = fmt::format("{} ({})", outcome.substr(0, bar), outcome.substr(bar + 1));
  }
  return {outcome, cell.witnessed && *row->sighting != '\0' ? row->sighting : "-"};
}

}  // namespace reachproof::testing
