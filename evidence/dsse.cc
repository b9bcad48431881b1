#include "evidence/dsse.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>

#include "core/base64.h"
#include "core/check.h"
#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr std::size_t kSignaturesMax = 64;
constexpr std::string_view kSigstoreMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";

tl::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("not a DSSE envelope: {}", what));
}

std::string base64_of(std::string_view bytes) {
  return core::base64(core::bytes_of(bytes));
}

/// Either alphabet, with or without padding.
std::optional<std::string> from_either_base64(std::string_view text) {
  std::string plain(text);
  std::ranges::replace(plain, '-', '+');
  std::ranges::replace(plain, '_', '/');
  while (plain.size() % 4 != 0) plain += '=';
  const auto bytes = core::from_base64(plain);
  if (!bytes) return std::nullopt;
  return std::string(bytes->begin(), bytes->end());
}

std::optional<std::string> text_in(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

Result<Envelope::Signature> signature_in(const json::value& value) {
  if (!value.is_object()) return bad("a signature is not an object");
  const auto sig = text_in(value.get_object(), "sig");
  const auto bytes = sig ? from_either_base64(*sig) : std::nullopt;
  if (!bytes) return bad("a signature lacks its base64 `sig`");
  return Envelope::Signature{text_in(value.get_object(), "keyid").value_or(""), *bytes};
}

Result<Envelope> envelope_in(const json::value& value) {
  if (!value.is_object()) return bad("not an object");
  const auto& object = value.get_object();
  const auto payload = text_in(object, "payload");
  const auto type = text_in(object, "payloadType");
  const auto bytes = payload ? from_either_base64(*payload) : std::nullopt;
  if (!bytes || !type) return bad("`payload` or `payloadType` is missing, or is not base64");
  Envelope envelope{.payload = *bytes, .payload_type = *type, .signatures = {}};
  const auto* signatures = object.if_contains("signatures");
  if (signatures == nullptr || !signatures->is_array()) return bad("it has no `signatures`");
  if (signatures->get_array().size() > kSignaturesMax) return bad("too many signatures");
  for (const auto& item : signatures->get_array()) {
    auto signature = signature_in(item);
    if (!signature) return tl::unexpected(signature.error());
    envelope.signatures.push_back(std::move(*signature));
  }
  return envelope;
}

Result<json::value> parsed(std::string_view text) {
  json::error_code error;
  auto value = json::parse(text, error);
  if (error) return bad(fmt::format("not JSON ({})", error.message()));
  return value;
}

void write(JsonText& out, const Envelope& envelope) {
  out.begin_object().field("payload", base64_of(envelope.payload));
  out.field("payloadType", envelope.payload_type).key("signatures").begin_array();
  for (const auto& signature : envelope.signatures) {
    out.begin_object().field("keyid", signature.key_id);
    out.field("sig", base64_of(signature.bytes)).end_object();
  }
  out.end_array().end_object();
}

}  // namespace

std::string pre_authentication_encoding(std::string_view type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload);
}

std::string Envelope::text() const {
  JsonText out;
  write(out, *this);
  return out.take() + "\n";
}

Result<Envelope> Envelope::parse(std::string_view text) {
  const auto value = parsed(text);
  if (!value) return tl::unexpected(value.error());
  return envelope_in(*value);
}

Result<Envelope> sign_envelope(std::string_view type, std::string payload,
                               const AttestationKey& key) {
  auto signature = key.sign(pre_authentication_encoding(type, payload));
  if (!signature) return tl::unexpected(signature.error());
  return Envelope{.payload = std::move(payload),
                  .payload_type = std::string(type),
                  .signatures = {{key.verifier().key_id(), std::move(*signature)}}};
}

int keys_that_signed(const Envelope& envelope, std::span<const AttestationVerifier> keys) {
  const auto message = pre_authentication_encoding(envelope.payload_type, envelope.payload);
  std::vector<std::string> counted;
  for (const auto& key : keys) {
    if (std::ranges::find(counted, key.key_id()) != counted.end()) continue;
    if (std::ranges::any_of(envelope.signatures, [&](const Envelope::Signature& signature) {
          return key.verifies(message, signature.bytes);
        })) {
      counted.push_back(key.key_id());
    }
  }
  return static_cast<int>(counted.size());
}

std::string sigstore_bundle(const Envelope& envelope) {
  CHECK(envelope.signatures.size() == 1);
  JsonText out;
  out.begin_object().key("dsseEnvelope");
  write(out, envelope);
  out.field("mediaType", kSigstoreMediaType).key("verificationMaterial").begin_object();
  out.key("publicKey").begin_object().field("hint", envelope.signatures.front().key_id);
  out.end_object().key("timestampVerificationData").begin_object();
  out.key("rfc3161Timestamps").begin_array().end_array().end_object();
  out.key("tlogEntries").begin_array().end_array().end_object().end_object();
  return out.take() + "\n";
}

Result<Envelope> envelope_in_sigstore_bundle(std::string_view text) {
  const auto value = parsed(text);
  if (!value) return tl::unexpected(value.error());
  if (!value->is_object()) return bad("not an object");
  const auto& object = value->get_object();
  if (text_in(object, "mediaType") != kSigstoreMediaType) {
    return bad(fmt::format("the Sigstore bundle's media type is not {}", kSigstoreMediaType));
  }
  const auto* inner = object.if_contains("dsseEnvelope");
  if (inner == nullptr) return bad("the Sigstore bundle holds none");
  auto envelope = envelope_in(*inner);
  if (!envelope) return envelope;
  json::error_code error;
  const auto* hint = value->find_pointer("/verificationMaterial/publicKey/hint", error);
  if (envelope->signatures.size() != 1 || hint == nullptr || !hint->is_string() ||
      hint->get_string() != envelope->signatures.front().key_id) {
    return bad("a Sigstore bundle has one signature, and its key hint is that signature's key id");
  }
  return envelope;
}

}  // namespace reachproof::evidence
