#include "evidence/key_history.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "core/base64.h"
#include "evidence/json_text.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr auto kNoEnd = std::numeric_limits<std::uint64_t>::max();

std::string_view word(KeyRole role) {
  switch (role) {
    case KeyRole::Log:
      return "log";
    case KeyRole::Attestation:
      return "attestation";
  }
  return "";
}

std::optional<KeyRole> role_of(std::string_view text) {
  for (const auto role : {KeyRole::Log, KeyRole::Attestation}) {
    if (word(role) == text) return role;
  }
  return std::nullopt;
}

/// The public key of either role, as OpenSSL verifies with it.
Result<AttestationVerifier> public_key_in(const KeyEvent& event) {
  if (event.role == KeyRole::Attestation) return AttestationVerifier::from_pem(event.key);
  const auto key = VerifierKey::parse(event.key);
  if (!key) return tl::unexpected(key.error());
  return AttestationVerifier::from_pem(key->pem());
}

/// The event is a handing over from that key, which signed it.
bool follows(const KeyEvent& event, const VerifierKey& before) {
  if (event.role != KeyRole::Log || event.previous != key_id_of(before)) return false;
  const auto verifier = AttestationVerifier::from_pem(before.pem());
  return verifier && verifier->verifies(event.statement(), event.signature);
}

}  // namespace

std::string key_id_of(const VerifierKey& key) {
  const auto verifier = AttestationVerifier::from_pem(key.pem());
  return verifier ? verifier->key_id() : "";
}

std::string KeyEvent::key_id() const {
  const auto verifier = public_key_in(*this);
  return verifier ? verifier->key_id() : "";
}

std::string KeyEvent::statement() const {
  return fmt::format("reachproof key v1\nrole {}\nfrom {}\nto {}\ntime {}\n", word(role), previous,
                     key_id(), core::text(time));
}

Record record_of_key(const KeyEvent& event) {
  JsonText out;
  out.begin_object().field("event", event.previous.empty() ? "made" : "rotated");
  out.field("key", event.key).field("keyid", event.key_id()).field("kind", "key");
  if (!event.previous.empty()) out.field("previous", event.previous);
  out.field("role", word(event.role));
  if (!event.previous.empty()) {
    out.field("sig", core::base64(core::bytes_of(event.signature)));
    out.field("statement", event.statement());
  }
  out.field("time", core::text(event.time)).end_object();
  return {"key", out.take()};
}

Result<KeyEvent> key_event(LeafIndex record, std::string_view body) {
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::Corrupt, fmt::format("record {} (key): {}", record, what));
  };
  json::error_code error;
  const auto value = json::parse(body, error);
  if (error || !value.is_object()) return bad("not a JSON object");
  const auto text = [&](std::string_view name) -> std::string {
    const auto* field = value.get_object().if_contains(name);
    return field != nullptr && field->is_string() ? std::string(field->get_string()) : "";
  };
  const auto role = role_of(text("role"));
  const auto time = core::parse_wall_time(text("time"));
  const auto signature = core::from_base64(text("sig"));
  if (!role || !time || !signature) return bad("its role, time or signature cannot be read");
  KeyEvent event{.role = *role,
                 .key = text("key"),
                 .previous = text("previous"),
                 .signature = std::string(signature->begin(), signature->end()),
                 .time = *time,
                 .record = record};
  if (event.key_id().empty() || event.key_id() != text("keyid")) {
    return bad("its key id is not that of its key");
  }
  if (!event.previous.empty() && event.statement() != text("statement")) {
    return bad("its statement is not that of its fields");
  }
  return event;
}

Result<std::vector<KeyEvent>> key_events(const LogReader& log) {
  std::vector<KeyEvent> events;
  Result<void> sound;
  auto scanned = log.scan(0, kNoEnd, {"key"}, [&](const StoredRecord& record) {
    auto event = key_event(record.index, record.body);
    if (!event) {
      sound = tl::unexpected(event.error());
      return false;
    }
    events.push_back(std::move(*event));
    return true;
  });
  if (!scanned) return tl::unexpected(scanned.error());
  if (!sound) return tl::unexpected(sound.error());
  return events;
}

std::optional<KeyEvent> newest_key(std::span<const KeyEvent> events, KeyRole role) {
  std::optional<KeyEvent> newest;
  for (const auto& event : events) {
    if (event.role == role) newest = event;
  }
  return newest;
}

LogKeys LogKeys::from(const VerifierKey& trusted, std::span<const KeyEvent> events,
                      std::span<const std::string> notes) {
  LogKeys keys;
  keys.go_forward(trusted, events);
  keys.go_back(events, notes);
  return keys;
}

void LogKeys::go_forward(const VerifierKey& trusted, std::span<const KeyEvent> events) {
  spans_.push_back({trusted, 0, kNoEnd});
  for (const auto& event : events) {
    auto& newest = spans_.back();
    if (event.record < newest.size_min || !follows(event, newest.key)) continue;
    const auto next = VerifierKey::parse(event.key);
    if (!next || next->name != newest.key.name) continue;
    newest.size_max = event.record;
    spans_.push_back({*next, event.record + 1, kNoEnd});
  }
}

void LogKeys::go_back(std::span<const KeyEvent> events, std::span<const std::string> notes) {
  const auto signed_beyond = [&](LeafIndex record) {
    return std::ranges::any_of(notes, [&](const std::string& note) {
      const auto checkpoint = open(note);
      return checkpoint && checkpoint->size > record;
    });
  };
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    auto& oldest = spans_.front();
    if (event->role != KeyRole::Log || event->previous.empty()) continue;
    const auto named = VerifierKey::parse(event->key);
    if (!named || named->text() != oldest.key.text()) continue;
    // The key before stands in a record of its own, earlier.
    const auto before = std::find_if(event + 1, events.rend(), [&](const KeyEvent& earlier) {
      return earlier.role == KeyRole::Log && earlier.key_id() == event->previous;
    });
    if (before == events.rend()) continue;
    const auto key = VerifierKey::parse(before->key);
    if (!key || key->name != oldest.key.name || !follows(*event, *key)) continue;
    if (!signed_beyond(event->record)) continue;
    oldest.size_min = event->record + 1;
    spans_.insert(spans_.begin(), {*key, 0, event->record});
  }
}

Result<Checkpoint> LogKeys::open(std::string_view note) const {
  const auto text = open_note(note, all());
  if (!text) return tl::unexpected(text.error());
  auto checkpoint = Checkpoint::parse(*text);
  if (!checkpoint) return checkpoint;
  const auto key = key_for(checkpoint->size);
  if (key && open_note(note, {*key})) return checkpoint;
  return fail(ErrorCode::Corrupt,
              fmt::format("not signed by the key that the log had at {} records, but by one of "
                          "before or after",
                          checkpoint->size));
}

std::vector<VerifierKey> LogKeys::all() const {
  std::vector<VerifierKey> keys;
  for (const auto& span : spans_) keys.push_back(span.key);
  return keys;
}

std::optional<VerifierKey> LogKeys::key_for(std::uint64_t size) const {
  for (const auto& span : spans_) {
    if (size >= span.size_min && size <= span.size_max) return span.key;
  }
  return std::nullopt;
}

}  // namespace reachproof::evidence
