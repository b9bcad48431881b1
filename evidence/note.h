#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "evidence/merkle.h"

/// C2SP signed notes and the checkpoints written on them, signed with Ed25519
/// (https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint, both 1.0.0).
namespace reachproof::evidence {

/// Who may have signed: a name, and the public key as a verifier knows it.
struct VerifierKey {
  std::string name;
  std::array<std::uint8_t, 4> id{};
  std::array<std::uint8_t, 32> public_key{};

  /// "<name>+<id, 8 hex digits>+<base64(0x01 || public key)>"
  static Result<VerifierKey> parse(std::string_view vkey);
  static VerifierKey of(std::string name, const std::array<std::uint8_t, 32>& public_key);
  [[nodiscard]] std::string text() const;
  /// The public key as a PEM file, for openssl.
  [[nodiscard]] std::string pem() const;
};

class Pkcs11Key;

/// The private half. Ed25519; kept in a file of mode 0600, or in a token that the file names.
class SignerKey {
 public:
  /// Makes a new key for that name.
  static Result<SignerKey> generate(std::string name);
  /// One that stays in a token, by its PKCS #11 URI (pkcs11_key.h).
  static Result<SignerKey> in_token(std::string name, const std::string& uri);
  /// Reads what save() wrote.
  static Result<SignerKey> load(const std::string& path);
  static Result<SignerKey> from_seed(std::string name, const std::array<std::uint8_t, 32>& seed);
  /// Refuses to overwrite a file.
  [[nodiscard]] Result<void> save(const std::string& path) const;

  [[nodiscard]] const VerifierKey& verifier() const { return verifier_; }
  /// Fails only where a token does.
  [[nodiscard]] Result<std::string> sign(std::string_view message) const;

 private:
  SignerKey() = default;
  std::shared_ptr<void> key_;  ///< an EVP_PKEY; OpenSSL stays in note.cc
  std::array<std::uint8_t, 32> seed_{};
  std::shared_ptr<const Pkcs11Key> token_;  ///< in place of both
  VerifierKey verifier_;
};

/// Text that ends in a newline, with a signature line behind an empty line.
[[nodiscard]] Result<std::string> signed_note(std::string_view text, const SignerKey& key);

/// The text of a note that one of the known keys has signed. Signatures of unknown keys are
/// ignored; one of a known key that does not verify refuses the note.
[[nodiscard]] Result<std::string> open_note(std::string_view note,
                                            const std::vector<VerifierKey>& known);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};

  [[nodiscard]] std::string text() const;
  static Result<Checkpoint> parse(std::string_view text);
};

/// A C2SP tlog-proof file: an inclusion proof with its checkpoint, for one record.
[[nodiscard]] std::string proof_file(std::uint64_t index, const std::vector<Hash>& proof,
                                     std::string_view checkpoint_note);

}  // namespace reachproof::evidence
