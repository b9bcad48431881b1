// TLS with and without a demand for a client certificate: OpenSSL's own server and nginx.
#include "tests/integration/services/real_server.h"

namespace reachproof::testing {
namespace {

using ::testing::Contains;

const core::Ask kTls{.layer = core::Layer::Tls, .alpn = {"http/1.1"}};

class SServer : public ::testing::Test {
 protected:
  void serve(const std::vector<std::string>& more) {
    server_.make_certificates();
    std::vector<std::string> command{"openssl", "s_server",
                                     "-accept", fmt::format("127.0.0.1:{}", server_.port()),
                                     "-cert",   (server_ / "server.pem").string(),
                                     "-key",    (server_ / "server.key").string(),
                                     "-CAfile", (server_ / "ca.pem").string(),
                                     "-quiet"};
    command.insert(command.end(), more.begin(), more.end());
    server_.start(command);
  }
  RealServer server_;
};

TEST_F(SServer, WithoutDemandForACertificateGoesOn) {
  serve({"-tls1_2"});
  const auto exchange = ask(kTls, server_.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_EQ(exchange.version, "1.2");
  EXPECT_FALSE(exchange.wants_certificate);
  EXPECT_THAT(exchange.names, Contains("db.example"));
  EXPECT_THAT(exchange.names, Contains("spiffe://clinic/db"));
  EXPECT_EQ(exchange.certificate.size(), 64U);
}

TEST_F(SServer, WithoutDemandForACertificateGoesOnInTls13) {
  serve({"-tls1_3"});
  const auto exchange = ask(kTls, server_.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_EQ(exchange.version, "1.3");
}

TEST_F(SServer, Tls13RefusesAfterTheHandshake) {
  serve({"-tls1_3", "-Verify", "1"});
  const auto exchange = ask(kTls, server_.port());
  EXPECT_THAT(exchange, Is(State::Refused));
  EXPECT_EQ(exchange.code, 116);
  EXPECT_TRUE(exchange.wants_certificate);
}

TEST_F(SServer, Tls12RefusesInTheHandshake) {
  serve({"-tls1_2", "-Verify", "1"});
  const auto exchange = ask(kTls, server_.port());
  EXPECT_THAT(exchange, Is(State::Refused));
  EXPECT_EQ(exchange.code, 40);
}

TEST_F(SServer, ThatAsksAndDoesNotInsistGoesOn) {
  serve({"-tls1_3", "-verify", "1"});
  const auto exchange = ask(kTls, server_.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_TRUE(exchange.wants_certificate);
}

TEST_F(SServer, WithoutACommonCipherIsNoRefusal) {
  serve({"-tls1_2", "-cipher", "PSK"});
  EXPECT_THAT(ask(kTls, server_.port()), Is(State::Garbled));
}

TEST_F(SServer, AnAlertForTheProtocolsOfferedIsNoRefusal) {
  serve({"-tls1_3", "-alpn", "something-else"});
  const auto exchange = ask(kTls, server_.port());
  EXPECT_THAT(exchange.state, ::testing::AnyOf(State::Garbled, State::Answered)) << exchange.says;
}

}  // namespace
}  // namespace reachproof::testing
