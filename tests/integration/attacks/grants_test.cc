#include "probe/agent/identity.h"
#include "protocol/dsse.h"
#include "protocol/grant.h"
#include "tests/integration/attacks/taken_over.h"

/// Signed plans that are not what they seem, an orchestrator that is another, and one that falls
/// silent.
namespace reachproof::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SignedPlansOnly : public TakenOver {
 protected:
  void SetUp() override {
    TakenOver::SetUp();
    end();
    testing::write_file(folder_ / "policy.pem", policy_.public_key().pem());
    run({"--policy-key", (folder_ / "policy.pem").string()});
  }
  /// Good for this probe, now, and one target.
  protocol::Grant grant(std::uint64_t version) const {
    const auto now = host::wall_now();
    protocol::Grant made{.audience = probe::Identity::load((folder_ / "probe").string())->id(),
                         .version = version,
                         .from = now - std::chrono::minutes(1),
                         .until = now + std::chrono::hours(1),
                         .scenario = "test"};
    made.targets[*core::IpAddress::parse("127.0.0.1")].insert(
        {core::Protocol::Tcp, allowed_.port()});
    made.attempts_max = 3;
    return made;
  }
  static std::string signed_by(const KeyPair& key, const protocol::Grant& grant) {
    return protocol::sign_envelope(protocol::kGrantType, protocol::encode(grant), {key});
  }
  std::string sealed(const protocol::Grant& grant) const { return signed_by(policy_, grant); }
  /// One try under that plan; says what came of it.
  std::string come_of(const std::string& envelope, const Bound& target) {
    const auto refusals = plane_.refusals().size();
    const auto outcomes = plane_.outcomes().size();
    plane_.order({protocol::encode(attempt(1, target))}, fmt::format("r-9-{}", ++sessions_),
                 envelope);
    EXPECT_TRUE(until([&] {
      return plane_.refusals().size() > refusals || plane_.outcomes().size() > outcomes;
    })) << journal();
    if (plane_.outcomes().size() > outcomes) return "tried";
    return plane_.refusals().size() > refusals ? plane_.refusals().back() : "";
  }

  KeyPair policy_ = *KeyPair::generate(KeyPair::Kind::Ed25519);
  int sessions_ = 0;
};

TEST_F(SignedPlansOnly, NoneOfThoseThatAreNotForItNowIsCarriedOut) {
  const auto stranger = *KeyPair::generate(KeyPair::Kind::Ed25519);
  EXPECT_THAT(come_of(signed_by(stranger, grant(5)), allowed_), HasSubstr("signature: "));
  auto foreign = grant(5);
  foreign.audience = std::string(64, 'a');
  EXPECT_THAT(come_of(sealed(foreign), allowed_), HasSubstr("meant for another probe"));
  auto over = grant(5);
  over.from -= std::chrono::hours(9);
  over.until -= std::chrono::hours(8);
  EXPECT_THAT(come_of(sealed(over), allowed_), HasSubstr("signature: "));
  auto early = grant(5);
  early.from += std::chrono::minutes(30);
  EXPECT_THAT(come_of(sealed(early), allowed_), HasSubstr("signature: "));
  EXPECT_THAT(come_of("{\"payload\":\"\"}", allowed_), HasSubstr("signature: "));
  EXPECT_FALSE(was_connected_to(allowed_));
  // Nothing of all that is in the way of a good one.
  EXPECT_EQ(come_of(sealed(grant(5)), allowed_), "tried");
  EXPECT_TRUE(was_connected_to(allowed_));
  EXPECT_THAT(come_of(sealed(grant(5)), forbidden_), HasSubstr("is not in the signed plan"));
  EXPECT_THAT(come_of(sealed(grant(4)), allowed_), HasSubstr("accepts nothing older"));
  // Neither does a restart make it forget what it has seen.
  end();
  run();
  EXPECT_THAT(come_of(sealed(grant(4)), allowed_), HasSubstr("accepts nothing older"));
  EXPECT_FALSE(was_connected_to(allowed_));
  EXPECT_FALSE(was_connected_to(forbidden_));
}

TEST_F(SignedPlansOnly, AGoodPlanDoesNotWidenTheScopeFile) {
  auto wide = grant(5);
  wide.targets.begin()->second.insert({core::Protocol::Tcp, forbidden_.port()});
  EXPECT_THAT(come_of(sealed(wide), forbidden_), HasSubstr("scope: "));
  EXPECT_FALSE(was_connected_to(forbidden_));
}

TEST_F(SignedPlansOnly, ItsTriesAreCounted) {
  std::vector<std::string> many;
  for (std::uint64_t id = 1; id <= 10; ++id) {
    auto one = attempt(id, allowed_);
    many.push_back(protocol::encode(one));
  }
  plane_.order(many, "r-9-0", sealed(grant(5)));
  ASSERT_TRUE(until([this] { return plane_.outcomes().size() + plane_.refusals().size() >= 10; }));
  EXPECT_EQ(plane_.outcomes().size(), 3U);
  EXPECT_THAT(plane_.refusals(), Contains(HasSubstr("budget: ")));
}

TEST_F(TakenOver, AnotherAuthorityInItsPlaceIsNotSpokenTo) {
  const auto other = *orchestrator::Authority::open((folder_ / "other").string(), host::wall_now());
  plane_.show_certificate_of(other);
  end();
  program_ = std::make_unique<testing::Program>(probe({"run"}), place("run"));
  plane_.order(attempt(1, allowed_));
  ASSERT_TRUE(until([this] { return journal().find("cannot be reached") != std::string::npos; }));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_THAT(plane_.said(), IsEmpty());
  EXPECT_FALSE(was_connected_to(allowed_));
  plane_.show_certificate_of(plane_.authority());
  expect_works();
}

TEST_F(TakenOver, ARenewalBringsNoOtherAuthorityAndNoOtherKey) {
  const auto other = *orchestrator::Authority::open((folder_ / "other").string(), host::wall_now());
  const auto stranger = *KeyPair::generate(KeyPair::Kind::P256);
  const std::vector<std::function<void(protocol::JoinAnswer&)>> ways{
      [&](protocol::JoinAnswer& answer) { answer.authority = other.certificate(); },
      [&](protocol::JoinAnswer& answer) { answer.authority = "nothing"; },
      [&](protocol::JoinAnswer& answer) { answer.heartbeat_key = "nothing"; },
      [&](protocol::JoinAnswer& answer) { answer.certificate = "nothing"; },
      [&](protocol::JoinAnswer& answer) {
        answer.certificate = *other.issue_probe(stranger.public_key(), "reachproof.local",
                                                host::wall_now(), std::chrono::hours(1));
      }};
  const auto before = testing::file_text(folder_ / "probe" / "authority.pem");
  const auto heartbeat = testing::file_text(folder_ / "probe" / "heartbeat.pem");
  const auto certificate = testing::file_text(folder_ / "probe" / "certificate.pem");
  for (const auto& way : ways) {
    plane_.spoil_join(way);
    const auto checked = testing::Program(probe({"netcheck"}), place("netcheck")).wait();
    EXPECT_NE(checked.exit, 0) << checked.out;
    EXPECT_EQ(testing::file_text(folder_ / "probe" / "authority.pem"), before);
    EXPECT_EQ(testing::file_text(folder_ / "probe" / "heartbeat.pem"), heartbeat);
    EXPECT_EQ(testing::file_text(folder_ / "probe" / "certificate.pem"), certificate);
  }
  plane_.spoil_join({});
  end();
  run();
  expect_works();
}

}  // namespace
}  // namespace reachproof::test
