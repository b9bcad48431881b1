#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/calendar.h"
#include "evidence/attestation_key.h"
#include "evidence/log.h"
#include "evidence/note.h"

/// Records of kind "key": which keys a log has had. docs/evidence-format.md. Pure.
namespace reachproof::evidence {

enum class KeyRole { Log, Attestation };

/// A key was made, or took another's place. The one before signs its successor.
struct KeyEvent {
  KeyRole role = KeyRole::Log;
  std::string key;        ///< a log's verifier key, or an attestation key in PEM
  std::string previous;   ///< key id of the one before; empty where this is the first
  std::string signature;  ///< by the one before, over statement()
  core::WallTime time{};
  LeafIndex record = 0;  ///< its place in the log

  /// SHA-256 of the SubjectPublicKeyInfo, in hex; empty where `key` is no such key.
  [[nodiscard]] std::string key_id() const;
  /// What the key before signs: lines of role, both key ids and time.
  [[nodiscard]] std::string statement() const;
};

[[nodiscard]] std::string key_id_of(const VerifierKey& key);

[[nodiscard]] Record record_of_key(const KeyEvent& event);
/// Corrupt where the body is not such a record, or its statement is not that of its fields.
[[nodiscard]] Result<KeyEvent> key_event(LeafIndex record, std::string_view body);
/// All of a log, the oldest first.
[[nodiscard]] Result<std::vector<KeyEvent>> key_events(const LogReader& log);

/// The newest of that role; nothing where there is none.
[[nodiscard]] std::optional<KeyEvent> newest_key(std::span<const KeyEvent> events, KeyRole role);

/// The keys that may have signed a log's checkpoints, beginning from one that is trusted.
///
/// From the trusted key forward: the old key signed the new one. Backward: a key before it counts
/// only where a checkpoint of a trusted key covers the record that names it. Each key counts only
/// for the sizes between its records, so a retired key that was stolen signs nothing new.
class LogKeys {
 public:
  /// `notes` are the checkpoints that the log holds, in any order.
  static LogKeys from(const VerifierKey& trusted, std::span<const KeyEvent> events,
                      std::span<const std::string> notes);

  /// The checkpoint of a note that the key of its size has signed.
  [[nodiscard]] Result<Checkpoint> open(std::string_view note) const;
  /// The key that signs a tree of that size; nothing where none is known.
  [[nodiscard]] std::optional<VerifierKey> key_for(std::uint64_t size) const;
  [[nodiscard]] std::size_t count() const { return spans_.size(); }
  [[nodiscard]] const std::string& name() const { return spans_.front().key.name; }
  [[nodiscard]] std::vector<VerifierKey> all() const;  ///< the oldest first

 private:
  struct Span {
    VerifierKey key;
    std::uint64_t size_min = 0;
    std::uint64_t size_max = 0;
  };
  void go_forward(const VerifierKey& trusted, std::span<const KeyEvent> events);
  void go_back(std::span<const KeyEvent> events, std::span<const std::string> notes);
  std::vector<Span> spans_;  ///< the oldest first
};

}  // namespace reachproof::evidence
