#pragma once

#include "protocol/message.h"

namespace reachproof::protocol {

/// HMAC-SHA256(key, nonce) (RFC 2104): what a witness's own listener answers, and what the
/// orchestrator expects. The vantage never has the key, so it cannot make the answer up, and an
/// echo service in the way cannot either.
[[nodiscard]] Nonce keyed_answer(const Nonce& key, const Nonce& nonce);

/// 32 bytes from the operating system's generator.
[[nodiscard]] Nonce random_nonce();

}  // namespace reachproof::protocol
