#include "protocol/keyed_answer.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "core/check.h"

namespace reachproof::protocol {

Nonce keyed_answer(const Nonce& key, const Nonce& nonce) {
  Nonce answer{};
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), nonce.data(),
                          nonce.size(), answer.data(), &size);
  CHECK(made != nullptr && size == answer.size());
  return answer;
}

Nonce random_nonce() {
  Nonce nonce{};
  CHECK(RAND_bytes(nonce.data(), static_cast<int>(nonce.size())) == 1);
  return nonce;
}

}  // namespace reachproof::protocol
