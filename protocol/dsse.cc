#include "protocol/dsse.h"

#include <algorithm>

#include "core/base64.h"
#include "protocol/fields.h"

namespace reachproof::protocol {
namespace {

constexpr std::size_t kSignaturesMax = 16;

std::string bytes_in(std::string_view base64, bool& sound) {
  const auto bytes = core::from_base64(base64);
  sound = sound && bytes.has_value();
  return bytes ? std::string(bytes->begin(), bytes->end()) : "";
}

/// How many of the trusted keys have signed these bytes.
std::size_t signers(const json::array& signatures, std::string_view signed_bytes,
                    const std::vector<PublicKey>& trusted) {
  std::vector<std::string> signed_by;
  for (const auto& item : signatures) {
    const auto* object = item.if_object();
    const auto* text = object == nullptr ? nullptr : object->if_contains("sig");
    if (text == nullptr || !text->is_string()) continue;
    bool sound = true;
    const auto signature = bytes_in(text->get_string(), sound);
    for (const auto& key : trusted) {
      if (!sound || !key.verify(signed_bytes, signature)) continue;
      const auto name = key.fingerprint();
      if (std::ranges::find(signed_by, name) == signed_by.end()) signed_by.push_back(name);
    }
  }
  return signed_by.size();
}

}  // namespace

std::string pre_authentication_encoding(std::string_view type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload);
}

std::string sign_envelope(std::string_view type, std::string_view payload,
                          const std::vector<KeyPair>& keys) {
  json::array signatures;
  for (const auto& key : keys) {
    const auto signature = key.sign(pre_authentication_encoding(type, payload));
    signatures.push_back({{"keyid", key.public_key().fingerprint()},
                          {"sig", core::base64(core::bytes_of(signature))}});
  }
  const json::object envelope{{"payload", core::base64(core::bytes_of(payload))},
                              {"payloadType", type},
                              {"signatures", signatures}};
  return json::serialize(envelope);
}

Result<std::string> open_envelope(std::string_view envelope, std::string_view type,
                                  const std::vector<PublicKey>& trusted, std::size_t threshold) {
  const auto value = parse_object(envelope, 6);
  if (!value) return fail(Result<json::value>(value), "signed envelope");
  const auto& object = value->get_object();
  const auto* payload = object.if_contains("payload");
  const auto* given_type = object.if_contains("payloadType");
  const auto* signatures = object.if_contains("signatures");
  if (payload == nullptr || !payload->is_string() || given_type == nullptr ||
      !given_type->is_string() || signatures == nullptr || !signatures->is_array() ||
      signatures->get_array().size() > kSignaturesMax) {
    return fail(ErrorCode::Protocol, "not a signed envelope (DSSE)");
  }
  if (given_type->get_string() != type) {
    return fail(ErrorCode::Protocol, fmt::format("a signed envelope of type `{}`, not `{}`",
                                                 std::string_view(given_type->get_string()), type));
  }
  bool sound = true;
  auto body = bytes_in(payload->get_string(), sound);
  if (!sound) return fail(ErrorCode::Protocol, "the envelope's payload is not base64");
  const auto count =
      signers(signatures->get_array(), pre_authentication_encoding(type, body), trusted);
  if (count < threshold) {
    return fail(ErrorCode::Refused, fmt::format("signed by {} of the keys that are trusted; it "
                                                "needs {}",
                                                count, threshold));
  }
  return body;
}

}  // namespace reachproof::protocol
