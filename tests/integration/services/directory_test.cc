// DNS, LDAP, Kerberos and SNMP as Debian ships them.
#include "tests/integration/services/real_server.h"

namespace reachproof::testing {
namespace {

using ::testing::ElementsAre;

class Unbound : public ::testing::Test {
 protected:
  void serve(const std::string& access) {
    server_.write("unbound.conf",
                  fmt::format("server:\n  interface: 127.0.0.1@{}\n  port: {}\n  do-daemonize: no\n"
                              "  username: \"\"\n  chroot: \"\"\n  directory: \"{}\"\n"
                              "  pidfile: \"\"\n  use-syslog: no\n  module-config: \"iterator\"\n"
                              "  access-control: 127.0.0.0/8 {}\n"
                              "  local-zone: \"example.\" static\n"
                              "  local-zone: \"broken.\" always_nodata\n"
                              "  local-data: \"db.example. A 192.0.2.7\"\n"
                              "  local-data: \"db.example. AAAA 2001:db8::7\"\n"
                              "remote-control:\n  control-enable: no\n"
                              "forward-zone:\n  name: \"failing.\"\n  forward-addr: 127.0.0.1@9\n",
                              server_.port(), server_.port(), (server_ / "").string(), access));
    server_.start({installed("unbound"), "-d", "-c", (server_ / "unbound.conf").string()});
  }
  static core::Ask name(const std::string& name, core::DnsType type = core::DnsType::A) {
    return {.layer = core::Layer::Dns, .name = name, .type = type};
  }
  RealServer server_;
};

TEST_F(Unbound, ResolvesOverUdpAndTcpInBothFamilies) {
  SKIP_WITHOUT("unbound");
  serve("allow");
  for (const auto protocol : {core::Protocol::Udp, core::Protocol::Tcp}) {
    const auto v4 = ask(name("db.example"), server_.port(), protocol);
    EXPECT_THAT(v4, Is(State::Answered));
    EXPECT_THAT(v4.names, ElementsAre("192.0.2.7"));
    const auto v6 = ask(name("db.example", core::DnsType::Aaaa), server_.port(), protocol);
    EXPECT_THAT(v6, Is(State::Answered));
    EXPECT_THAT(v6.names, ElementsAre("2001:db8::7"));
  }
}

TEST_F(Unbound, TellsNxdomainRefusedNodataAndServfailApart) {
  SKIP_WITHOUT("unbound");
  serve("allow");
  const auto missing = ask(name("nobody.example"), server_.port(), core::Protocol::Udp);
  EXPECT_THAT(missing, Is(State::Refused));
  EXPECT_EQ(missing.code, 3);
  const auto empty = ask(name("some.broken"), server_.port(), core::Protocol::Udp);
  EXPECT_THAT(empty, Is(State::Refused));
  EXPECT_EQ(empty.code, 0);
  const auto failing = ask(name("some.failing"), server_.port(), core::Protocol::Udp,
                           std::chrono::milliseconds(12'000));
  EXPECT_THAT(failing, Is(State::Silent));
  EXPECT_EQ(failing.code, 2);
}

TEST_F(Unbound, ThatRefusesTheAskerIsARefusal) {
  SKIP_WITHOUT("unbound");
  serve("refuse");
  const auto exchange = ask(name("db.example"), server_.port(), core::Protocol::Udp);
  EXPECT_THAT(exchange, Is(State::Refused));
  EXPECT_EQ(exchange.code, 5);
}

class Slapd : public ::testing::Test {
 protected:
  void serve(const std::string& policy) {
    server_.write("slapd.conf", "include /etc/ldap/schema/core.schema\npidfile " +
                                    (server_ / "pid").string() + "\n" + policy);
    server_.start({installed("slapd"), "-h", fmt::format("ldap://127.0.0.1:{}", server_.port()),
                   "-f", (server_ / "slapd.conf").string(), "-d", "0"});
  }
  RealServer server_;
};

TEST_F(Slapd, LetsAStrangerReadItsRoot) {
  SKIP_WITHOUT("slapd");
  serve("");
  EXPECT_THAT(ask(service("ldap"), server_.port()), Is(State::Answered));
}

TEST_F(Slapd, ThatDemandsAuthenticationRefuses) {
  SKIP_WITHOUT("slapd");
  serve("require authc\n");
  EXPECT_THAT(ask(service("ldap"), server_.port()), Is(State::Refused));
}

TEST(Kerberos, AnswersForARealmThatItDoesNotHave) {
  SKIP_WITHOUT("krb5kdc");
  RealServer server;
  server.write("krb5.conf", "[libdefaults]\n  default_realm = CLINIC.TEST\n");
  server.write(
      "kdc.conf",
      fmt::format("[kdcdefaults]\n  kdc_listen = 127.0.0.1:{0}\n  kdc_tcp_listen = "
                  "127.0.0.1:{0}\n[realms]\n  CLINIC.TEST = {{\n    database_name = {1}\n"
                  "    key_stash_file = {2}\n  }}\n",
                  server.port(), (server / "principal").string(), (server / "stash").string()));
  const auto with = [&](std::vector<std::string> command) {
    command.insert(command.begin(), {"env", "KRB5_CONFIG=" + (server / "krb5.conf").string(),
                                     "KRB5_KDC_PROFILE=" + (server / "kdc.conf").string()});
    return command;
  };
  server.prepare(with({installed("kdb5_util"), "create", "-s", "-P", "test", "-r", "CLINIC.TEST"}));
  server.start(with({installed("krb5kdc"), "-n", "-r", "CLINIC.TEST"}));
  EXPECT_THAT(ask(service("kerberos"), server.port()), Is(State::Answered));
  EXPECT_THAT(ask(service("kerberos"), server.port(), core::Protocol::Udp), Is(State::Answered));
}

TEST(Snmp, ReportsItsEngineWithoutACommunity) {
  SKIP_WITHOUT("snmpd");
  RealServer server;
  server.write("snmpd.conf", "rocommunity nobody-knows-it 127.0.0.1\n");
  server.start({"env", "SNMP_PERSISTENT_DIR=" + (server / "state").string(), installed("snmpd"),
                "-f", "-Lo", "-C", "-c", (server / "snmpd.conf").string(), "-I", "-smux",
                fmt::format("udp:127.0.0.1:{}", server.port())},
               false);
  EXPECT_THAT(ask(service("snmp"), server.port(), core::Protocol::Udp), Is(State::Answered));
}

}  // namespace
}  // namespace reachproof::testing
