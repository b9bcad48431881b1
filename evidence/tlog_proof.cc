#include "evidence/tlog_proof.h"

#include <algorithm>
#include <charconv>

#include "core/base64.h"

namespace reachproof::evidence {
namespace {

constexpr std::string_view kHead = "c2sp.org/tlog-proof@v1\n";
/// A path of RFC 6962 in a tree of 2^64 leaves has 64 hashes; a consistency proof one more.
constexpr std::size_t kHashesMax = 65;

tl::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::Corrupt, "not a proof file: " + std::string(what));
}

/// Takes a line, without its newline, from the front of the text.
std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

std::optional<std::uint64_t> number_in(std::string_view digits) {
  std::uint64_t value = 0;
  const auto* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (error != std::errc{} || stopped != end || leading_zero) return std::nullopt;
  return value;
}

}  // namespace

Result<TlogProof> TlogProof::parse(std::string_view text) {
  if (!text.starts_with(kHead)) return bad("it does not begin with c2sp.org/tlog-proof@v1");
  text.remove_prefix(kHead.size());
  auto line = take_line(text);
  // Nothing protects the extra line, and nothing of it is used.
  if (line && line->starts_with("extra ")) line = take_line(text);
  if (!line || !line->starts_with("index ")) return bad("it has no index");
  const auto index = number_in(line->substr(6));
  if (!index) return bad("its index is not a number");
  TlogProof proof{.index = *index, .hashes = {}, .checkpoint = {}};
  const auto end = text.starts_with('\n') ? 0 : text.find("\n\n");
  if (end == std::string_view::npos) return bad("it has no checkpoint");
  const auto lines = end == 0 ? std::string_view() : text.substr(0, end + 1);
  auto hashes = hashes_in(lines);
  if (!hashes) return tl::unexpected(hashes.error());
  proof.hashes = std::move(*hashes);
  proof.checkpoint = std::string(text.substr(lines.size() + 1));
  return proof;
}

std::string hash_lines(const std::vector<Hash>& hashes) {
  std::string lines;
  for (const auto& hash : hashes) lines += core::base64(hash) + "\n";
  return lines;
}

Result<std::vector<Hash>> hashes_in(std::string_view lines) {
  std::vector<Hash> hashes;
  while (!lines.empty()) {
    const auto line = take_line(lines);
    const auto bytes = line ? core::from_base64(*line) : std::nullopt;
    if (!bytes || bytes->size() != 32) return bad("a line is not the base64 of 32 bytes");
    if (hashes.size() == kHashesMax) return bad("it is longer than any proof");
    std::copy(bytes->begin(), bytes->end(), hashes.emplace_back().begin());
  }
  return hashes;
}

ProofElements elements(const std::vector<Hash>& hashes) {
  ProofElements all;
  for (const auto& hash : hashes) all.emplace_back(hash.begin(), hash.end());
  return all;
}

}  // namespace reachproof::evidence
