#include "evidence/key_store.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace reachproof::evidence {
namespace {

constexpr std::size_t kIdDigits = 8;

/// Where a new key waits until the log has the record that names it.
std::string waiting_path(const std::string& path) {
  return path + ".next";
}

Result<void> move_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return fail(ErrorCode::Io,
              fmt::format("cannot rename `{}` to `{}`: {}", from, to, std::strerror(errno)));
}

Result<void> write_vkey(const std::string& path, const VerifierKey& key) {
  const auto fresh = path + ".new";
  std::ofstream file(fresh, std::ios::trunc);
  file << key.text() << "\n";
  if (!file.flush()) return fail(ErrorCode::Io, fmt::format("cannot write `{}`", fresh));
  return move_file(fresh, path);
}

KeyEvent made(KeyRole role, std::string key, core::WallTime now) {
  return {.role = role,
          .key = std::move(key),
          .previous = {},
          .signature = {},
          .time = now,
          .record = 0};
}

/// Private keys of both kinds under one roof.
struct LogKeyFile {
  using Key = SignerKey;
  static constexpr auto kRole = KeyRole::Log;
  static std::string text(const Key& key) { return key.verifier().text(); }
  static Result<std::string> sign(const Key& key, std::string_view message) {
    return key.sign(message);
  }
};
struct AttestationKeyFile {
  using Key = AttestationKey;
  static constexpr auto kRole = KeyRole::Attestation;
  static std::string text(const Key& key) { return key.verifier().pem(); }
  static Result<std::string> sign(const Key& key, std::string_view message) {
    return key.sign(message);
  }
};

/// Gives a waiting key its place where the log names it already, else forgets it.
template <class File>
Result<void> settle_waiting(const std::string& path, const std::vector<KeyEvent>& events) {
  const auto waiting = File::Key::load(waiting_path(path));
  if (!waiting) {
    if (waiting.error().code == ErrorCode::NotFound) return {};
    return tl::unexpected(waiting.error());
  }
  const auto newest = newest_key(events, File::kRole);
  if (!newest || newest->key != File::text(*waiting)) {
    ::unlink(waiting_path(path).c_str());
    return {};
  }
  if (std::filesystem::exists(path)) {
    const auto old = newest->previous.empty() ? "lost" : newest->previous.substr(0, kIdDigits);
    if (auto kept = move_file(path, path + ".retired-" + old); !kept) return kept;
  }
  return move_file(waiting_path(path), path);
}

Result<void> append_events(Log& log, std::vector<KeyEvent> events, core::WallTime now) {
  std::vector<Record> records;
  for (const auto& event : events) records.push_back(record_of_key(event));
  auto appended = log.append(records, now);
  if (!appended) return tl::unexpected(appended.error());
  return {};
}

/// Records the new key behind the old one, and the old one first where no record names it yet.
template <class File>
Result<KeyEvent> hand_over(Log& log, const std::vector<KeyEvent>& events,
                           const typename File::Key* old, const typename File::Key& fresh,
                           core::WallTime now) {
  std::vector<KeyEvent> all;
  auto event = made(File::kRole, File::text(fresh), now);
  if (old != nullptr) {
    const auto before = made(File::kRole, File::text(*old), now);
    const auto newest = newest_key(events, File::kRole);
    if (!newest || newest->key != before.key) all.push_back(before);
    event.previous = before.key_id();
    auto signature = File::sign(*old, event.statement());
    if (!signature) return tl::unexpected(signature.error());
    event.signature = std::move(*signature);
  }
  all.push_back(event);
  event.record = log.size() + all.size() - 1;
  if (auto kept = append_events(log, std::move(all), now); !kept) {
    return tl::unexpected(kept.error());
  }
  return event;
}

Result<std::vector<KeyEvent>> events_of(const std::string& path) {
  const auto reader = LogReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  return key_events(*reader);
}

Result<Log> open_log(const KeyUse& use) {
  if (!std::filesystem::exists(use.log_path)) {
    return fail(ErrorCode::NotFound, fmt::format("there is no evidence file `{}`", use.log_path));
  }
  return Log::open(use.log_path, use.holder);
}

Result<void> sign_log(Log& log, const KeyUse& use) {
  const auto key = SignerKey::load(use.files.log);
  if (!key) return tl::unexpected(key.error());
  auto note = log.sign(*key, use.now);
  if (!note) return tl::unexpected(note.error());
  return {};
}

/// The key file, or a new one; a log that names a key whose file is gone is not given another.
Result<AttestationKey> loaded_or_made(const KeyUse& use, KeyAlgorithm algorithm,
                                      const std::optional<KeyEvent>& newest) {
  auto key = AttestationKey::load(use.files.attestation);
  if (key || key.error().code != ErrorCode::NotFound) return key;
  if (newest) {
    return fail(ErrorCode::Config,
                fmt::format("the attestation key `{}` is missing, but record {} names one: restore "
                            "it, or make another with `reachproof evidence key rotate --role "
                            "attestation --lost`",
                            use.files.attestation, newest->record));
  }
  key = AttestationKey::generate(algorithm);
  if (!key) return key;
  if (auto saved = key->save(use.files.attestation); !saved) return tl::unexpected(saved.error());
  return key;
}

bool is_covered(const LogReader& reader, std::uint64_t size) {
  const auto note = reader.last_checkpoint();
  const auto checkpoint = note ? Checkpoint::parse(*note) : fail(ErrorCode::NotFound, "");
  return checkpoint && checkpoint->size >= size;
}

}  // namespace

KeyFiles KeyFiles::beside(const std::string& log_path) {
  return {log_path + ".key", log_path + ".vkey", log_path + ".attest.key"};
}

Result<AttestationKey> ready_attestation_key(const KeyUse& use, KeyAlgorithm algorithm,
                                             std::uint64_t size_min) {
  const auto reader = LogReader::open(use.log_path);
  if (!reader) return tl::unexpected(reader.error());
  const auto events = key_events(*reader);
  if (!events) return tl::unexpected(events.error());
  if (auto done = settle_waiting<AttestationKeyFile>(use.files.attestation, *events); !done) {
    return tl::unexpected(done.error());
  }
  const auto newest = newest_key(*events, KeyRole::Attestation);
  auto key = loaded_or_made(use, algorithm, newest);
  if (!key) return key;
  const bool named = newest && newest->key == key->verifier().pem();
  if (named && is_covered(*reader, std::max(size_min, newest->record + 1))) return key;
  auto log = open_log(use);
  if (!log) return fail(std::move(log), "the log must name the attestation key, and be signed");
  if (!named) {
    auto event = hand_over<AttestationKeyFile>(*log, *events, nullptr, *key, use.now);
    if (!event) return tl::unexpected(event.error());
  }
  if (auto done = sign_log(*log, use); !done) return tl::unexpected(done.error());
  return key;
}

Result<KeyEvent> rotate_log_key(const KeyUse& use, const std::string& token) {
  auto log = open_log(use);
  if (!log) return tl::unexpected(log.error());
  const auto events = events_of(use.log_path);
  if (!events) return tl::unexpected(events.error());
  if (auto done = settle_waiting<LogKeyFile>(use.files.log, *events); !done) {
    return tl::unexpected(done.error());
  }
  const auto old = SignerKey::load(use.files.log);
  if (!old) return tl::unexpected(old.error());
  const auto fresh = token.empty() ? SignerKey::generate(old->verifier().name)
                                   : SignerKey::in_token(old->verifier().name, token);
  if (!fresh) return tl::unexpected(fresh.error());
  if (auto saved = fresh->save(waiting_path(use.files.log)); !saved) {
    return tl::unexpected(saved.error());
  }
  auto event = hand_over<LogKeyFile>(*log, *events, &*old, *fresh, use.now);
  if (!event) return event;
  const auto after = events_of(use.log_path);
  if (!after) return tl::unexpected(after.error());
  if (auto done = settle_waiting<LogKeyFile>(use.files.log, *after); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = write_vkey(use.files.log_vkey, fresh->verifier()); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = sign_log(*log, use); !done) return tl::unexpected(done.error());
  return event;
}

Result<KeyEvent> rotate_attestation_key(const KeyUse& use, KeyAlgorithm algorithm,
                                        const std::string& token, bool lost) {
  auto log = open_log(use);
  if (!log) return tl::unexpected(log.error());
  const auto events = events_of(use.log_path);
  if (!events) return tl::unexpected(events.error());
  const auto& path = use.files.attestation;
  if (auto done = settle_waiting<AttestationKeyFile>(path, *events); !done) {
    return tl::unexpected(done.error());
  }
  const auto old = AttestationKey::load(path);
  if (!old && !lost) return tl::unexpected(old.error());
  const auto fresh =
      token.empty() ? AttestationKey::generate(algorithm) : AttestationKey::in_token(token);
  if (!fresh) return tl::unexpected(fresh.error());
  if (auto saved = fresh->save(waiting_path(path)); !saved) return tl::unexpected(saved.error());
  const auto* const signer = lost ? nullptr : &*old;
  auto event = hand_over<AttestationKeyFile>(*log, *events, signer, *fresh, use.now);
  if (!event) return event;
  const auto after = events_of(use.log_path);
  if (!after) return tl::unexpected(after.error());
  if (auto done = settle_waiting<AttestationKeyFile>(path, *after); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = sign_log(*log, use); !done) return tl::unexpected(done.error());
  return event;
}

}  // namespace reachproof::evidence
