#include "evidence/base64.h"

#include <openssl/evp.h>

namespace reachproof::evidence {

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::vector<std::uint8_t> bytes(text.size() / 4 * 3 + 1);
  if (text.empty()) return std::vector<std::uint8_t>{};
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with("=")) {
    padding = 1;
  }
  bytes.resize(static_cast<std::size_t>(size) - padding);
  // OpenSSL forgives white space and stray bits; the canonical text is the only one accepted.
  if (base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace reachproof::evidence
