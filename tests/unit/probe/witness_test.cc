// The witness on loopback: what it says of ports, with or without the right to capture.
#include "probe/witness.h"

#include "tests/support/loopback.h"

namespace reachproof::probe {
namespace {

using core::Family;
using core::Protocol;
using protocol::Listener;
using test::Bound;
using test::closed_port;
using test::loopback;

protocol::Arm arm(const std::vector<protocol::WatchedPort>& ports) {
  return {.id = 1, .key = {}, .addresses = {loopback(Family::V4)}, .ports = ports};
}

Listener said_of(const protocol::Armed& armed, core::Port port) {
  for (const auto& report : armed.ports) {
    if (report.port.port == port) return report.listener;
  }
  ADD_FAILURE() << "nothing said of " << port;
  return Listener::Unknown;
}

TEST(Witness, SaysWhoServesEachPort) {
  const Bound service(Protocol::Tcp, Family::V4);
  const Bound mute(Protocol::Udp, Family::V4);
  const auto closed = closed_port(Protocol::Tcp, Family::V4);
  const auto own = closed_port(Protocol::Tcp, Family::V4);
  protocol::Armed armed;
  const auto witness = Witness::arm(arm({{{Protocol::Tcp, service.port()}, true},
                                         {{Protocol::Udp, mute.port()}, true},
                                         {{Protocol::Tcp, closed}, false},
                                         {{Protocol::Tcp, own}, true}}),
                                    armed);
  ASSERT_TRUE(witness.has_value());
  EXPECT_EQ(said_of(armed, service.port()), Listener::Service);
  EXPECT_EQ(said_of(armed, mute.port()), Listener::Mute);
  EXPECT_EQ(said_of(armed, closed), Listener::Closed);
  EXPECT_EQ(said_of(armed, own), Listener::Own);
  EXPECT_EQ(armed.capture, armed.detail.empty()) << armed.detail;
}

// A packet that comes to another address finds the port closed: were it "served", the closed port
// would look like a firewall, and an open path blocked.
TEST(Witness, DoesNotCallAPortServedThatIsServedAtAnotherAddress) {
  const Bound service(Protocol::Tcp, Family::V4);  // on 127.0.0.1
  auto elsewhere = arm({{{Protocol::Tcp, service.port()}, false}});
  elsewhere.addresses = {*core::IpAddress::parse("127.0.0.2")};
  protocol::Armed armed;
  ASSERT_TRUE(Witness::arm(elsewhere, armed).has_value());
  EXPECT_EQ(said_of(armed, service.port()), Listener::Closed);
}

TEST(Witness, SaysNothingOfAPortThatIsOpenAtOneAddressAndClosedAtAnother) {
  const Bound service(Protocol::Tcp, Family::V4);
  auto both = arm({{{Protocol::Tcp, service.port()}, false}});
  both.addresses = {loopback(Family::V4), loopback(Family::V6)};
  protocol::Armed armed;
  ASSERT_TRUE(Witness::arm(both, armed).has_value());
  EXPECT_EQ(said_of(armed, service.port()), Listener::Unknown);
}

// Nothing leaves this host: 192.0.2.1 is nobody's (RFC 5737), and not to be tried.
TEST(Witness, ConnectsToNoAddressButItsOwn) {
  const auto port = closed_port(Protocol::Tcp, Family::V4);
  auto other = arm({{{Protocol::Tcp, port}, true}});
  other.addresses = {*core::IpAddress::parse("192.0.2.1")};
  protocol::Armed armed;
  const auto began = monotonic_us();
  ASSERT_TRUE(Witness::arm(other, armed).has_value());
  EXPECT_LT(monotonic_us() - began, 500'000) << "it waited for an answer from elsewhere";
  EXPECT_NE(said_of(armed, port), Listener::Service);
}

}  // namespace
}  // namespace reachproof::probe
