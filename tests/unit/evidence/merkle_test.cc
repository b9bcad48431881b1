#include "evidence/merkle.h"

#include <gmock/gmock.h>

#include <bit>

#include "core/hex.h"

namespace reachproof::evidence {
namespace {

std::vector<Hash> leaves(std::size_t count) {
  std::vector<Hash> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(leaf_hash("body " + std::to_string(i)));
  return all;
}

/// MTH of RFC 6962 section 2.1, written as the RFC writes it.
Hash mth(std::span<const Hash> d) {
  if (d.empty()) return sha256("");
  if (d.size() == 1) return d[0];
  std::size_t k = 1;
  while (k * 2 < d.size()) k *= 2;
  return node_hash(mth(d.first(k)), mth(d.subspan(k)));
}

/// Nodes of complete subtrees straight from the leaves.
ReadNode nodes_of(const std::vector<Hash>& all) {
  return [&all](int level, std::uint64_t n) -> Result<Hash> {
    const std::size_t width = std::size_t{1} << level;
    if ((n + 1) * width > all.size()) return fail(ErrorCode::Corrupt, "not complete");
    return mth(std::span(all).subspan(n * width, width));
  };
}

ProofElements elements(const std::vector<Hash>& proof) {
  ProofElements all;
  for (const auto& hash : proof) all.emplace_back(hash.begin(), hash.end());
  return all;
}

TEST(Merkle, TheEmptyTreesRootIsThatOfNothing) {
  EXPECT_EQ(core::hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(tree_root({}), empty_root());
}

TEST(Merkle, ALeafIsNeverANode) {
  const auto left = leaf_hash("a");
  const auto right = leaf_hash("b");
  std::string both("\x01");
  both.append(left.begin(), left.end()).append(right.begin(), right.end());
  EXPECT_EQ(node_hash(left, right), sha256(both));
  EXPECT_NE(leaf_hash(both.substr(1)), node_hash(left, right));
}

TEST(Merkle, GrowingGivesTheRfcsRootAtEverySize) {
  const auto all = leaves(130);
  TreeFrontier tree;
  for (std::size_t size = 0; size <= all.size(); ++size) {
    EXPECT_EQ(tree.root(), mth(std::span(all).first(size))) << size;
    if (size < all.size()) tree.add(all[size], [](const auto&) {});
  }
}

TEST(Merkle, EachCompleteSubtreeIsToldOnceAndRight) {
  const auto all = leaves(64);
  TreeFrontier tree;
  std::set<std::pair<int, std::uint64_t>> told;
  for (const auto& leaf : all) {
    tree.add(leaf, [&](const TreeFrontier::Node& node) {
      EXPECT_TRUE(told.insert({node.level, node.n}).second);
      EXPECT_EQ(node.hash, *nodes_of(all)(node.level, node.n));
    });
  }
  EXPECT_EQ(told.size(), 63U);
}

TEST(Merkle, ATreeTakenUpAgainGrowsAsIfItHadNeverStopped) {
  const auto all = leaves(40);
  for (std::size_t size = 0; size < all.size(); ++size) {
    std::vector<Hash> subtrees;
    for (const auto& node : complete_subtrees(size)) {
      subtrees.push_back(*nodes_of(all)(node.level, node.n));
    }
    TreeFrontier tree(size, subtrees);
    EXPECT_EQ(tree.root(), mth(std::span(all).first(size)));
    tree.add(all[size], [](const auto&) {});
    EXPECT_EQ(tree.root(), mth(std::span(all).first(size + 1)));
  }
}

TEST(Merkle, EveryRecordIsProvenInEveryTreeThatHoldsItAndInNoOther) {
  const auto all = leaves(33);
  for (std::size_t size = 1; size <= all.size(); ++size) {
    const auto root = mth(std::span(all).first(size));
    for (std::size_t index = 0; index < size; ++index) {
      const auto proof = inclusion_proof(index, size, nodes_of(all));
      ASSERT_TRUE(proof.has_value());
      EXPECT_TRUE(verify_inclusion(index, size, all[index], elements(*proof), root));
      EXPECT_FALSE(verify_inclusion(index, size, all[(index + 1) % 33], elements(*proof), root));
      EXPECT_FALSE(verify_inclusion((index + 1) % size, size, all[index], elements(*proof), root) &&
                   size > 1);
      EXPECT_FALSE(verify_inclusion(index, size, all[index], elements(*proof), all[0]) && size > 1);
      auto longer = elements(*proof);
      longer.push_back(longer.empty() ? std::vector<std::uint8_t>(32) : longer.back());
      EXPECT_FALSE(verify_inclusion(index, size, all[index], longer, root));
      if (!proof->empty()) {
        auto shorter = elements(*proof);
        shorter.pop_back();
        EXPECT_FALSE(verify_inclusion(index, size, all[index], shorter, root));
      }
    }
  }
}

TEST(Merkle, EveryTreeIsConsistentWithEveryLaterOne) {
  const auto all = leaves(33);
  for (std::size_t two = 1; two <= all.size(); ++two) {
    for (std::size_t one = 1; one <= two; ++one) {
      const auto root1 = mth(std::span(all).first(one));
      const auto root2 = mth(std::span(all).first(two));
      const auto proof = consistency_proof(one, two, nodes_of(all));
      ASSERT_TRUE(proof.has_value());
      EXPECT_TRUE(verify_consistency(one, two, root1, root2, elements(*proof)))
          << one << "-" << two;
      if (one == two) continue;
      EXPECT_FALSE(verify_consistency(one, two, root2, root1, elements(*proof)));
      EXPECT_FALSE(verify_consistency(one, two, root1, root1, elements(*proof)));
      auto flipped = elements(*proof);
      flipped.back()[31] ^= 1U;
      EXPECT_FALSE(verify_consistency(one, two, root1, root2, flipped));
    }
  }
}

TEST(Merkle, AHashThatIsNot32BytesLongIsRefusedWhereverItStands) {
  const auto all = leaves(2);
  const auto root = mth(all);
  const std::vector<std::uint8_t> short_one(31);
  EXPECT_TRUE(verify_inclusion(0, 2, all[0], elements({all[1]}), root));
  EXPECT_FALSE(verify_inclusion(0, 2, all[0], {short_one}, root));
  EXPECT_FALSE(verify_inclusion(0, 2, all[0], {{}}, root));
  EXPECT_FALSE(verify_inclusion(0, 2, short_one, elements({all[1]}), root));
  EXPECT_FALSE(verify_inclusion(0, 2, all[0], elements({all[1]}), short_one));
  EXPECT_FALSE(verify_consistency(1, 1, short_one, short_one, {}));
}

TEST(Merkle, ImpossibleSizesAreRefusedAndDoNotOverflow) {
  const auto all = leaves(1);
  constexpr auto kMost = ~std::uint64_t{0};
  EXPECT_FALSE(verify_inclusion(0, 0, all[0], {}, all[0]));
  EXPECT_FALSE(verify_inclusion(1, 1, all[0], {}, all[0]));
  EXPECT_FALSE(verify_inclusion(kMost, kMost, all[0], {}, all[0]));
  EXPECT_FALSE(verify_inclusion(kMost - 1, kMost, all[0], elements({all[0]}), all[0]));
  EXPECT_FALSE(verify_consistency(0, 1, empty_root(), all[0], {}));
  EXPECT_FALSE(verify_consistency(2, 1, all[0], all[0], {}));
  EXPECT_FALSE(verify_consistency(kMost - 1, kMost, all[0], all[0], elements({all[0]})));
  EXPECT_FALSE(inclusion_proof(1, 1, nodes_of(all)).has_value());
  EXPECT_FALSE(consistency_proof(0, 1, nodes_of(all)).has_value());
  EXPECT_FALSE(consistency_proof(2, 1, nodes_of(all)).has_value());
}

TEST(Merkle, AProofThatCannotReadItsNodesIsNoProof) {
  const ReadNode broken = [](int, std::uint64_t) -> Result<Hash> {
    return fail(ErrorCode::Corrupt, "gone");
  };
  EXPECT_EQ(inclusion_proof(0, 5, broken).error().code, ErrorCode::Corrupt);
  EXPECT_EQ(consistency_proof(3, 5, broken).error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace reachproof::evidence
