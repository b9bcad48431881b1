#include "evidence/merkle.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <optional>

#include "core/check.h"

namespace reachproof::evidence {
namespace {

/// One digest context for each thread: making one costs as much as a small hash.
class Digest {
 public:
  Digest()
      : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free),
        algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)) {
    CHECK(context_ != nullptr && algorithm_ != nullptr);
  }
  ~Digest() { EVP_MD_free(algorithm_); }
  Digest(const Digest&) = delete;
  Digest& operator=(const Digest&) = delete;

  void begin() { CHECK(EVP_DigestInit_ex2(context_.get(), algorithm_, nullptr) == 1); }
  void add(const void* bytes, std::size_t size) {
    CHECK(EVP_DigestUpdate(context_.get(), bytes, size) == 1);
  }
  Hash end() {
    Hash hash;
    unsigned size = 0;
    CHECK(EVP_DigestFinal_ex(context_.get(), hash.data(), &size) == 1 && size == hash.size());
    return hash;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
  EVP_MD* algorithm_;
};

Digest& digest() {
  thread_local Digest instance;
  return instance;
}

std::optional<Hash> as_hash(std::span<const std::uint8_t> bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) return std::nullopt;
  std::ranges::copy(bytes, hash.begin());
  return hash;
}

/// The largest power of two below n; n > 1.
std::uint64_t split_point(std::uint64_t n) {
  return std::bit_floor(n - 1);
}

/// MTH(D[begin:end]), where begin is a multiple of a power of two not below the length.
Result<Hash> range_root(std::uint64_t begin, std::uint64_t end, const ReadNode& read) {
  const std::uint64_t length = end - begin;
  if (std::has_single_bit(length)) {
    const int level = std::countr_zero(length);
    return read(level, begin >> level);
  }
  const std::uint64_t split = begin + split_point(length);
  auto left = range_root(begin, split, read);
  if (!left) return left;
  auto right = range_root(split, end, read);
  if (!right) return right;
  return node_hash(*left, *right);
}

}  // namespace

Hash sha256(std::string_view bytes) {
  auto& d = digest();
  d.begin();
  d.add(bytes.data(), bytes.size());
  return d.end();
}

Hash leaf_hash(std::string_view body) {
  auto& d = digest();
  const std::uint8_t prefix = 0;
  d.begin();
  d.add(&prefix, 1);
  d.add(body.data(), body.size());
  return d.end();
}

Hash node_hash(const Hash& left, const Hash& right) {
  auto& d = digest();
  std::array<std::uint8_t, 65> bytes;
  bytes[0] = 1;
  std::ranges::copy(left, bytes.begin() + 1);
  std::ranges::copy(right, bytes.begin() + 33);
  d.begin();
  d.add(bytes.data(), bytes.size());
  return d.end();
}

Hash empty_root() {
  return sha256("");
}

Hash tree_root(std::span<const Hash> leaves) {
  TreeFrontier tree;
  for (const auto& leaf : leaves) tree.add(leaf, [](const auto&) {});
  return tree.root();
}

TreeFrontier::TreeFrontier(std::uint64_t size, std::vector<Hash> subtrees)
    : size_(size), subtrees_(std::move(subtrees)) {
  CHECK(subtrees_.size() == static_cast<std::size_t>(std::popcount(size)));
}

void TreeFrontier::add(const Hash& leaf, const std::function<void(const Node&)>& completed) {
  Hash hash = leaf;
  int level = 0;
  // Each trailing set bit of the size is a complete subtree that this leaf merges with.
  for (std::uint64_t rest = size_; (rest & 1U) != 0; rest >>= 1U) {
    hash = node_hash(subtrees_.back(), hash);
    subtrees_.pop_back();
    ++level;
    completed({.level = level, .n = size_ >> level, .hash = hash});
  }
  subtrees_.push_back(hash);
  ++size_;
}

Hash TreeFrontier::root() const {
  if (size_ == 0) return empty_root();
  Hash root = subtrees_.back();
  for (std::size_t i = subtrees_.size() - 1; i > 0; --i) root = node_hash(subtrees_[i - 1], root);
  return root;
}

std::vector<TreeFrontier::Node> complete_subtrees(std::uint64_t size) {
  std::vector<TreeFrontier::Node> nodes;
  std::uint64_t begin = 0;
  for (int level = 63; level >= 0; --level) {
    const std::uint64_t width = std::uint64_t{1} << level;
    if ((size & width) == 0) continue;
    nodes.push_back({.level = level, .n = begin >> level, .hash = {}});
    begin += width;
  }
  return nodes;
}

Result<Hash> root_at(std::uint64_t size, const ReadNode& read) {
  if (size == 0) return empty_root();
  return range_root(0, size, read);
}

Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                          const ReadNode& read) {
  if (index >= size) return fail(ErrorCode::NotFound, "no such record in a tree of that size");
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  // Walks down to the leaf; the sibling at each step belongs to the proof, root side first.
  while (end - begin > 1) {
    const std::uint64_t split = begin + split_point(end - begin);
    const bool left = index < split;
    auto sibling = left ? range_root(split, end, read) : range_root(begin, split, read);
    if (!sibling) return tl::unexpected(sibling.error());
    proof.push_back(*sibling);
    (left ? end : begin) = split;
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<std::vector<Hash>> consistency_proof(std::uint64_t size1, std::uint64_t size2,
                                            const ReadNode& read) {
  if (size1 == 0 || size1 > size2) {
    return fail(ErrorCode::NotFound, "no consistency proof between these sizes");
  }
  std::vector<Hash> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = size2;
  bool whole = true;  // whether D[begin:size1] is a tree that the verifier knows already
  while (size1 != end) {
    const std::uint64_t split = begin + split_point(end - begin);
    const bool left = size1 <= split;
    auto sibling = left ? range_root(split, end, read) : range_root(begin, split, read);
    if (!sibling) return tl::unexpected(sibling.error());
    proof.push_back(*sibling);
    whole = whole && left;
    (left ? end : begin) = split;
  }
  if (!whole) {
    auto own = range_root(begin, end, read);
    if (!own) return tl::unexpected(own.error());
    proof.push_back(*own);
  }
  std::ranges::reverse(proof);
  return proof;
}

bool verify_inclusion(std::uint64_t index, std::uint64_t size, std::span<const std::uint8_t> leaf,
                      const ProofElements& proof, std::span<const std::uint8_t> root) {
  auto r = as_hash(leaf);
  const auto expected = as_hash(root);
  if (!r || !expected || size == 0 || index >= size) return false;
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  for (const auto& element : proof) {
    const auto p = as_hash(element);
    if (!p || sn == 0) return false;
    if ((fn & 1U) != 0 || fn == sn) {
      r = node_hash(*p, *r);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      r = node_hash(*r, *p);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && *r == *expected;
}

bool verify_consistency(std::uint64_t size1, std::uint64_t size2,
                        std::span<const std::uint8_t> root1, std::span<const std::uint8_t> root2,
                        const ProofElements& proof) {
  const auto first = as_hash(root1);
  const auto second = as_hash(root2);
  if (!first || !second || size1 == 0 || size1 > size2) return false;
  if (size1 == size2) return proof.empty() && *first == *second;
  if (proof.empty()) return false;
  std::vector<Hash> path;
  if (std::has_single_bit(size1)) path.push_back(*first);
  for (const auto& element : proof) {
    const auto hash = as_hash(element);
    if (!hash) return false;
    path.push_back(*hash);
  }
  std::uint64_t fn = size1 - 1;
  std::uint64_t sn = size2 - 1;
  while ((fn & 1U) != 0) {
    fn >>= 1U;
    sn >>= 1U;
  }
  Hash f = path.front();
  Hash s = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (sn == 0) return false;
    if ((fn & 1U) != 0 || fn == sn) {
      f = node_hash(path[i], f);
      s = node_hash(path[i], s);
      while ((fn & 1U) == 0 && fn != 0) {
        fn >>= 1U;
        sn >>= 1U;
      }
    } else {
      s = node_hash(s, path[i]);
    }
    fn >>= 1U;
    sn >>= 1U;
  }
  return sn == 0 && f == *first && s == *second;
}

}  // namespace reachproof::evidence
