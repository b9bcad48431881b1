// Keys that stay in a token: SoftHSM's, which is PKCS #11 as an HSM speaks it.
#include "evidence/pkcs11_key.h"
#include "tests/integration/evidence/evidence_fixture.h"

namespace reachproof::testing {
namespace {

using ::testing::HasSubstr;

class TokenCommands : public EvidenceCommands {
 protected:
  void SetUp() override {
    EvidenceCommands::SetUp();
    const auto config = (folder_ / "softhsm2.conf").string();
    std::filesystem::create_directory(folder_ / "tokens");
    write_file(config, "directories.tokendir = " + (folder_ / "tokens").string() + "\n");
    ASSERT_EQ(setenv("SOFTHSM2_CONF", config.c_str(), 1), 0);
    write_file(folder_ / "pin", "1234\n");
    write_file(folder_ / "wrong-pin", "4321\n");
    const auto made = shell(
        "softhsm2-util --init-token --free --label reachproof --so-pin 5678 --pin 1234\n"
        "m=$(find /usr/lib -name libsofthsm2.so | head -1)\n"
        "pkcs11-tool --module $m --login --pin 1234 --keypairgen --key-type EC:edwards25519 "
        "--label log --id 01\n"
        "pkcs11-tool --module $m --login --pin 1234 --keypairgen --key-type EC:prime256v1 "
        "--label attest --id 02\n"
        "pkcs11-tool --module $m --login --pin 1234 --keypairgen --key-type RSA:2048 "
        "--label rsa --id 03\n",
        folder_.path());
    ASSERT_EQ(made.exit, 0) << made.out << made.err;
  }
  void TearDown() override { unsetenv("SOFTHSM2_CONF"); }

  [[nodiscard]] std::string uri(const std::string& object, const std::string& pin = "pin") const {
    return "pkcs11:token=reachproof;object=" + object +
           "?pin-source=file:" + (folder_ / pin).string();
  }
};

TEST_F(TokenCommands, BothKeysMoveIntoTheTokenAndEverythingStillVerifies) {
  const auto log = evidence({"key", "rotate", "--pkcs11", uri("log")});
  ASSERT_EQ(log.exit, 0) << log.err;
  exported();
  const auto attest =
      evidence({"key", "rotate", "--role", "attestation", "--pkcs11", uri("attest")});
  ASSERT_EQ(attest.exit, 0) << attest.err;
  // What stands beside the log is where the keys are, and no key.
  EXPECT_THAT(file_text(folder_ / "reachproof.db.key"), HasSubstr(uri("log")));
  EXPECT_EQ(file_text(folder_ / "reachproof.db.attest.key"), uri("attest") + "\n");
  log_.run({.id = "r-2"});
  const auto bundle = exported();
  EXPECT_EQ(follow_the_guide(bundle).exit, 0);
  EXPECT_EQ(evidence({"verify", bundle.string(), "--key", "reachproof.db.vkey"}).exit, 0);
  const auto verified = evidence({"verify"});
  EXPECT_EQ(verified.exit, 0) << verified.out;
  // And back into a file.
  EXPECT_EQ(evidence({"key", "rotate"}).exit, 0);
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

TEST_F(TokenCommands, SignaturesOfTheTokenAreThoseOfOpenssl) {
  for (const auto* object : {"log", "attest"}) {
    const auto key = evidence::AttestationKey::in_token(uri(object));
    ASSERT_TRUE(key.has_value()) << key.error().message;
    write_file(folder_ / "pub.pem", key->verifier().pem());
    write_file(folder_ / "message", "what was said");
    write_file(folder_ / "sig", *key->sign("what was said"));
    const auto* verify =
        object == std::string("log")
            ? "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in message -sigfile sig"
            : "openssl dgst -sha256 -verify pub.pem -signature sig message";
    const auto verified = shell(verify, folder_.path());
    EXPECT_EQ(verified.exit, 0) << object << verified.out << verified.err;
    EXPECT_FALSE(key->verifier().verifies("what was not", *key->sign("what was said")));
  }
}

TEST_F(TokenCommands, WhatIsWrongWithATokenIsSaid) {
  const auto error = [&](const std::string& uri) {
    const auto rotated = evidence({"key", "rotate", "--pkcs11", uri});
    EXPECT_NE(rotated.exit, 0) << uri;
    return rotated.err;
  };
  EXPECT_THAT(error("pkcs11:token"), HasSubstr("is no PKCS #11 URI"));
  EXPECT_THAT(error("pkcs11:token=other;object=log"), HasSubstr("no token fits the URI"));
  EXPECT_THAT(error(uri("none")), HasSubstr("0 private keys of the token fit"));
  EXPECT_THAT(error("pkcs11:token=reachproof?pin-source=" + (folder_ / "pin").string()),
              HasSubstr("3 private keys"));
  EXPECT_THAT(error(uri("log", "wrong-pin")), HasSubstr("would not take the PIN"));
  EXPECT_THAT(error(uri("log", "no-pin")), HasSubstr("cannot read the PIN"));
  EXPECT_THAT(error(uri("rsa")), HasSubstr("of another kind: Ed25519 or P-256"));
  EXPECT_THAT(error(uri("attest")), HasSubstr("a log is signed with Ed25519"));
  EXPECT_THAT(error(uri("log") + "&module-path=/nowhere.so"),
              HasSubstr("cannot load the PKCS #11 module"));
  // None of it changed the key.
  log_.run({.id = "r-2"});
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

// The token is taken away: what was to be signed is refused, and the log stays as it was.
TEST_F(TokenCommands, WithoutItsTokenALogIsNotSigned) {
  ASSERT_EQ(evidence({"key", "rotate", "--pkcs11", uri("log")}).exit, 0);
  std::filesystem::rename(folder_ / "tokens", folder_ / "away");
  std::filesystem::create_directory(folder_ / "tokens");
  const auto refused = evidence({"hold", "set", "H", "--matter", "m", "--reason", "r"});
  EXPECT_EQ(refused.exit, 8);
  EXPECT_THAT(refused.err, HasSubstr("no token fits the URI"));
  EXPECT_EQ(evidence({"verify"}).exit, 0);
}

}  // namespace
}  // namespace reachproof::testing
