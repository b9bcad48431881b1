#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "evidence/merkle.h"

/// The text formats of proofs (https://c2sp.org/tlog-proof; lists of hashes, one in base64 a line,
/// for consistency). Pure; proof_file() in note.h writes the first.
namespace reachproof::evidence {

struct TlogProof {
  std::uint64_t index = 0;
  std::vector<Hash> hashes;  ///< leaf side first
  std::string checkpoint;    ///< the signed note, verbatim
  static Result<TlogProof> parse(std::string_view text);
};

[[nodiscard]] std::string hash_lines(const std::vector<Hash>& hashes);
/// Refuses blank lines, and whatever is not 32 bytes: an empty element cannot be skipped.
[[nodiscard]] Result<std::vector<Hash>> hashes_in(std::string_view lines);

/// The same as verify_inclusion() and verify_consistency() take them.
[[nodiscard]] ProofElements elements(const std::vector<Hash>& hashes);

}  // namespace reachproof::evidence
