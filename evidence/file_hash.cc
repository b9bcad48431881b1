#include "evidence/file_hash.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

namespace reachproof::evidence {
namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

tl::unexpected<Error> unreadable(const std::string& path) {
  return fail(ErrorCode::Io, fmt::format("cannot read `{}`", path));
}

}  // namespace

Result<Hash> file_sha256(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  if (!file || !context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
    return unreadable(path);
  }
  std::vector<char> block(kBlockBytes);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    EVP_DigestUpdate(context.get(), block.data(), static_cast<std::size_t>(file.gcount()));
  }
  Hash hash{};
  if (file.bad() || EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1) {
    return unreadable(path);
  }
  return hash;
}

Result<std::string> file_bytes(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return unreadable(path);
  std::string bytes;
  std::vector<char> block(kBlockBytes);
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())), file.gcount() > 0) {
    bytes.append(block.data(), static_cast<std::size_t>(file.gcount()));
    if (bytes.size() > bytes_max) {
      return fail(ErrorCode::Corrupt, fmt::format("`{}` is larger than {} bytes", path, bytes_max));
    }
  }
  if (file.bad()) return unreadable(path);
  return bytes;
}

}  // namespace reachproof::evidence
