#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "evidence/log.h"

/// Who belongs to the fleet. Pure: every change is a record of the evidence log first, and the
/// book is the fold of those records; after a restart it is read from there.
namespace reachproof::orchestrator {

enum class ProbeState : std::uint8_t {
  Pending,      ///< has joined, waits for approval; has no certificate
  Active,       ///< works
  Drained,      ///< keeps its identity and gets no new work
  Quarantined,  ///< two processes showed one key: neither is believed
  Banned,       ///< for good; its id is never used again
};
[[nodiscard]] std::string_view word(ProbeState state);
[[nodiscard]] std::optional<ProbeState> probe_state_of(std::string_view word);

struct EnrolledProbe {
  std::string id;    ///< fingerprint of its key
  std::string name;  ///< what an inventory calls it: the token's name, or its host's
  std::string segment;
  ProbeState state = ProbeState::Pending;
  std::string host;
  std::string software;
  std::string key_der;
  std::string address;  ///< from which it joined
  std::string token;    ///< id of the token that it used
  core::WallTime joined{};
  std::string decided_by;  ///< who last changed its state
  std::string why;
};

struct JoinTokenEntry {
  std::string id;
  std::string secret_sha256;
  std::string segment;
  std::string name;  ///< of the probe that may use it, may be empty
  std::string by;
  core::WallTime created{};
  core::WallTime expires{};
  int uses_left = 1;
  bool automatic = false;  ///< who uses it needs no approval
  bool revoked = false;
  std::vector<std::string> used_by;  ///< "<id> on <host> from <address> at <time>"
};

/// What somebody asked to join with.
struct JoinFacts {
  std::string key;  ///< fingerprint
  std::string key_der;
  std::string secret;  ///< "id.secret", empty where the key should be known
  std::string host;
  std::string software;
  std::string address;
};

class Registry {
 public:
  /// The outcome of a question that may change the book: what to keep first, then what holds.
  struct Decision {
    std::vector<evidence::Record> records;  ///< apply() them once they are on disk
    std::optional<Error> refused;
  };

  [[nodiscard]] Decision join(const JoinFacts& facts, core::WallTime now) const;
  [[nodiscard]] Decision set_state(const std::string& probe, ProbeState state,
                                   const std::string& by, const std::string& why,
                                   core::WallTime now) const;

  struct TokenOrder {
    std::string segment;
    std::string name;
    std::chrono::seconds life{900};
    int uses = 1;
    bool automatic = false;
    std::string by;
  };
  struct NewToken {
    std::string secret;  ///< "id.secret": shown once, kept as its hash
    evidence::Record record;
  };
  /// `random` is 40 bytes of the operating system's.
  [[nodiscard]] static NewToken new_token(const TokenOrder& order, std::string_view random,
                                          core::WallTime now);
  [[nodiscard]] Decision revoke_token(const std::string& id, const std::string& by,
                                      core::WallTime now) const;

  /// Takes up one record of kind "probe" or "probe-token"; others are ignored.
  [[nodiscard]] Result<void> apply(std::string_view kind, std::string_view body);

  [[nodiscard]] const std::map<std::string, EnrolledProbe>& probes() const { return probes_; }
  [[nodiscard]] const std::map<std::string, JoinTokenEntry>& tokens() const { return tokens_; }
  [[nodiscard]] const EnrolledProbe* probe(const std::string& id) const;
  /// The one that is not banned and has that name, or the beginning of its id (8 digits at least).
  [[nodiscard]] const EnrolledProbe* find(const std::string& name) const;

  static const std::vector<std::string>& kinds();

 private:
  [[nodiscard]] std::optional<Error> objection_to_token(const JoinFacts& facts,
                                                        core::WallTime now) const;

  std::map<std::string, EnrolledProbe> probes_;
  std::map<std::string, JoinTokenEntry> tokens_;
};

}  // namespace reachproof::orchestrator
