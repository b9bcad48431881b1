// What is asked above the network: which questions may be asked, and what an answer means.
#include "core/layer.h"

#include <fstream>
#include <set>

#include "core/judge.h"
#include "tests/support/observe.h"

namespace reachproof::core {
namespace {

using Kind = LayerAnswer::Kind;
using State = Exchange::State;
using testing::HasSubstr;

LayerRule rule(Ask ask, Wanted wanted = {}) {
  auto label = label_of(ask);
  return {std::move(ask), std::move(wanted), std::move(label)};
}
const Ask kTls{.layer = Layer::Tls};
const Ask kHttp{.layer = Layer::Http};
const Ask kDns{.layer = Layer::Dns, .name = "db.example"};
const Ask kSsh{.layer = Layer::Service, .service = "ssh"};

Kind denied(const LayerRule& rule, Exchange exchange) {
  return layer_answer(rule, Expectation::Deny, exchange).kind;
}
Kind allowed(const LayerRule& rule, Exchange exchange) {
  return layer_answer(rule, Expectation::Allow, exchange).kind;
}

TEST(LayerAnswer, OfSilenceAClosureOrNoiseNothingIsConcluded) {
  for (const auto& ask : {kTls, kHttp, kDns, kSsh}) {
    for (const auto state : {State::Silent, State::Closed, State::Garbled, State::Failed}) {
      EXPECT_EQ(denied(rule(ask), {.state = state}), Kind::Unclear);
      EXPECT_EQ(allowed(rule(ask), {.state = state}), Kind::Unclear);
    }
  }
}

TEST(LayerAnswer, AHandshakeWithoutCertificateThatEndsIsGranted) {
  EXPECT_EQ(denied(rule(kTls), {.state = State::Answered}), Kind::Granted);
  EXPECT_EQ(denied(rule(kTls), {.state = State::Refused, .code = 116}), Kind::Denied);
}

TEST(LayerAnswer, AFlowMayWantACertificateToBeDemanded) {
  const auto wanted = rule(kTls, {.demands_certificate = true});
  EXPECT_EQ(allowed(wanted, {.state = State::Refused, .code = 116, .version = "1.3"}),
            Kind::Granted);
  EXPECT_EQ(allowed(wanted, {.state = State::Answered, .version = "1.3"}), Kind::Denied);
  EXPECT_EQ(allowed(rule(kTls), {.state = State::Refused, .code = 40}), Kind::Denied);
}

TEST(LayerAnswer, AFlowMayWantANameAndAVersion) {
  const auto wanted = rule(kTls, {.names = {"db.clinic.example"}, .version_min = "1.2"});
  const auto answer = [&](std::vector<std::string> names, const std::string& version) {
    return allowed(wanted, {.state = State::Answered,
                            .names = std::move(names),
                            .certificate = "ab",
                            .version = version});
  };
  EXPECT_EQ(answer({"db.clinic.example"}, "1.2"), Kind::Granted);
  EXPECT_EQ(answer({"other.example", "*.clinic.example"}, "1.3"), Kind::Granted);
  EXPECT_EQ(answer({"DB.Clinic.Example"}, "1.3"), Kind::Granted);
  EXPECT_EQ(answer({"*.example"}, "1.3"), Kind::Denied) << "a star stands for one label";
  EXPECT_EQ(answer({"db.clinic.example.org"}, "1.3"), Kind::Denied);
  EXPECT_EQ(answer({}, "1.3"), Kind::Denied);
  EXPECT_EQ(answer({"db.clinic.example"}, "1.1"), Kind::Denied);
}

TEST(LayerAnswer, AnUnauthorisedRequestMustGetOneOfTheStatuses) {
  const auto must = rule(kHttp, {.statuses = {401, 403}});
  EXPECT_EQ(denied(must, {.state = State::Answered, .code = 401}), Kind::Denied);
  EXPECT_EQ(denied(must, {.state = State::Answered, .code = 200}), Kind::Granted);
  EXPECT_EQ(denied(must, {.state = State::Answered, .code = 404}), Kind::Granted);
  EXPECT_EQ(denied(must, {.state = State::Answered, .code = 302}), Kind::Granted);
  EXPECT_EQ(denied(must, {.state = State::Refused, .code = 116}), Kind::Denied);
  for (const int status : {429, 500, 503}) {
    EXPECT_EQ(denied(must, {.state = State::Answered, .code = status}), Kind::Unclear);
  }
  const auto served = rule(kHttp, {.statuses = {200}});
  EXPECT_EQ(allowed(served, {.state = State::Answered, .code = 200}), Kind::Granted);
  EXPECT_EQ(allowed(served, {.state = State::Answered, .code = 503}), Kind::Denied);
}

TEST(LayerAnswer, ANameMayHaveToResolveToSomeAddressesAlone) {
  const auto only = rule(kDns, {.only = {*IpAddress::parse("192.0.2.7")}});
  EXPECT_EQ(allowed(only, {.state = State::Answered, .names = {"192.0.2.7"}}), Kind::Granted);
  EXPECT_EQ(allowed(only, {.state = State::Answered, .names = {"192.0.2.7", "192.0.2.8"}}),
            Kind::Denied);
  EXPECT_EQ(allowed(rule(kDns), {.state = State::Answered, .names = {"192.0.2.8"}}), Kind::Granted);
  EXPECT_EQ(denied(rule(kDns), {.state = State::Refused, .code = 3}), Kind::Denied);
  EXPECT_EQ(denied(rule(kDns), {.state = State::Answered, .names = {"192.0.2.8"}}), Kind::Granted);
}

TEST(Ask, ThatCouldCarryACredentialOrBreakItsProtocolIsRefused) {
  const auto wrong = [](auto change) {
    Ask ask{.layer = Layer::Http};
    change(ask);
    return objection_to(ask).value_or("");
  };
  EXPECT_EQ(wrong([](Ask&) {}), "");
  EXPECT_THAT(wrong([](Ask& a) { a.method = "DELETE"; }), HasSubstr("may not be sent"));
  EXPECT_NE(wrong([](Ask& a) { a.path = "/a b"; }), "");
  EXPECT_NE(wrong([](Ask& a) { a.path = "/a\r\nX: y"; }), "");
  EXPECT_NE(wrong([](Ask& a) { a.path = "elsewhere"; }), "");
  EXPECT_NE(wrong([](Ask& a) { a.path = "/" + std::string(600, 'x'); }), "");
  for (const auto* header :
       {"Authorization: Basic eA==", "cookie: a", "X-Vault-Token: s", "X-Aws-Ec2-Metadata-Token: t",
        "Host: other", "Bad Name: x", "NoValue", "X: a\r\nY: b", "Transfer-Encoding: chunked"}) {
    EXPECT_NE(wrong([&](Ask& a) { a.headers = {header}; }), "") << header;
  }
  EXPECT_EQ(wrong([](Ask& a) { a.headers = {"Metadata-Flavor: Google"}; }), "");
  EXPECT_NE(wrong([](Ask& a) { a.server_name = "a..b"; }), "");
  EXPECT_NE(wrong([](Ask& a) { a.called = "seventeen letters"; }), "");
}

TEST(Ask, TwoThatDifferHaveDifferentCanonicalTexts) {
  std::vector<Ask> asks(14, Ask{.layer = Layer::Http});
  asks[1].layer = Layer::Tls;
  asks[2].server_name = "a";
  asks[3].alpn = {"h2"};
  asks[4].method = "HEAD";
  asks[5].path = "/a";
  asks[6].headers = {"A: b"};
  asks[7].over_tls = true;
  asks[8].name = "n";
  asks[9].type = DnsType::Aaaa;
  asks[10].service = "s";
  asks[11].exercise = true;
  asks[12].called = "c";
  asks[13].calling = "c";
  std::set<std::string> texts;
  for (const auto& ask : asks) texts.insert(canonical(ask));
  EXPECT_EQ(texts.size(), asks.size());
}

TEST(Services, EachIsInTheDocumentationWithWhatProvesIt) {
  std::ifstream file(std::string(REACHPROOF_SOURCE_DIR) + "/docs/layers.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const auto& service : known_services()) {
    EXPECT_THAT(page, HasSubstr("| `" + std::string(service.name) + "` |"));
    EXPECT_THAT(page, HasSubstr("| " + std::string(service.shows) + " |"));
  }
}

// ---- the judge, above the network ----

class JudgeAbove : public testing::Test {
 protected:
  /// Tries that connected and arrived at a witness, each with this exchange.
  static Observation answered(const Ask& ask, const std::vector<Exchange>& exchanges) {
    auto seen = test::observe();
    for (std::size_t i = 0; i < exchanges.size(); ++i) seen.attempt(Outcome::Connected);
    seen.witness_arrived(HostAnswer::Accepted);
    Observation observation = seen.seen();
    observation.layer = std::make_shared<const LayerRule>(rule(ask, {.statuses = {401, 403}}));
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
      observation.attempts[i].exchange = std::make_shared<const Exchange>(exchanges[i]);
    }
    return observation;
  }
};

TEST_F(JudgeAbove, OneTryThatWasGrantedOutweighsAnyNumberOfRefusals) {
  const Exchange refused{.state = State::Answered, .code = 401};
  const Exchange granted{.state = State::Answered, .code = 200};
  const auto verdict = judge(answered(kHttp, {refused, refused, granted}), Expectation::Deny);
  EXPECT_EQ(verdict.reachability, Reachability::Open);
  EXPECT_EQ(verdict.result, CheckResult::Violation);
  EXPECT_EQ(verdict.reason, Reason::ServiceAnswered);
  EXPECT_EQ(verdict.proof, Proof::Proved);
}

TEST_F(JudgeAbove, OnlyRefusalsAreBlockedThoughTheConnectionStands) {
  const Exchange refused{.state = State::Answered, .code = 403};
  const auto verdict = judge(answered(kHttp, {refused, refused}), Expectation::Deny);
  EXPECT_EQ(verdict.reachability, Reachability::Blocked);
  EXPECT_EQ(verdict.result, CheckResult::Pass);
  EXPECT_EQ(verdict.reason, Reason::ServiceRefused);
  EXPECT_EQ(verdict.proof, Proof::Proved);
}

TEST_F(JudgeAbove, ARefusalBesideAnythingUnclearIsUnproven) {
  const Exchange refused{.state = State::Answered, .code = 403};
  for (const auto state : {State::Silent, State::Closed, State::Garbled, State::Failed}) {
    const auto verdict = judge(answered(kHttp, {refused, {.state = state}}), Expectation::Deny);
    EXPECT_EQ(verdict.result, CheckResult::Unproven);
    EXPECT_EQ(verdict.proof, Proof::None);
  }
  auto without = answered(kHttp, {refused, refused});
  without.attempts[1].exchange = nullptr;
  EXPECT_EQ(judge(without, Expectation::Deny).result, CheckResult::Unproven);
  auto unsent = answered(kHttp, {refused, refused});
  unsent.attempts[1].outcome = Outcome::LocalError;
  EXPECT_EQ(judge(unsent, Expectation::Deny).result, CheckResult::Unproven);
}

TEST_F(JudgeAbove, AServiceThatIsReachedAndDoesNotServeIsDeadForWhoNeedsIt) {
  for (const auto state : {State::Silent, State::Closed, State::Garbled}) {
    const auto seen = answered(kHttp, {{.state = state}, {.state = state}});
    const auto verdict = judge(seen, Expectation::Allow);
    EXPECT_EQ(verdict.reachability, Reachability::Latent);
    EXPECT_EQ(verdict.result, CheckResult::Broken);
    EXPECT_EQ(judge(seen, Expectation::Permit).reachability, Reachability::Inconclusive);
  }
  const auto ours = answered(kHttp, {{.state = State::Silent}, {.state = State::Failed}});
  EXPECT_EQ(judge(ours, Expectation::Allow).result, CheckResult::Unproven);
}

TEST_F(JudgeAbove, WhatSomethingInBetweenRefusedProvesNothing) {
  const Exchange refused{.state = State::Answered, .code = 403};
  auto seen = answered(kHttp, {refused, refused});
  seen.sightings[1].arrived = false;
  EXPECT_EQ(judge(seen, Expectation::Deny).result, CheckResult::Unproven);
}

TEST_F(JudgeAbove, APathThatIsOpenToADeadServiceIsNoProofOfRefusal) {
  Observation latent =
      test::observe().attempt(Outcome::Refused).witness_arrived(HostAnswer::Reset).not_listening();
  latent.layer = std::make_shared<const LayerRule>(rule(kTls));
  EXPECT_EQ(judge(latent, Expectation::Deny).result, CheckResult::Unproven);
  EXPECT_EQ(judge(latent, Expectation::Deny).reason, Reason::NothingToAsk);
  EXPECT_EQ(judge(latent, Expectation::Allow).result, CheckResult::Broken);
}

TEST_F(JudgeAbove, AConnectionThatHadToStandIsBrokenByOneCutAndOneThatHadToBeCutByOneThatStood) {
  const Ask kept{.layer = Layer::Keepalive, .hold = std::chrono::seconds(30)};
  const Exchange stood{.state = State::Answered, .says = "it stood for 30 s"};
  const Exchange cut{.state = State::Refused, .says = "cut: silence after 4.0 s"};
  const Exchange ended{.state = State::Closed};
  const auto one_of_each = answered(kept, {stood, cut});
  EXPECT_EQ(judge(one_of_each, Expectation::Allow).reason, Reason::ConnectionCut);
  EXPECT_EQ(judge(one_of_each, Expectation::Allow).result, CheckResult::Broken);
  EXPECT_EQ(judge(one_of_each, Expectation::Deny).reason, Reason::ConnectionStood);
  EXPECT_EQ(judge(one_of_each, Expectation::Deny).result, CheckResult::Violation);
  EXPECT_EQ(judge(answered(kept, {stood, stood}), Expectation::Allow).result, CheckResult::Pass);
  EXPECT_EQ(judge(answered(kept, {cut, cut}), Expectation::Deny).result, CheckResult::Pass);
  EXPECT_EQ(judge(answered(kept, {cut, ended}), Expectation::Deny).result, CheckResult::Unproven);
  EXPECT_EQ(judge(answered(kept, {ended, ended}), Expectation::Allow).result, CheckResult::Unproven)
      << "a service may end a connection on which nothing is said";
}

TEST(AskHeld, IsFromOneSecondToAnHourAndOfKeepaliveAlone) {
  const auto held = [](Layer layer, int seconds) {
    return objection_to({.layer = layer, .hold = std::chrono::seconds(seconds)}).has_value();
  };
  EXPECT_FALSE(held(Layer::Keepalive, 1));
  EXPECT_FALSE(held(Layer::Keepalive, 3600));
  EXPECT_TRUE(held(Layer::Keepalive, 0));
  EXPECT_TRUE(held(Layer::Keepalive, -1));
  EXPECT_TRUE(held(Layer::Keepalive, 3601));
  EXPECT_TRUE(held(Layer::Tls, 5));
  EXPECT_NE(canonical({.layer = Layer::Keepalive, .hold = std::chrono::seconds(5)}),
            canonical({.layer = Layer::Keepalive, .hold = std::chrono::seconds(6)}));
}

TEST_F(JudgeAbove, AConnectionThatIsBlockedNeedsNoAnswer) {
  Observation blocked =
      test::observe().attempt(Outcome::TimedOut).witness_not_arrived().source_alive();
  blocked.layer = std::make_shared<const LayerRule>(rule(kTls));
  EXPECT_EQ(judge(blocked, Expectation::Deny).result, CheckResult::Pass);
  EXPECT_EQ(judge(blocked, Expectation::Allow).result, CheckResult::Broken);
}

}  // namespace
}  // namespace reachproof::core
