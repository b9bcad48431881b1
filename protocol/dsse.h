#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "protocol/key_pair.h"

/// Dead Simple Signing Envelope 1.0.2 (https://github.com/secure-systems-lab/dsse): a payload of a
/// stated type with signatures over both.
namespace reachproof::protocol {

/// PAE(type, payload): the bytes that are signed.
[[nodiscard]] std::string pre_authentication_encoding(std::string_view type,
                                                      std::string_view payload);

/// The envelope as JSON, signed by every key given. A signature's keyid is the key's fingerprint.
[[nodiscard]] std::string sign_envelope(std::string_view type, std::string_view payload,
                                        const std::vector<KeyPair>& keys);

/// The payload of an envelope of that type, where at least `threshold` different keys of those
/// that are trusted have signed it. keyid is a hint and decides nothing.
[[nodiscard]] Result<std::string> open_envelope(std::string_view envelope, std::string_view type,
                                                const std::vector<PublicKey>& trusted,
                                                std::size_t threshold = 1);

}  // namespace reachproof::protocol
