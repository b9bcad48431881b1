#include <fmt/format.h>
#include <gmock/gmock.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "tests/integration/lab/lab_fixture.h"
#include "tests/integration/second_opinion/agreement.h"

/// nmap as a second judge: in every cell of a lab whose truth is known by construction, it must
/// say what the probe says. One port of every target stands for one treatment by the network.
namespace reachproof::second_opinion {
namespace {

using core::Family;
using core::Protocol;

/// Truth by construction: what the firewall does with the port, and what an attempt must see.
/// "host" stands for what the target itself does. Family decides between the two spellings.
struct Treatment {
  core::Port port;
  const char* rule;   ///< with the protocol and the port put in for {}
  const char* seen4;  ///< {} is the router's address
  const char* seen6;
};

const std::vector<Treatment>& tcp_treatments() {
  static const std::vector<Treatment> treatments{
      {1001, "accept from left to right tcp/{}", "host", "host"},
      {1002, "drop from left to right tcp/{}", "timed-out", "timed-out"},
      {1003, "reject rst from left to right tcp/{}", "refused", "refused"},
      {1004, "reject admin-prohibited from left to right tcp/{}", "unreachable 3/13 {}",
       "unreachable 1/1 {}"},
      {1005, "reject port-unreachable from left to right tcp/{}", "unreachable 3/3 {}",
       "unreachable 1/4 {}"},
      {1006, "reject host-unreachable from left to right tcp/{}", "unreachable 3/1 {}",
       "unreachable 1/3 {}"},
      {1007, "drop-replies from left to right tcp/{}", "timed-out", "timed-out"},
      {1008, "nft: tcp dport {} limit rate over 1000000/second drop", "host", "host"},
  };
  return treatments;
}

/// nmap finds an open UDP port only where its payload is answered: it has one for port 53.
const std::vector<Treatment>& udp_treatments() {
  static const std::vector<Treatment> treatments{
      {53, "accept from left to right udp/{}", "host", "host"},
      {1002, "drop from left to right udp/{}", "timed-out", "timed-out"},
      {1004, "reject admin-prohibited from left to right udp/{}", "unreachable 3/13 {}",
       "unreachable 1/1 {}"},
      {1005, "reject port-unreachable from left to right udp/{}", "unreachable 3/3 {}",
       "unreachable 1/4 {}"},
      {1006, "reject host-unreachable from left to right udp/{}", "unreachable 3/1 {}",
       "unreachable 1/3 {}"},
      {1007, "drop-replies from left to right udp/{}", "timed-out", "timed-out"},
  };
  return treatments;
}

const std::vector<Treatment>& treatments_of(Protocol protocol) {
  return protocol == Protocol::Tcp ? tcp_treatments() : udp_treatments();
}

std::string lab_text() {
  std::string rules;
  std::string listeners;
  for (const auto protocol : {Protocol::Tcp, Protocol::Udp}) {
    for (const auto& it : treatments_of(protocol)) {
      rules += fmt::format("      - {}\n", fmt::format(fmt::runtime(it.rule), it.port));
      listeners += fmt::format("{}{}/{}: {}", listeners.empty() ? "" : ", ", core::word(protocol),
                               it.port, protocol == Protocol::Tcp ? "accept" : "echo");
    }
  }
  return "segments:\n  left: [10.81.0.0/24, \"fd81::/64\"]\n  right: [10.82.0.0/24, "
         "\"fd82::/64\"]\n"
         "routers:\n  fw:\n    segments: [left, right]\n    rules:\n" +
         rules +
         "hosts:\n  source: { segment: left }\n"
         "  listening: { segment: right, listeners: { " +
         listeners +
         " } }\n"
         "  closed: { segment: right }\n  down: { segment: right, down: true }\n";
}

using Cell = std::tuple<Family, Protocol, const char*>;

class SecondOpinion : public lab::LabTest, public testing::WithParamInterface<Cell> {
 protected:
  void SetUp() override {
    if (!nmap_is_here()) GTEST_SKIP() << "nmap is not installed";
    LabTest::SetUp();
  }
  [[nodiscard]] Family family() const { return std::get<0>(GetParam()); }
  [[nodiscard]] Protocol protocol() const { return std::get<1>(GetParam()); }
  [[nodiscard]] std::string target() const { return std::get<2>(GetParam()); }

  [[nodiscard]] Question question() const {
    Question question{.protocol = protocol(), .address = {}, .ports = {}};
    for (const auto& address : lab_.host(target())->addresses) {
      if (address.family() == family()) question.address = address;
    }
    for (const auto& it : treatments_of(protocol())) question.ports.push_back(it.port);
    // The router gives up on a dead host after three seconds, and only then says so.
    if (target() == "down") question.patience = std::chrono::milliseconds(4500);
    return question;
  }

  /// What an attempt at that port must see, by construction.
  [[nodiscard]] std::string truth(const Treatment& it) const {
    const bool v4 = family() == Family::V4;
    const std::string router = v4 ? "10.81.0.1" : "fd81::1";
    const std::string seen = v4 ? it.seen4 : it.seen6;
    if (seen != "host") return fmt::format(fmt::runtime(seen), router);
    if (target() == "down") return fmt::format("unreachable {} {}", v4 ? "3/1" : "1/3", router);
    return target() == "listening" ? "connected" : "refused";
  }

  void compare(const std::map<core::Port, protocol::OutcomeReport>& seen,
               const std::map<core::Port, PortOpinion>& opinions, Scan scan, const char* name) {
    for (const auto& it : treatments_of(protocol())) {
      if (!seen.contains(it.port)) continue;
      const auto opinion = opinions.find(it.port);
      ASSERT_NE(opinion, opinions.end()) << name << " said nothing of port " << it.port;
      EXPECT_EQ(text(opinion->second), expected_of_nmap(seen.at(it.port), scan, question()))
          << name << ", " << it.rule << "; the probe saw " << text(seen.at(it.port));
    }
  }
};

TEST_P(SecondOpinion, IsTheSame) {
  bring_up(lab_text());
  ASSERT_FALSE(HasFatalFailure());
  const auto asked = question();
  const bool tcp = protocol() == Protocol::Tcp;
  ProbeOpinion probe(lab_, "source", asked);
  NmapOpinion raw(lab_, "source", tcp ? Scan::Syn : Scan::Udp, asked);
  std::optional<NmapOpinion> connect;
  if (tcp) connect.emplace(lab_, "source", Scan::Connect, asked);
  const auto seen = probe.outcomes();
  for (const auto& it : treatments_of(protocol())) {
    ASSERT_TRUE(seen.contains(it.port)) << "the probe said nothing of port " << it.port;
    EXPECT_EQ(text(seen.at(it.port)), truth(it)) << it.rule;
  }
  compare(seen, raw.ports(), tcp ? Scan::Syn : Scan::Udp, tcp ? "nmap -sS" : "nmap -sU");
  if (tcp) compare(seen, connect->ports(), Scan::Connect, "nmap -sT");
}

std::string name_of(const testing::TestParamInfo<Cell>& cell) {
  return fmt::format("{}{}{}", std::get<1>(cell.param) == Protocol::Tcp ? "Tcp" : "Udp",
                     std::get<0>(cell.param) == Family::V4 ? "4" : "6", std::get<2>(cell.param));
}

INSTANTIATE_TEST_SUITE_P(Cells, SecondOpinion,
                         testing::Combine(testing::Values(Family::V4, Family::V6),
                                          testing::Values(Protocol::Tcp, Protocol::Udp),
                                          testing::Values("listening", "closed", "down")),
                         name_of);

}  // namespace
}  // namespace reachproof::second_opinion
