#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "core/error.h"

/// The Merkle tree of RFC 6962: hashing, proofs, their verification. Pure.
namespace reachproof::evidence {

using Hash = std::array<std::uint8_t, 32>;

[[nodiscard]] Hash sha256(std::string_view bytes);
[[nodiscard]] Hash leaf_hash(std::string_view body);                ///< SHA-256(0x00 || body)
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);  ///< SHA-256(0x01 || l || r)
[[nodiscard]] Hash empty_root();                                    ///< SHA-256("")

/// The root over these leaf hashes (RFC 6962 section 2.1).
[[nodiscard]] Hash tree_root(std::span<const Hash> leaves);

/// Grows a tree leaf by leaf, keeping only the roots of its complete subtrees.
class TreeFrontier {
 public:
  /// A complete subtree: node (level, n) covers leaves n*2^level to (n+1)*2^level - 1.
  struct Node {
    int level = 0;
    std::uint64_t n = 0;
    Hash hash{};
  };

  TreeFrontier() = default;
  /// Takes up a tree of that size, given its complete subtrees, the largest first.
  TreeFrontier(std::uint64_t size, std::vector<Hash> subtrees);

  /// Adds a leaf; `completed` is told every subtree above the leaves that it completes.
  void add(const Hash& leaf, const std::function<void(const Node&)>& completed);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> subtrees_;  ///< one for each set bit of the size, the largest first
};

/// The complete subtrees of a tree of that size, the largest first.
[[nodiscard]] std::vector<TreeFrontier::Node> complete_subtrees(std::uint64_t size);

/// Gives the hash of a complete subtree of a stored tree.
using ReadNode = std::function<Result<Hash>(int level, std::uint64_t n)>;

/// PATH (RFC 6962 section 2.1.1) of a leaf in the tree of that size, leaf side first.
[[nodiscard]] Result<std::vector<Hash>> inclusion_proof(std::uint64_t index, std::uint64_t size,
                                                        const ReadNode& read);
/// PROOF (RFC 6962 section 2.1.2) between two sizes.
[[nodiscard]] Result<std::vector<Hash>> consistency_proof(std::uint64_t size1, std::uint64_t size2,
                                                          const ReadNode& read);

/// The root of the tree as it was at that size.
[[nodiscard]] Result<Hash> root_at(std::uint64_t size, const ReadNode& read);

/// Proof elements as they came, of any length: every element that is not 32 bytes is refused.
using ProofElements = std::vector<std::vector<std::uint8_t>>;

/// RFC 9162 section 2.1.3.2.
[[nodiscard]] bool verify_inclusion(std::uint64_t index, std::uint64_t size,
                                    std::span<const std::uint8_t> leaf, const ProofElements& proof,
                                    std::span<const std::uint8_t> root);
/// RFC 9162 section 2.1.4.2.
[[nodiscard]] bool verify_consistency(std::uint64_t size1, std::uint64_t size2,
                                      std::span<const std::uint8_t> root1,
                                      std::span<const std::uint8_t> root2,
                                      const ProofElements& proof);

}  // namespace reachproof::evidence
