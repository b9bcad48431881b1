// Questions and their answers on the wire: what survives, and what is refused.
#include <gmock/gmock.h>

#include "protocol/codec.h"
#include "protocol/message.h"

namespace reachproof::protocol {
namespace {

using testing::HasSubstr;

AttemptOrder order_of(const core::Ask& ask) {
  return {.id = 7,
          .address = *core::IpAddress::parse("10.0.0.1"),
          .port = 443,
          .timeout = std::chrono::milliseconds(500),
          .ask = std::make_shared<const core::Ask>(ask)};
}

std::vector<core::Ask> questions() {
  return {{.layer = core::Layer::Tls, .server_name = "db.example", .alpn = {"h2", "http/1.1"}},
          {.layer = core::Layer::Http,
           .method = "HEAD",
           .path = "/a?b=c",
           .headers = {"Accept: text/html", "X-Probe: yes"},
           .over_tls = true},
          {.layer = core::Layer::Dns, .name = "db.example", .type = core::DnsType::Aaaa},
          {.layer = core::Layer::Service,
           .path = "/fhir/metadata",
           .over_tls = true,
           .service = "fhir"},
          {.layer = core::Layer::Service,
           .service = "dicom",
           .exercise = true,
           .called = "PACS 1",
           .calling = "MRI"},
          {.layer = core::Layer::Keepalive, .hold = std::chrono::seconds(30)}};
}

TEST(Asks, SurviveTheWire) {
  for (const auto& ask : questions()) {
    const auto again = decode(encode(order_of(ask)));
    ASSERT_TRUE(again) << again.error().message;
    const auto& got = std::get<AttemptOrder>(*again);
    ASSERT_NE(got.ask, nullptr);
    EXPECT_EQ(core::canonical(*got.ask), core::canonical(ask));
  }
}

TEST(Asks, ThatMayNotBeAskedAreNoMessage) {
  const auto refused = [](auto change) {
    core::Ask ask{.layer = core::Layer::Http};
    change(ask);
    const auto again = decode(encode(order_of(ask)));
    return again ? "" : again.error().message;
  };
  EXPECT_EQ(refused([](core::Ask&) {}), "");
  EXPECT_THAT(refused([](auto& a) { a.method = "POST"; }), HasSubstr("`ask`"));
  EXPECT_THAT(refused([](auto& a) { a.headers = {"Authorization: Basic eA=="}; }),
              HasSubstr("authorization"));
  EXPECT_THAT(refused([](auto& a) { a.path = "nowhere"; }), HasSubstr("path"));
  const auto text = encode(order_of({.layer = core::Layer::Http}));
  const auto unknown = std::string(text).replace(text.find("\"layer\""), 7, "\"lawyer\"");
  EXPECT_FALSE(decode(unknown));
}

TEST(Exchanges, SurviveTheWire) {
  OutcomeReport report{.id = 7, .outcome = core::Outcome::Connected};
  report.source = *core::IpAddress::parse("10.0.0.2");
  report.mark = Nonce{1, 2, 3};
  core::Exchange exchange{.state = core::Exchange::State::Refused,
                          .code = 116,
                          .says = "for want of a client certificate",
                          .names = {"db.example", "spiffe://clinic/db"},
                          .certificate = std::string(64, 'a'),
                          .version = "1.3",
                          .wants_certificate = true};
  report.exchange = std::make_shared<const core::Exchange>(exchange);
  const auto again = decode(encode(report));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*std::get<OutcomeReport>(*again).exchange, exchange);
  EXPECT_EQ(std::get<OutcomeReport>(*again).mark, report.mark);
  exchange.says = std::string(201, 'x');
  report.exchange = std::make_shared<const core::Exchange>(exchange);
  EXPECT_FALSE(decode(encode(report))) << "longer than a probe may say";
}

}  // namespace
}  // namespace reachproof::protocol
