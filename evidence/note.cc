#include "evidence/note.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/base64.h"
#include "core/check.h"
#include "core/hex.h"
#include "core/utf8.h"
#include "evidence/pkcs11_key.h"

namespace reachproof::evidence {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // U+2014 and a space
constexpr std::size_t kNoteBytesMax = 1U << 20U;
constexpr std::size_t kSignaturesMax = 64;
constexpr std::uint8_t kEd25519 = 0x01;
/// DER of a SubjectPublicKeyInfo for Ed25519, up to the key itself (RFC 8410).
constexpr std::array<std::uint8_t, 12> kSpkiPrefix{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
constexpr std::string_view kKeyFileHead = "reachproof-ed25519-v1";
constexpr std::string_view kTokenFileHead = "reachproof-pkcs11-v1";

/// Every space of Unicode beyond ASCII (White_Space), in UTF-8.
constexpr std::array<std::string_view, 18> kSpaces{
    "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82",
    "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88",
    "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f"};
constexpr std::string_view kIdeographicSpace = "\xe3\x80\x80";

bool is_utf8(std::string_view text) {
  return core::valid_utf8_prefix(text) == text.size();
}

bool is_key_name(std::string_view name) {
  const auto holds = [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  };
  const bool plain = std::ranges::all_of(
      name, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != '+' && c != 0x7f; });
  return !name.empty() && plain && is_utf8(name) && std::ranges::none_of(kSpaces, holds) &&
         !holds(kIdeographicSpace);
}

std::array<std::uint8_t, 4> key_id(std::string_view name,
                                   const std::array<std::uint8_t, 32>& public_key) {
  std::string bytes(name);
  bytes += '\n';
  bytes += static_cast<char>(kEd25519);
  bytes.append(public_key.begin(), public_key.end());
  const auto hash = sha256(bytes);
  return {hash[0], hash[1], hash[2], hash[3]};
}

bool verifies(const VerifierKey& key, std::string_view message,
              std::span<const std::uint8_t> signature) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pkey(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, key.public_key.data(),
                                  key.public_key.size()),
      EVP_PKEY_free);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  if (!pkey || !context) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, pkey.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          reinterpret_cast<const unsigned char*>(message.data()),
                          message.size()) == 1;
}

tl::unexpected<Error> bad_note(std::string_view what) {
  return fail(ErrorCode::Corrupt, fmt::format("not a valid signed note: {}", what));
}

struct SignatureLine {
  std::string name;
  std::array<std::uint8_t, 4> id{};
  std::vector<std::uint8_t> signature;
};

Result<SignatureLine> signature_line(std::string_view line) {
  if (!line.starts_with(kDash)) return bad_note("a signature line does not begin with a dash");
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return bad_note("a signature line lacks its signature");
  const auto bytes = core::from_base64(line.substr(space + 1));
  if (!is_key_name(line.substr(0, space)) || !bytes || bytes->size() < 5) {
    return bad_note("a signature line is malformed");
  }
  SignatureLine parsed{.name = std::string(line.substr(0, space))};
  std::copy_n(bytes->begin(), 4, parsed.id.begin());
  parsed.signature.assign(bytes->begin() + 4, bytes->end());
  return parsed;
}

bool has_only_text(std::string_view note) {
  return is_utf8(note) && std::ranges::all_of(note, [](char c) {
           return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
         });
}

}  // namespace

VerifierKey VerifierKey::of(std::string name, const std::array<std::uint8_t, 32>& public_key) {
  VerifierKey key;
  key.id = key_id(name, public_key);
  key.name = std::move(name);
  key.public_key = public_key;
  return key;
}

Result<VerifierKey> VerifierKey::parse(std::string_view vkey) {
  while (vkey.ends_with('\n')) vkey.remove_suffix(1);
  const auto first = vkey.find('+');
  const auto second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos) {
    return fail(ErrorCode::Usage, "not a verifier key: expected <name>+<id>+<key>");
  }
  const auto name = vkey.substr(0, first);
  const auto id = core::from_hex(vkey.substr(first + 1, second - first - 1));
  const auto key = core::from_base64(vkey.substr(second + 1));
  if (!is_key_name(name) || !id || id->size() != 4 || !key || key->size() != 33 ||
      key->front() != kEd25519) {
    return fail(ErrorCode::Usage, "not an Ed25519 verifier key");
  }
  std::array<std::uint8_t, 32> raw;
  std::copy(key->begin() + 1, key->end(), raw.begin());
  auto parsed = of(std::string(name), raw);
  if (!std::ranges::equal(parsed.id, *id)) {
    return fail(ErrorCode::Usage, "the verifier key's id does not fit its name and key");
  }
  return parsed;
}

std::string VerifierKey::text() const {
  std::vector<std::uint8_t> typed{kEd25519};
  typed.insert(typed.end(), public_key.begin(), public_key.end());
  return fmt::format("{}+{}+{}", name, core::hex(id), core::base64(typed));
}

std::string VerifierKey::pem() const {
  std::vector<std::uint8_t> der(kSpkiPrefix.begin(), kSpkiPrefix.end());
  der.insert(der.end(), public_key.begin(), public_key.end());
  return fmt::format("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
                     core::base64(der));
}

Result<SignerKey> SignerKey::from_seed(std::string name, const std::array<std::uint8_t, 32>& seed) {
  if (!is_key_name(name)) {
    return fail(ErrorCode::Usage, fmt::format("`{}` cannot name a log: no spaces, no `+`", name));
  }
  SignerKey key;
  EVP_PKEY* pkey =
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size());
  if (pkey == nullptr) return fail(ErrorCode::Internal, "OpenSSL refused an Ed25519 key");
  key.key_ = std::shared_ptr<void>(pkey, [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); });
  key.seed_ = seed;
  std::array<std::uint8_t, 32> raw;
  std::size_t size = raw.size();
  CHECK(EVP_PKEY_get_raw_public_key(pkey, raw.data(), &size) == 1 && size == raw.size());
  key.verifier_ = VerifierKey::of(std::move(name), raw);
  return key;
}

Result<SignerKey> SignerKey::generate(std::string name) {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> fresh(
      EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free);
  std::array<std::uint8_t, 32> seed;
  std::size_t size = seed.size();
  if (!fresh || EVP_PKEY_get_raw_private_key(fresh.get(), seed.data(), &size) != 1) {
    return fail(ErrorCode::Internal, "OpenSSL could not make an Ed25519 key");
  }
  return from_seed(std::move(name), seed);
}

Result<SignerKey> SignerKey::in_token(std::string name, const std::string& uri) {
  if (!is_key_name(name)) {
    return fail(ErrorCode::Usage, fmt::format("`{}` cannot name a log: no spaces, no `+`", name));
  }
  auto token = Pkcs11Key::open(uri);
  if (!token) return tl::unexpected(token.error());
  const auto& der = (*token)->public_der();
  std::array<std::uint8_t, 32> raw;
  if (der.size() != kSpkiPrefix.size() + raw.size()) {
    return fail(ErrorCode::Config, "a log is signed with Ed25519, and that key is of another kind");
  }
  std::copy(der.begin() + kSpkiPrefix.size(), der.end(), raw.begin());
  SignerKey key;
  key.verifier_ = VerifierKey::of(std::move(name), raw);
  key.token_ = std::move(*token);
  return key;
}

Result<SignerKey> SignerKey::load(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::NotFound, fmt::format("cannot read the key file `{}`", path));
  std::string head;
  std::string name;
  std::string digits;
  std::getline(file, head);
  std::getline(file, name);
  std::getline(file, digits);
  if (head == kTokenFileHead) return in_token(name, digits);
  const auto bytes = core::from_hex(digits);
  std::array<std::uint8_t, 32> seed;
  if (head != kKeyFileHead || !bytes || bytes->size() != seed.size()) {
    return fail(ErrorCode::Config, fmt::format("`{}` is not a key file of this tool", path));
  }
  std::ranges::copy(*bytes, seed.begin());
  return from_seed(name, seed);
}

Result<void> SignerKey::save(const std::string& path) const {
  const auto text =
      token_ ? fmt::format("{}\n{}\n{}\n", kTokenFileHead, verifier_.name, token_->uri())
             : fmt::format("{}\n{}\n{}\n", kKeyFileHead, verifier_.name, core::hex(seed_));
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) {
    return fail(ErrorCode::Io, fmt::format("cannot create `{}`: {}", path, std::strerror(errno)));
  }
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(fd) == 0;
  ::close(fd);
  if (!written) return fail(ErrorCode::Io, fmt::format("cannot write `{}`", path));
  return {};
}

Result<std::string> SignerKey::sign(std::string_view message) const {
  if (token_) return token_->sign(message);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  std::array<std::uint8_t, 64> signature;
  std::size_t size = signature.size();
  auto* pkey = static_cast<EVP_PKEY*>(key_.get());
  CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, pkey) == 1);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &size,
                       reinterpret_cast<const unsigned char*>(message.data()),
                       message.size()) == 1);
  return std::string(signature.begin(), signature.end());
}

Result<std::string> signed_note(std::string_view text, const SignerKey& key) {
  CHECK(text.ends_with('\n'));
  const auto signature = key.sign(text);
  if (!signature) return tl::unexpected(signature.error());
  std::vector<std::uint8_t> bytes(key.verifier().id.begin(), key.verifier().id.end());
  bytes.insert(bytes.end(), signature->begin(), signature->end());
  return fmt::format("{}\n{}{} {}\n", text, kDash, key.verifier().name, core::base64(bytes));
}

Result<std::string> open_note(std::string_view note, const std::vector<VerifierKey>& known) {
  if (note.size() > kNoteBytesMax) return bad_note("too large");
  if (!has_only_text(note)) return bad_note("it holds something that is not text");
  const auto split = note.rfind("\n\n");
  if (split == std::string_view::npos || !note.ends_with('\n')) return bad_note("no signatures");
  const auto text = note.substr(0, split + 1);
  std::istringstream lines{std::string(note.substr(split + 2))};
  std::string line;
  bool verified = false;
  std::size_t count = 0;
  while (std::getline(lines, line)) {
    if (++count > kSignaturesMax) return bad_note("too many signatures");
    auto parsed = signature_line(line);
    if (!parsed) return tl::unexpected(parsed.error());
    for (const auto& key : known) {
      if (key.name != parsed->name || key.id != parsed->id) continue;
      if (!verifies(key, text, parsed->signature)) {
        return bad_note(fmt::format("the signature of {} does not verify", key.name));
      }
      verified = true;
    }
  }
  if (!verified) return bad_note("no known key has signed it");
  return std::string(text);
}

std::string Checkpoint::text() const {
  return fmt::format("{}\n{}\n{}\n", origin, size, core::base64(root));
}

Result<Checkpoint> Checkpoint::parse(std::string_view text) {
  const auto bad = [](std::string_view what) {
    return fail(ErrorCode::Corrupt, fmt::format("not a checkpoint: {}", what));
  };
  const auto first = text.find('\n');
  const auto second = first == std::string_view::npos ? first : text.find('\n', first + 1);
  if (second == std::string_view::npos) return bad("too few lines");
  const auto third = text.find('\n', second + 1);
  if (third == std::string_view::npos) return bad("too few lines");
  Checkpoint checkpoint{.origin = std::string(text.substr(0, first))};
  const auto digits = text.substr(first + 1, second - first - 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), checkpoint.size);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (checkpoint.origin.empty()) return bad("no origin");
  if (error != std::errc{} || end != digits.data() + digits.size() || leading_zero) {
    return bad("its size is not a decimal number");
  }
  const auto root = core::from_base64(text.substr(second + 1, third - second - 1));
  if (!root || root->size() != checkpoint.root.size()) return bad("its root is not 32 bytes");
  std::ranges::copy(*root, checkpoint.root.begin());
  return checkpoint;
}

std::string proof_file(std::uint64_t index, const std::vector<Hash>& proof,
                       std::string_view checkpoint_note) {
  std::string text = fmt::format("c2sp.org/tlog-proof@v1\nindex {}\n", index);
  for (const auto& hash : proof) text += core::base64(hash) + "\n";
  return text + "\n" + std::string(checkpoint_note);
}

}  // namespace reachproof::evidence
