// DSSE against the published vector, the worked example of the evidence format, and hostile input.
#include "evidence/dsse.h"

#include <boost/json.hpp>

#include "core/base64.h"
#include "evidence/statement.h"
#include "tests/support/log_file.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

std::string from_base64(std::string_view text) {
  const auto bytes = core::from_base64(text);
  return {bytes->begin(), bytes->end()};
}

/// RFC 8032 section 7.1 TEST 1, as openssl reads it: published, never to be used elsewhere.
AttestationKey published_key(const test::Folder& folder) {
  std::string der = "\x30\x2e\x02\x01";
  der += std::string("\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20", 12);
  const auto seed =
      core::from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  der.append(seed->begin(), seed->end());
  test::write_bytes(folder.file("key"), "-----BEGIN PRIVATE KEY-----\n" +
                                            core::base64(core::bytes_of(der)) +
                                            "\n-----END PRIVATE KEY-----\n");
  return *AttestationKey::load(folder.file("key"));
}

TEST(Dsse, AgreesWithThePublishedVector) {
  const char* told = std::getenv("REACHPROOF_SHARED");
  const auto path = std::filesystem::path(told != nullptr ? told : REACHPROOF_SHARED_DEFAULT) /
                    "schemas/vectors/dsse/vectors.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "the published vectors are not here: " << path << " (REACHPROOF_SHARED)";
  }
  const auto vector = json::parse(test::bytes_of(path.string())).as_object();
  const auto text = [&](const char* name) { return std::string(vector.at(name).as_string()); };
  EXPECT_EQ(pre_authentication_encoding(text("payloadType"), text("payload_ascii")),
            text("pae_ascii"));
  const auto key = AttestationVerifier::from_pem(text("public_key_pem"));
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->algorithm(), KeyAlgorithm::P256);
  auto envelope = Envelope::parse(json::serialize(vector.at("envelope")));
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->payload, text("payload_ascii"));
  // The vector's signature is r and s side by side; openssl and we take them as ASN.1.
  EXPECT_EQ(keys_that_signed(*envelope, {&*key, 1}), 0);
  envelope->signatures.front().bytes = from_base64(text("signature_der_base64"));
  EXPECT_EQ(keys_that_signed(*envelope, {&*key, 1}), 1);
  envelope->payload += "!";
  EXPECT_EQ(keys_that_signed(*envelope, {&*key, 1}), 0);
}

// Section 13 of the evidence format, byte for byte.
TEST(Dsse, SignsTheWorkedExampleByteForByte) {
  const test::Folder folder;
  const auto key = published_key(folder);
  const std::string statement =
      R"({"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"checkpoint","digest":{"sha256":"0df963ddacae68a70cb07db70e87df5902a122802a1a650f8a98b8b2f590ca24"}}],"predicateType":"https://in-toto.io/attestation/test-result/v0.1","predicate":{"result":"PASSED","configuration":[{"name":"scenario.yaml","digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}],"passedTests":["X03 vendor-vpn ehr-app tcp/443"],"warnedTests":[],"failedTests":[]}})";
  ASSERT_EQ(statement.size(), 475U);
  const auto pae = pre_authentication_encoding(kInTotoType, statement);
  EXPECT_EQ(pae.size(), 518U);
  EXPECT_EQ(core::hex(sha256(pae)),
            "7ca1d4c15a93cc002d9b93b16faecf37b6123e8db93e249a49fb9256c808a555");
  const auto envelope = sign_envelope(kInTotoType, statement, key);
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->signatures.front().key_id,
            "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9");
  EXPECT_EQ(
      core::base64(core::bytes_of(envelope->signatures.front().bytes)),
      "WeO2hpuy9rqpadW6ExzAYKVaMsJvAtFICuvrMK+DS13Dxy30n0ZUlFJxa23yF7gL5w0RjSZwbjM6pPxvTHUPBQ==");
  const auto head = statement_head(statement);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->predicate_type, kTestResultPredicate);
  EXPECT_NE(head->subject("checkpoint"), nullptr);
}

TEST(Dsse, AnEnvelopeIsReadBackAsItWasWritten) {
  const auto key = AttestationKey::generate(KeyAlgorithm::Ed25519);
  const auto envelope = sign_envelope("text/plain", std::string("\0\xff x", 4), *key);
  const auto again = Envelope::parse(envelope->text());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->payload, envelope->payload);
  EXPECT_EQ(again->text(), envelope->text());
  EXPECT_EQ(keys_that_signed(*again, {&key->verifier(), 1}), 1);
}

TEST(Dsse, BothAlphabetsOfBase64AreReadAndUnknownFieldsIgnored) {
  const auto envelope = Envelope::parse(
      R"({"payload":"_-8","payloadType":"t","more":1,"signatures":[{"sig":"AA==","cert":"x"}]})");
  ASSERT_TRUE(envelope.has_value());
  EXPECT_EQ(envelope->payload, "\xff\xef");
}

TEST(Dsse, AKeyCountsOnceHoweverOftenItSigned) {
  const auto one = AttestationKey::generate(KeyAlgorithm::Ed25519);
  const auto two = AttestationKey::generate(KeyAlgorithm::P256);
  auto envelope = *sign_envelope("t", "payload", *one);
  envelope.signatures.push_back(envelope.signatures.front());
  envelope.signatures.back().key_id = two->verifier().key_id();
  const std::vector keys{one->verifier(), two->verifier(), one->verifier()};
  EXPECT_EQ(keys_that_signed(envelope, keys), 1);
  envelope.signatures.push_back(sign_envelope("t", "payload", *two)->signatures.front());
  EXPECT_EQ(keys_that_signed(envelope, keys), 2);
}

TEST(Dsse, WhatIsNoEnvelopeIsRefusedWithItsReason) {
  for (const std::string text :
       {"", "null", "[]", "{}", R"({"payload":"x","payloadType":"t","signatures":[]})",
        R"({"payload":"AA==","payloadType":1,"signatures":[]})",
        R"({"payload":"AA==","payloadType":"t"})",
        R"({"payload":"AA==","payloadType":"t","signatures":[1]})",
        R"({"payload":"AA==","payloadType":"t","signatures":[{"sig":"?"}]})"}) {
    const auto refused = Envelope::parse(text);
    ASSERT_FALSE(refused.has_value()) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::Corrupt);
    EXPECT_THAT(refused.error().message, HasSubstr("not a DSSE envelope"));
  }
  EXPECT_FALSE(Envelope::parse(std::string(100'000, '[')).has_value());
}

TEST(SigstoreBundle, HoldsOneSignatureWhoseKeyItHints) {
  const auto key = AttestationKey::generate(KeyAlgorithm::P256);
  const auto text = sigstore_bundle(*sign_envelope(kInTotoType, "{}", *key));
  EXPECT_TRUE(envelope_in_sigstore_bundle(text).has_value());
  const auto changed = [&](const std::string& from, const std::string& to) {
    auto other = text;
    const auto at = other.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return other.replace(at, from.size(), to);
  };
  EXPECT_FALSE(envelope_in_sigstore_bundle(changed("v0.3", "v0.2")).has_value());
  EXPECT_FALSE(envelope_in_sigstore_bundle(changed("\"hint\":\"", "\"hint\":\"0")).has_value());
  EXPECT_FALSE(envelope_in_sigstore_bundle(changed("dsseEnvelope", "messageDigest")).has_value());
  EXPECT_FALSE(envelope_in_sigstore_bundle("{}").has_value());
}

TEST(AttestationKeys, AreKeptForTheirOwnerAloneAndNeverOverwritten) {
  const test::Folder folder;
  for (const auto algorithm : {KeyAlgorithm::Ed25519, KeyAlgorithm::P256}) {
    const auto path = folder.file(std::string(word(algorithm)));
    const auto key = AttestationKey::generate(algorithm);
    ASSERT_TRUE(key->save(path).has_value());
    EXPECT_FALSE(key->save(path).has_value());
    EXPECT_EQ(std::filesystem::status(path).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const auto loaded = AttestationKey::load(path);
    EXPECT_EQ(loaded->verifier().key_id(), key->verifier().key_id());
    EXPECT_TRUE(key->verifier().verifies("message", *loaded->sign("message")));
    EXPECT_FALSE(key->verifier().verifies("massage", *loaded->sign("message")));
  }
  EXPECT_EQ(AttestationKey::load(folder.file("none")).error().code, ErrorCode::NotFound);
  test::write_bytes(folder.file("noise"), "noise");
  EXPECT_EQ(AttestationKey::load(folder.file("noise")).error().code, ErrorCode::Config);
  EXPECT_FALSE(AttestationVerifier::from_pem("noise").has_value());
  EXPECT_FALSE(key_algorithm_of("rsa").has_value());
}

}  // namespace
}  // namespace reachproof::evidence
