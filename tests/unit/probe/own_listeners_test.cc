#include "protocol/keyed_answer.h"
#include "tests/support/loopback.h"

namespace reachproof::probe {
namespace {

using core::Family;
using core::Protocol;
using test::Bound;
using test::closed_port;
using test::loopback;

class OwnListenersTest : public testing::TestWithParam<Family> {
 protected:
  core::ProtocolPort free_port(Protocol protocol) const {
    return {protocol, closed_port(protocol, GetParam())};
  }
  bool listen(core::ProtocolPort port) { return listeners_.listen(port, {loopback(GetParam())}); }

  FileDescriptor client(core::ProtocolPort port) const {
    const int type = port.protocol == Protocol::Tcp ? SOCK_STREAM : SOCK_DGRAM;
    FileDescriptor socket(::socket(family_number(GetParam()), type | SOCK_CLOEXEC, 0));
    const auto to = SocketAddress::of(loopback(GetParam()), port.port);
    EXPECT_EQ(::connect(socket.get(), to.raw(), to.size), 0);
    const timeval patience{.tv_sec = 0, .tv_usec = 1000};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return socket;
  }

  /// All that comes back within a short while.
  std::string answer(const FileDescriptor& socket) {
    std::string all;
    std::array<char, 256> buffer;
    for (int i = 0; i < 30; ++i) {
      listeners_.serve();
      const auto got = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
      if (got == 0) break;
      if (got > 0) all.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }
  void say(const FileDescriptor& socket, const std::string& bytes) const {
    EXPECT_EQ(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }

  protocol::Nonce key_ = protocol::random_nonce();
  OwnListeners listeners_ = *OwnListeners::create(key_);
};
INSTANTIATE_TEST_SUITE_P(Loopback, OwnListenersTest, testing::Values(Family::V4, Family::V6),
                         [](const auto& family) {
                           return family.param == Family::V4 ? "V4" : "V6";
                         });

TEST_P(OwnListenersTest, NeverAnswerMoreBytesThanTheyGot) {
  for (const auto protocol : {Protocol::Tcp, Protocol::Udp}) {
    const auto port = free_port(protocol);
    ASSERT_TRUE(listen(port));
    for (const std::size_t size : {1U, 31U, 32U, 33U, 64U, 500U}) {
      const auto socket = client(port);
      say(socket, std::string(size, 'x'));
      const auto back = answer(socket);
      EXPECT_LE(back.size(), size) << port.text();
      EXPECT_TRUE(back.empty() || back.size() == 32) << port.text();
      EXPECT_EQ(back.size() == 32, size == 32 || !back.empty()) << port.text() << " " << size;
    }
  }
}

TEST_P(OwnListenersTest, SayNothingFirst) {
  const auto port = free_port(Protocol::Tcp);
  ASSERT_TRUE(listen(port));
  EXPECT_EQ(answer(client(port)), "");
}

TEST_P(OwnListenersTest, AnswerANonceThatComesInPieces) {
  const auto port = free_port(Protocol::Tcp);
  ASSERT_TRUE(listen(port));
  const auto socket = client(port);
  const protocol::Nonce nonce{1, 2, 3};
  const std::string bytes(nonce.begin(), nonce.end());
  for (std::size_t at = 0; at < bytes.size(); at += 5) {
    say(socket, bytes.substr(at, 5));
    listeners_.serve();
  }
  const auto expected = protocol::keyed_answer(key_, nonce);
  EXPECT_EQ(answer(socket), std::string(expected.begin(), expected.end()));
}

TEST_P(OwnListenersTest, LeaveAPortThatSomebodyHolds) {
  for (const auto protocol : {Protocol::Tcp, Protocol::Udp}) {
    const Bound held(protocol, GetParam());
    EXPECT_FALSE(listen({protocol, held.port()}));
    EXPECT_FALSE(listeners_.holds({protocol, held.port()}));
  }
}

TEST_P(OwnListenersTest, ListenAtAllAddressesOrAtNone) {
  const auto port = free_port(Protocol::Tcp);
  const auto elsewhere = *core::IpAddress::parse("192.0.2.1");
  EXPECT_FALSE(listeners_.listen(port, {loopback(GetParam()), elsewhere}));
  EXPECT_FALSE(listeners_.holds(port));
  EXPECT_TRUE(listen(port)) << "the first address was not let go of";
}

TEST_P(OwnListenersTest, AtNoAddressIsNotListening) {
  const auto port = free_port(Protocol::Tcp);
  EXPECT_FALSE(listeners_.listen(port, {}));
  EXPECT_FALSE(listeners_.holds(port));
}

TEST_P(OwnListenersTest, ManyClientsThatSayNothingDoNotKeepOthersOut) {
  const auto port = free_port(Protocol::Tcp);
  ASSERT_TRUE(listen(port));
  std::vector<FileDescriptor> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(client(port));
    if (i % 50 == 0) listeners_.serve();
  }
  for (int i = 0; i < 10; ++i) listeners_.serve();
  const auto socket = client(port);
  say(socket, std::string(32, 'x'));
  EXPECT_EQ(answer(socket).size(), 32U);
}

}  // namespace
}  // namespace reachproof::probe
