#include "orchestrator/api/http_server.h"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "orchestrator/api/event_stream.h"
#include "tests/support/log_file.h"
#include "tests/support/raw_client.h"
#include "tests/support/served.h"

namespace reachproof::test {
namespace {

namespace asio = boost::asio;
namespace api = orchestrator::api;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Says back what it was asked.
void echo(api::Request request, const api::Reply& reply) {
  api::Response response{.body = request.method + " " + request.path + " " + request.query + " " +
                                 std::string(request.header("x-word")) + " " + request.body};
  response.headers.emplace_back("Content-Type", "text/plain");
  reply(std::move(response));
}

TEST(Server, AnswersOneRequestAfterAnother) {
  asio::io_context loop;
  Served served(loop, echo);
  RawClient client(served.port());
  client.say("GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Word: w\r\n\r\n");
  EXPECT_THAT(client.hear("GET /a b=c w "), StartsWith("HTTP/1.1 200 OK\r\n"));
  client.say("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_THAT(client.hear("POST /a   body"), StartsWith("HTTP/1.1 200 OK\r\n"));
  client.say("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.hear("GET /2"), HasSubstr("GET /1"));
  EXPECT_EQ(served.counters().accepted, 1U);
}

TEST(Server, HeadIsAnsweredWithoutABody) {
  asio::io_context loop;
  Served served(loop, echo);
  RawClient client(served.port());
  client.say("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const auto answer = client.hear();
  EXPECT_THAT(answer, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\n"));
}

TEST(Server, ABodyMayBeAnnounced) {
  asio::io_context loop;
  Served served(loop, echo);
  RawClient client(served.port());
  client.say("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_THAT(client.hear("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  client.say("body");
  EXPECT_THAT(client.hear("body"), HasSubstr("POST /a   body"));
}

TEST(Server, WhatIsNotHttpIsABadRequest) {
  for (const auto* text :
       {"nonsense\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nbad header\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "GET http://elsewhere/ HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n"}) {
    asio::io_context loop;
    int handled = 0;
    Served served(loop, [&](api::Request request, const api::Reply& reply) {
      ++handled;
      echo(std::move(request), reply);
    });
    RawClient client(served.port());
    client.say(text);
    const auto answer = client.hear();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << text;
    EXPECT_THAT(answer, HasSubstr("application/problem+json")) << text;
    EXPECT_TRUE(client.closed()) << text;
    served.on_loop([] {});
    EXPECT_EQ(handled, 0) << text;
  }
}

TEST(Server, AnAnswerMayComeLater) {
  asio::io_context loop;
  api::Reply later;
  Served served(loop, [&](const api::Request&, api::Reply reply) { later = std::move(reply); });
  RawClient client(served.port());
  client.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.hear("HTTP", milliseconds(100)), "");
  served.on_loop([&] {
    later({.status = 202, .body = "later"});
    later({.status = 500, .body = "never"});
    later = {};
  });
  EXPECT_THAT(client.hear(), HasSubstr("later"));
}

TEST(Server, ARequestThatWasForgottenIsAnswered) {
  asio::io_context loop;
  Served served(loop, [](const api::Request&, const api::Reply&) {});
  RawClient client(served.port());
  client.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.hear(), StartsWith("HTTP/1.1 503 "));
}

TEST(Server, AStreamCarriesEventsAndAHeartbeat) {
  asio::io_context loop;
  const auto stream = std::make_shared<api::EventStream>();
  Served served(loop,
                [&](const api::Request&, const api::Reply& reply) { reply({.stream = stream}); },
                {.limits = {.heartbeat = milliseconds(50)}});
  RawClient client(served.port());
  client.say("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.hear(": still here"), HasSubstr("Transfer-Encoding: chunked"));
  served.on_loop([&] { stream->send({7, "run", "{}"}); });
  EXPECT_THAT(client.hear("data: {}\n\n"), HasSubstr("id: 7\nevent: run\n"));
  served.on_loop([&] { stream->close(); });
  EXPECT_THAT(client.hear(), testing::EndsWith("0\r\n\r\n"));
  EXPECT_TRUE(client.closed());
}

TEST(Server, AStreamIsClosedAtOnceWhenItsListenerIsGone) {
  asio::io_context loop;
  const auto stream = std::make_shared<api::EventStream>();
  Served served(loop,
                [&](const api::Request&, const api::Reply& reply) { reply({.stream = stream}); });
  {
    RawClient client(served.port());
    client.say("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    client.hear("\r\n\r\n");
  }
  for (int i = 0; i < 100 && served.counters().open > 0; ++i) {
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_EQ(served.counters().open, 0U);
  served.on_loop([&] { EXPECT_TRUE(stream->closed()); });
}

TEST(Server, StoppingLetsRequestsFinishAndClosesWhatIsIdle) {
  asio::io_context loop;
  api::Reply later;
  Served served(loop, [&](const api::Request&, api::Reply reply) { later = std::move(reply); });
  RawClient idle(served.port());
  RawClient busy(served.port());
  busy.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  bool asked = false;
  for (int i = 0; i < 100 && !asked; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    served.on_loop([&] { asked = static_cast<bool>(later); });
  }
  ASSERT_TRUE(asked);
  std::promise<void> stopped;
  served.on_loop(
      [&] { served.server().stop(std::chrono::seconds(5), [&] { stopped.set_value(); }); });
  EXPECT_EQ(idle.hear(), "");
  EXPECT_TRUE(idle.closed());
  EXPECT_FALSE(RawClient(served.port()).connected());
  served.on_loop([&] { later({.body = "done"}); });
  EXPECT_THAT(busy.hear(), HasSubstr("done"));
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
  served.on_loop([&] { later = {}; });
}

TEST(Server, StoppingCutsWhatDoesNotFinish) {
  asio::io_context loop;
  api::Reply never;
  Served served(loop, [&](const api::Request&, api::Reply reply) { never = std::move(reply); },
                {.limits = {.header = std::chrono::seconds(60)}});
  RawClient slow(served.port());
  slow.say("GET / HTT");
  for (int i = 0; i < 100 && served.counters().open == 0; ++i) {
    std::this_thread::sleep_for(milliseconds(10));
  }
  std::promise<void> stopped;
  served.on_loop([&] { served.server().stop(milliseconds(200), [&] { stopped.set_value(); }); });
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
}

class Tls : public ::testing::Test {
 protected:
  void make_certificate(const std::string& name) {
    const auto command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
        "-days 2 -subj /CN=" +
        name + " -keyout " + key + " -out " + certificate + " 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  /// The name in the certificate that the server shows, and what it answers.
  std::string visit(std::uint16_t port, int version, std::string& answer) {
    asio::io_context loop;
    asio::ssl::context context(asio::ssl::context::tls_client);
    SSL_CTX_set_max_proto_version(context.native_handle(), version);
    // Old versions are refused by the server, not by this side's library.
    SSL_CTX_set_security_level(context.native_handle(), 0);
    SSL_CTX_set_min_proto_version(context.native_handle(), 0);
    asio::ssl::stream<asio::ip::tcp::socket> stream(loop, context);
    stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
    boost::system::error_code failed;
    stream.handshake(asio::ssl::stream_base::client, failed);
    if (failed) return "";
    asio::write(stream, asio::buffer(
                            std::string("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")));
    asio::read(stream, asio::dynamic_buffer(answer), failed);
    X509* shown = SSL_get1_peer_certificate(stream.native_handle());
    char name[100] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
    X509_free(shown);
    return name;
  }
  Folder folder;
  std::string certificate = folder.file("c.pem");
  std::string key = folder.file("k.pem");
};

TEST_F(Tls, ServesAndTakesANewCertificate) {
  make_certificate("first");
  asio::io_context loop;
  Served served(loop, echo, {.certificate_file = certificate, .key_file = key});
  std::string answer;
  EXPECT_EQ(visit(served.port(), TLS1_3_VERSION, answer), "first");
  EXPECT_THAT(answer, HasSubstr("GET / "));
  make_certificate("second");
  served.on_loop([&] { EXPECT_TRUE(served.server().reload_certificate().has_value()); });
  EXPECT_EQ(visit(served.port(), TLS1_2_VERSION, answer), "second");
  write_bytes(certificate, "rubbish");
  served.on_loop([&] { EXPECT_FALSE(served.server().reload_certificate().has_value()); });
  EXPECT_EQ(visit(served.port(), TLS1_3_VERSION, answer), "second") << "the old one stays";
}

TEST_F(Tls, OldVersionsAndPlainTextAreRefused) {
  make_certificate("first");
  asio::io_context loop;
  Served served(loop, echo, {.certificate_file = certificate, .key_file = key});
  std::string answer;
  EXPECT_EQ(visit(served.port(), TLS1_1_VERSION, answer), "");
  RawClient plain(served.port());
  plain.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(plain.hear(), Not(HasSubstr("HTTP/1.1 200")));
}

TEST_F(Tls, WithoutItOnlyLoopbackIsServed) {
  asio::io_context loop;
  const auto open = api::HttpServer::listen(loop, {.address = "0.0.0.0"}, echo);
  ASSERT_FALSE(open.has_value());
  EXPECT_EQ(open.error().code, ErrorCode::Config);
}

TEST_F(Tls, AKeyOfAnotherCertificateIsRefused) {
  make_certificate("first");
  const auto first_key = bytes_of(key);
  make_certificate("second");
  write_bytes(key, first_key);
  asio::io_context loop;
  const auto served =
      api::HttpServer::listen(loop, {.certificate_file = certificate, .key_file = key}, echo);
  EXPECT_FALSE(served.has_value());
}

}  // namespace
}  // namespace reachproof::test
