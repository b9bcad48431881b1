// nmap's version detection as a second judge of what serves a port: real servers on their usual
// ports in a lab, and both must call each by the same name.
#include <gmock/gmock.h>

#include <map>
#include <regex>

#include "tests/support/lab_servers.h"
#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

const char* const kLab = R"(version: 1
name: LAB
segments: { left: 10.1.0.0/24, right: 10.2.0.0/24 }
routers: { fw: { segments: [left, right], policy: accept } }
hosts:
  client: { segment: left, workload: client }
  server: { segment: right, workload: server, addresses: [10.2.0.20] }
)";

/// A server, the name that a rule has for it, and the one that nmap has.
struct Service {
  const char* port;
  const char* layer;    ///< of the rule
  const char* label;    ///< of the check
  const char* by_nmap;  ///< its service name, with "ssl/" before it where it found TLS
  const char* program;
};
const std::vector<Service>& services() {
  static const std::vector<Service> all{
      {"21", "{ speaks: ftp }", "ftp", "ftp", "vsftpd"},
      {"22", "{ speaks: ssh }", "ssh", "ssh", "sshd"},
      {"53", "{ dns: { name: db.example } }", "dns db.example A", "domain", "unbound"},
      {"80", "http", "http GET /", "http", "nginx"},
      {"389", "{ speaks: ldap }", "ldap", "ldap", "slapd"},
      {"443", "https", "https GET /", "ssl/http", "nginx"},
      {"3389", "{ speaks: rdp }", "rdp", "ms-wbt-server", "xrdp"},
      {"6379", "{ speaks: redis }", "redis", "redis", "redis-server"},
  };
  return all;
}

class ServiceNames : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    if (geteuid() != 0) GTEST_SKIP() << "the servers take ports below 1024 as root alone";
    for (const auto& service : services()) {
      const std::string name = service.program;
      if (!std::filesystem::exists("/usr/sbin/" + name) &&
          !std::filesystem::exists("/usr/bin/" + name)) {
        GTEST_SKIP() << name << " is not installed (`tools/dev setup` installs it)";
      }
    }
    if (!std::filesystem::exists("/usr/bin/nmap")) GTEST_SKIP() << "nmap is not installed";
    lab_ = std::make_unique<LabUp>(folder_, kLab);
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    configure();
    servers_.start("server", {"/usr/sbin/vsftpd", at("vsftpd.conf")});
    servers_.start("server",
                   {"/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", at("key"), "-p", "22"});
    servers_.start("server", {"/usr/sbin/unbound", "-d", "-c", at("unbound.conf")});
    servers_.start("server", {"/usr/sbin/nginx", "-e", "stderr", "-c", at("nginx.conf")});
    servers_.start("server", {"/usr/sbin/slapd", "-h", "ldap://10.2.0.20:389", "-f",
                              at("slapd.conf"), "-d", "0"});
    servers_.start("server", {"/usr/sbin/xrdp", "--nodaemon", "--config", at("xrdp.ini")});
    servers_.start("server", {"/usr/bin/redis-server", "--protected-mode", "no", "--save", ""});
    for (const auto& service : services()) {
      servers_.until_listening("client", "10.2.0.20", service.port);
    }
  }

  void configure() {
    const auto make = [&](const std::vector<std::string>& command) {
      const auto made = Program(command, servers_.place("make")).wait();
      ASSERT_EQ(made.exit, 0) << made.err;
    };
    make({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
          "-nodes", "-days", "2", "-subj", "/CN=server", "-keyout", at("tls.key"), "-out",
          at("tls.pem")});
    make({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", at("key")});
    std::error_code ignored;
    std::filesystem::create_directories("/run/sshd", ignored);
    write_file(folder_ / "vsftpd.conf",
               "listen=YES\nlisten_port=21\nbackground=NO\nanonymous_enable=NO\nlocal_enable=YES\n"
               "secure_chroot_dir=" +
                   servers_.place("empty").string() +
                   "\nseccomp_sandbox=NO\nrun_as_launching_user=YES\n");
    write_file(
        folder_ / "unbound.conf",
        "server:\n  interface: 10.2.0.20\n  do-daemonize: no\n  username: \"\"\n  chroot: "
        "\"\"\n  pidfile: \"\"\n  use-syslog: no\n  module-config: \"iterator\"\n"
        "  access-control: 10.0.0.0/8 allow\n  local-zone: \"example.\" static\n"
        "  local-data: \"db.example. A 10.2.0.20\"\nremote-control:\n  control-enable: no\n");
    write_file(folder_ / "nginx.conf",
               servers_.nginx_head() +
                   "server { listen 80; location / { return 200 hello; } }\nserver { listen 443 "
                   "ssl; ssl_certificate " +
                   at("tls.pem") + "; ssl_certificate_key " + at("tls.key") +
                   "; location / { return 200 hello; } } }\n");
    write_file(folder_ / "slapd.conf",
               "include /etc/ldap/schema/core.schema\npidfile " + at("slapd.pid") + "\n");
    write_file(folder_ / "xrdp.ini",
               "[Globals]\nini_version=1\nport=3389\nsecurity_layer=negotiate\ncertificate=" +
                   at("tls.pem") + "\nkey_file=" + at("tls.key") +
                   "\n[Logging]\nLogFile=" + at("xrdp.log") +
                   "\nLogLevel=ERROR\nEnableSyslog=false\n[Xorg]\nname=Xorg\n"
                   "lib=libxup.so\n");
  }

  [[nodiscard]] std::string at(const std::string& name) const { return servers_.at(name); }

  /// Port to service, as nmap's XML has them.
  std::map<std::string, std::string> by_nmap() {
    std::string ports;
    for (const auto& service : services()) {
      ports += (ports.empty() ? "" : ",") + std::string(service.port);
    }
    const auto told = Program(servers_.on("client", {"nmap", "-n", "-Pn", "-sV", "--version-all",
                                                     "-p", ports, "-oX", "-", "10.2.0.20"}),
                              servers_.place("nmap"))
                          .wait(std::chrono::seconds(120));
    EXPECT_EQ(told.exit, 0) << told.err;
    std::map<std::string, std::string> names;
    const std::regex port(
        "portid=\"(\\d+)\"><state state=\"open\"[^>]*/><service name=\"([^\"]*)\"([^>]*)>");
    for (std::sregex_iterator it(told.out.begin(), told.out.end(), port), end; it != end; ++it) {
      const bool tls = (*it)[3].str().find("tunnel=\"ssl\"") != std::string::npos;
      names[(*it)[1]] = (tls ? "ssl/" : "") + (*it)[2].str();
    }
    return names;
  }

  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  LabServers servers_{folder_};  // before the lab goes
};

TEST_F(ServiceNames, AreThoseThatNmapHas) {
  std::string scenario =
      "version: 1\nname: names\nsegments: { left: { mode: observe }, right: { mode: observe } }\n"
      "workloads: { client: { segment: left }, server: { segment: right } }\n"
      "defaults: { check: { attempts: 1, timeout: 3s } }\nflows:\n";
  for (const auto& service : services()) {
    scenario += "  - { id: F" + std::string(service.port) +
                ", from: client, to: server, service: tcp/" + service.port +
                ", layer: " + service.layer + " }\n";
  }
  write_file(folder_ / "scenario.yaml", scenario);
  const auto ran = reachproof(folder_, {"--output", "json", "run", "-q"});
  ASSERT_EQ(ran.exit, 0) << ran.err << ran.out;
  const auto checks = checks_in(ran.out);
  const auto second = by_nmap();
  for (const auto& service : services()) {
    SCOPED_TRACE(service.program);
    const auto id = "F" + std::string(service.port) + "/client/server/tcp/" + service.port + "/" +
                    service.label;
    ASSERT_TRUE(checks.contains(id)) << ran.out;
    EXPECT_EQ(checks.at(id).reason, "service-answered") << checks.at(id).detail;
    ASSERT_TRUE(second.contains(service.port));
    EXPECT_EQ(second.at(service.port), service.by_nmap);
  }
}

}  // namespace
}  // namespace reachproof::testing
