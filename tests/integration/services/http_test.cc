// HTTP with and without TLS by nginx; services that speak it, with the answers that their makers
// document where Debian has no such server.
#include "tests/integration/services/real_server.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

class Nginx : public ::testing::Test {
 protected:
  /// `server_block`: what stands in `server { ... }` beside its `listen`.
  void serve(const std::string& server_block, const std::string& listen = "") {
    server_.make_certificates();
    server_.write(
        "nginx.conf",
        fmt::format("daemon off;\nmaster_process off;\npid {0}/pid;\nerror_log stderr;\n"
                    "events {{ worker_connections 64; }}\nhttp {{\n  access_log off;\n"
                    "  client_body_temp_path {0}/a; proxy_temp_path {0}/b; fastcgi_temp_path "
                    "{0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;\n"
                    "  server {{ listen 127.0.0.1:{1} {2};\n    ssl_certificate {0}/server.pem; "
                    "ssl_certificate_key {0}/server.key;\n{3}\n  }}\n}}\n",
                    (server_ / "").string(), server_.port(), listen, server_block));
    server_.start({installed("nginx"), "-e", "stderr", "-c", (server_ / "nginx.conf").string()});
  }
  static core::Ask http(const std::string& path, bool over_tls = false) {
    return {.layer = core::Layer::Http, .path = path, .over_tls = over_tls};
  }
  RealServer server_;
};

TEST_F(Nginx, TellsTheStatusAndFollowsNoRedirect) {
  SKIP_WITHOUT("nginx");
  serve(
      "location /ok { return 200 'hello'; } location /secret { return 401; } location /moved { "
      "return 302 http://127.0.0.1:1/elsewhere; } location /drop { return 444; }");
  EXPECT_THAT(ask(http("/ok"), server_.port()), Is(State::Answered));
  EXPECT_EQ(ask(http("/ok"), server_.port()).code, 200);
  EXPECT_THAT(ask(http("/ok"), server_.port()).says, HasSubstr("nginx"));
  EXPECT_EQ(ask(http("/secret"), server_.port()).code, 401);
  EXPECT_EQ(ask(http("/moved"), server_.port()).code, 302);
  EXPECT_THAT(ask(http("/drop"), server_.port()), Is(State::Closed));
  auto head = http("/ok");
  head.method = "HEAD";
  EXPECT_EQ(ask(head, server_.port()).code, 200);
  auto options = http("/secret");
  options.method = "OPTIONS";
  EXPECT_EQ(ask(options, server_.port()).code, 401);
}

TEST_F(Nginx, SendsTheHeadersAndTheNameThatWereAsked) {
  SKIP_WITHOUT("nginx");
  serve(
      "location / { if ($http_x_probe = 'yes') { return 204; } if ($host = 'portal.example') { "
      "return 206; } return 404; }");
  auto question = http("/");
  EXPECT_EQ(ask(question, server_.port()).code, 404);
  question.server_name = "portal.example";
  EXPECT_EQ(ask(question, server_.port()).code, 206);
  question.headers = {"X-Probe: yes"};
  EXPECT_EQ(ask(question, server_.port()).code, 204);
}

TEST_F(Nginx, AnAnswerWithoutEndIsCutOffAndItsStatusKept) {
  SKIP_WITHOUT("nginx");
  std::string big(300'000, 'x');
  serve("root " + (server_ / "").string() + ";");
  server_.write("big", big);
  const auto exchange = ask(http("/big"), server_.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_EQ(exchange.code, 200);
}

TEST_F(Nginx, OverTlsShowsItsCertificate) {
  SKIP_WITHOUT("nginx");
  serve("location / { return 200; }", "ssl");
  const auto exchange = ask(http("/", true), server_.port());
  EXPECT_EQ(exchange.code, 200);
  EXPECT_EQ(exchange.version, "1.2");
  EXPECT_THAT(exchange.names, ::testing::Contains("spiffe://clinic/db"));
  // TLS where none is spoken, and the other way round.
  EXPECT_EQ(ask(http("/"), server_.port()).code, 400) << "plain HTTP to a TLS port";
}

/// nginx lets the handshake end, and refuses in HTTP.
class NginxWithMutualTls : public Nginx, public ::testing::WithParamInterface<const char*> {};

TEST_P(NginxWithMutualTls, RefusesAStrangerAtBothLayers) {
  SKIP_WITHOUT("nginx");
  serve(fmt::format("ssl_protocols {}; ssl_client_certificate {}; ssl_verify_client on; location "
                    "/ {{ return 200; }}",
                    GetParam(), (server_ / "ca.pem").string()),
        "ssl");
  const auto handshake = ask({.layer = core::Layer::Tls, .alpn = {"http/1.1"}}, server_.port());
  EXPECT_THAT(handshake, Is(State::Refused));
  EXPECT_EQ(handshake.code, 400);
  EXPECT_TRUE(handshake.wants_certificate);
  EXPECT_THAT(ask(http("/", true), server_.port()), Is(State::Refused));
}

INSTANTIATE_TEST_SUITE_P(Versions, NginxWithMutualTls, ::testing::Values("TLSv1.2", "TLSv1.3"),
                         [](const auto& tested) {
                           return std::string(tested.param) == "TLSv1.2" ? "Tls12" : "Tls13";
                         });

TEST_F(Nginx, WithOptionalMutualTlsGoesOn) {
  SKIP_WITHOUT("nginx");
  serve(fmt::format("ssl_client_certificate {}; ssl_verify_client optional; location / {{ return "
                    "200; }}",
                    (server_ / "ca.pem").string()),
        "ssl");
  EXPECT_THAT(ask({.layer = core::Layer::Tls, .alpn = {"http/1.1"}}, server_.port()),
              Is(State::Answered));
  EXPECT_EQ(ask(http("/", true), server_.port()).code, 200);
}

struct Documented {
  const char* service;
  const char* location;  ///< of nginx, giving the answer that the service's documentation shows
  State expected;
};

class DocumentedService : public Nginx, public ::testing::WithParamInterface<Documented> {};

TEST_P(DocumentedService, IsRecognised) {
  SKIP_WITHOUT("nginx");
  const auto& [name, location, expected] = GetParam();
  auto question = service(name);
  question.over_tls = core::service_named(name)->usually_tls;
  serve(location, question.over_tls ? "ssl" : "");
  EXPECT_THAT(ask(question, server_.port()), Is(expected));
}

INSTANTIATE_TEST_SUITE_P(
    Services, DocumentedService,
    ::testing::Values(
        Documented{"kubernetes-api",
                   R"(location /version { return 200 '{"gitVersion":"v1.30"}'; })",
                   State::Answered},
        Documented{"kubernetes-api",
                   R"(location /version { return 401 '{"kind":"Status","code":401}'; })",
                   State::Refused},
        Documented{"kubernetes-api", "location / { return 200 'hello'; }", State::Garbled},
        Documented{"kubelet", "location /healthz { return 401 'Unauthorized'; }", State::Refused},
        Documented{"kubelet", "location /healthz { return 200 'ok'; }", State::Answered},
        Documented{"docker", "location /_ping { add_header Api-Version 1.43; return 200 'OK'; }",
                   State::Answered},
        Documented{"docker", "location /_ping { return 200 'OK'; }", State::Garbled},
        Documented{
            "vault",
            R"(location /v1/sys/health { return 503 '{"initialized":true,"sealed":true}'; })",
            State::Answered},
        Documented{"elasticsearch", R"(location / { return 200 '{"cluster_name":"x"}'; })",
                   State::Answered},
        Documented{"elasticsearch",
                   R"(location / { return 401 '{"error":{"type":"security_exception"}}'; })",
                   State::Refused},
        Documented{"aws-metadata",
                   "location /latest/meta-data/ { return 200 'ami-id\ninstance-id\n'; }",
                   State::Answered},
        Documented{"aws-metadata", "location / { return 401 'Unauthorized'; }", State::Refused},
        Documented{"azure-metadata",
                   R"(location /metadata/versions { if ($http_metadata != 'true') { return 400; }
                      return 200 '{"apiVersions":["2021-02-01"]}'; })",
                   State::Answered},
        Documented{"gcp-metadata",
                   "location / { add_header Metadata-Flavor Google; return 200 'computeMetadata/'; "
                   "}",
                   State::Answered},
        Documented{"fhir",
                   R"(location /metadata { return 200 '{"resourceType":"CapabilityStatement"}'; })",
                   State::Answered},
        Documented{"fhir", "location /metadata { return 403; }", State::Refused},
        Documented{"fhir", "location / { return 200 'a portal'; }", State::Garbled}),
    [](const auto& tested) {
      std::string name = tested.param.service;
      std::erase(name, '-');
      return name + std::string(core::word(tested.param.expected)) + std::to_string(tested.index);
    });

TEST(Etcd, TellsItsVersionToAStranger) {
  SKIP_WITHOUT("etcd");
  RealServer server;
  const auto peer = test::closed_port(core::Protocol::Tcp, core::Family::V4);
  const auto url = fmt::format("http://127.0.0.1:{}", server.port());
  const auto peer_url = fmt::format("http://127.0.0.1:{}", peer);
  server.start({installed("etcd"), "--data-dir", (server / "data").string(), "--listen-client-urls",
                url, "--advertise-client-urls", url, "--listen-peer-urls", peer_url,
                "--initial-advertise-peer-urls", peer_url, "--initial-cluster",
                "default=" + peer_url, "--log-level", "error"});
  const auto exchange = ask(service("etcd"), server.port());
  EXPECT_THAT(exchange, Is(State::Answered));
  EXPECT_THAT(exchange.says, HasSubstr("etcdserver"));
}

}  // namespace
}  // namespace reachproof::testing
