// Rules above the network, from the scenario to the verdict: real servers in a lab, a real run.
#include <gmock/gmock.h>

#include "tests/support/lab_servers.h"
#include "tests/support/lab_up.h"
#include "tests/support/run_result.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

const char* const kLab = R"(version: 1
name: LAB
segments:
  left: [10.1.0.0/24, "fd00:1::/64"]
  right: 10.2.0.0/24
routers:
  fw:
    segments: [left, right]
    policy: accept
    rules:
      - drop from client to web tcp/81
      - dnat from client to web tcp/83 into decoy port 6379
hosts:
  client: { segment: left, workload: client }
  web: { segment: right, workload: web, addresses: [10.2.0.20], hostname: web.example }
  decoy: { segment: right }
  names: { segment: right, workload: names, listeners: { udp/53: dns } }
resolver: names
names: { portal.example: [10.2.0.20], moved.example: [10.2.0.55] }
)";

const char* const kScenario = R"(version: 1
name: layers
segments: { left: { mode: observe }, right: { mode: observe } }
workloads:
  client: { segment: left }
  web: { segment: right }
  names: { segment: right }
defaults: { check: { attempts: 2, timeout: 1s } }
limits: { rate: 500/s, per-target: 200/s }
flows:
  - { id: F1, from: client, to: web, service: tcp/8443, layer: { https: { path: /open, expect: ["200"] } } }
  - { id: F2, from: client, to: names, service: udp/53, layer: { dns: { name: portal.example, only: [10.2.0.20] } } }
  - { id: F3, from: client, to: web, service: tcp/8444, layer: { tls: { names: [db.example], version: "1.2" } } }
  - { id: F4, from: client, to: web, service: tcp/443, layer: https }
  - { id: F5, from: client, to: web, service: tcp/444, layer: { tls: { client-certificate: demanded } } }
  - { id: F6, from: client, to: names, service: udp/53, layer: { dns: { name: moved.example, only: [10.2.0.99] } } }
forbids:
  - { id: X1, from: client, to: web, service: tcp/443, layer: tls }
  - { id: X2, from: client, to: web, service: tcp/8443, layer: tls }
  - { id: X3, from: client, to: web, service: tcp/80, layer: { http: { path: /admin } } }
  - { id: X4, from: client, to: web, service: tcp/80, layer: { http: { path: /open } } }
  - { id: X5, from: client, to: web, service: tcp/6379, layer: { speaks: redis } }
  - { id: X6, from: client, to: web, service: tcp/11112, layer: { speaks: dicom } }
  - { id: X7, from: client, to: web, service: tcp/81, layer: http }
  - { id: X8, from: client, to: web, service: tcp/82, layer: http }
  - { id: X9, from: client, to: names, service: udp/53, layer: { dns: { name: nobody.example } } }
  - { id: X10, from: client, to: names, service: udp/53, layer: { dns: { name: web.example } } }
  - { id: X11, from: client, to: web, service: tcp/83, layer: { speaks: redis } }
  - { id: X12, from: client, to: web, service: tcp/80, layer: { speaks: ssh } }
)";

class Layers : public ::testing::Test {
 protected:
  void SetUp() override {
    SKIP_WITHOUT_NAMESPACES();
    if (!std::filesystem::exists("/usr/sbin/nginx") ||
        !std::filesystem::exists("/usr/bin/redis-server") ||
        !std::filesystem::exists("/usr/bin/storescp")) {
      GTEST_SKIP() << "nginx, redis-server or dcmtk is not installed (`tools/dev setup`)";
    }
    lab_ = std::make_unique<LabUp>(folder_, kLab);
    ASSERT_TRUE(lab_->is_up()) << lab_->why_not();
    write_file(folder_ / "scenario.yaml", kScenario);
    const auto at = [&](const char* name) { return servers_.at(name); };
    ASSERT_EQ(
        Program({"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-nodes", "-days", "2", "-subj", "/CN=db", "-addext",
                 "subjectAltName=DNS:db.example", "-keyout", at("key.pem"), "-out", at("cert.pem")},
                servers_.place("openssl"))
            .wait()
            .exit,
        0);
    write_file(folder_ / "nginx.conf",
               servers_.nginx_head() + "ssl_certificate " + at("cert.pem") +
                   "; ssl_certificate_key " + at("key.pem") +
                   ";\nserver { listen 80; location /open { return 200; } location /admin { return "
                   "401; } }\nserver { listen 8443 ssl; listen 8444 ssl; location /open { return "
                   "200; } }\nserver { "
                   "listen 443 ssl; listen 444 ssl; ssl_client_certificate " +
                   at("cert.pem") + "; ssl_verify_client on; } }\n");
    servers_.start("web", {"nginx", "-e", "stderr", "-c", at("nginx.conf")});
    const std::vector<std::string> redis{"redis-server", "--protected-mode", "no", "--save", ""};
    servers_.start("web", redis);
    servers_.start("decoy", redis);
    servers_.start("web", {"storescp", "--refuse", "11112"});
    for (const auto* port : {"80", "443", "8443", "6379", "11112"}) {
      servers_.until_listening("web", "127.0.0.1", port);
    }
    servers_.until_listening("decoy", "127.0.0.1", "6379");
  }
  TemporaryFolder folder_;
  std::unique_ptr<LabUp> lab_;
  LabServers servers_{folder_};  // before the lab goes
};

TEST_F(Layers, AreJudgedByWhatTheServiceAnswers) {
  const auto ran = reachproof(folder_, {"--output", "json", "run", "-q"});
  ASSERT_EQ(ran.exit, 3) << ran.err;
  const auto checks = checks_in(ran.out);
  const auto expect = [&](const std::string& id, const std::string& result,
                          const std::string& proof, const std::string& reason) {
    SCOPED_TRACE(id);
    ASSERT_TRUE(checks.contains(id)) << ran.out;
    const auto& check = checks.at(id);
    EXPECT_EQ(check.result, result) << check.reason << ": " << check.detail;
    EXPECT_EQ(check.proof, proof);
    EXPECT_EQ(check.reason, reason) << check.detail;
  };
  expect("F1/client/web/tcp/8443/https GET /open", "pass", "proved", "service-answered");
  expect("F2/client/names/udp/53/dns portal.example A", "pass", "proved", "service-answered");
  expect("F3/client/web/tcp/8444/tls", "pass", "proved", "service-answered");
  expect("F4/client/web/tcp/443/https GET /", "broken", "proved", "service-refused");
  expect("F5/client/web/tcp/444/tls", "pass", "proved", "service-answered");
  expect("F6/client/names/udp/53/dns moved.example A", "broken", "proved", "service-refused");
  expect("X1/client/web/tcp/443/tls", "pass", "proved", "service-refused");
  expect("X2/client/web/tcp/8443/tls", "violation", "proved", "service-answered");
  expect("X3/client/web/tcp/80/http GET /admin", "pass", "proved", "service-refused");
  expect("X4/client/web/tcp/80/http GET /open", "violation", "proved", "service-answered");
  expect("X5/client/web/tcp/6379/redis", "violation", "proved", "service-answered");
  expect("X6/client/web/tcp/11112/dicom", "pass", "proved", "service-refused");
  expect("X7/client/web/tcp/81/http GET /", "pass", "proved", "dropped-on-the-way");
  expect("X8/client/web/tcp/82/http GET /", "unproven", "none", "nothing-to-ask");
  expect("X9/client/names/udp/53/dns nobody.example A", "pass", "proved", "service-refused");
  expect("X10/client/names/udp/53/dns web.example A", "violation", "proved", "service-answered");
  expect("X11/client/web/tcp/83/redis", "unproven", "none", "intercepted");
  expect("X12/client/web/tcp/80/ssh", "unproven", "none", "service-unclear");
  // What was asked and answered is in the evidence.
  const auto told = reachproof(folder_, {"explain", "client", "web", "443"});
  EXPECT_EQ(told.exit, 0) << told.err;
  EXPECT_THAT(told.out, HasSubstr("asked: refused with HTTP 400"));
  const auto verified = reachproof(folder_, {"evidence", "verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace reachproof::testing
