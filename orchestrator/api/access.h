#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "evidence/log.h"
#include "orchestrator/api/roles.h"

/// The API's tokens. Pure: the book is the fold of the evidence's "access" records; time and
/// random bytes come in from outside, and a change is a record first.
namespace reachproof::orchestrator::api {

/// What part of the fleet somebody sees and may change. Without segments: all of it.
class Reach {
 public:
  Reach() = default;
  explicit Reach(std::vector<std::string> segments) : segments_(std::move(segments)) {}

  [[nodiscard]] bool everything() const { return segments_.empty(); }
  /// An object that has to do with any of our segments is seen. One without segments is the whole
  /// fleet's, and seen by those alone who see everything.
  [[nodiscard]] bool sees(const std::vector<std::string>& of_object) const;
  /// Only what lies in our segments altogether may be changed.
  [[nodiscard]] bool owns(const std::vector<std::string>& of_object) const;
  [[nodiscard]] const std::vector<std::string>& segments() const { return segments_; }

 private:
  std::vector<std::string> segments_;
};

/// Who asks, once their token was believed.
struct Caller {
  std::string token;  ///< its id; empty where nobody was asked for one
  std::string name;
  std::vector<Role> roles;
  Reach reach;
};

struct ApiToken {
  std::string id;
  std::string name;
  std::vector<Role> roles;
  std::vector<std::string> segments;  ///< empty: all
  std::string created_by;             ///< id of a token, or "setup"
  core::WallTime created{};
  core::WallTime expires{};
  bool revoked = false;
  std::string revoked_by;
  evidence::Hash secret_sha256{};

  [[nodiscard]] bool lives(core::WallTime now) const { return !revoked && now < expires; }
};

/// When and whence a token was used last; kept in memory, since each use would be a record.
struct LastUse {
  core::WallTime when{};
  std::string from;
};

using Secret = std::array<std::uint8_t, 32>;

struct TokenOrder {
  std::string name;
  std::vector<Role> roles;
  std::vector<std::string> segments;
  std::chrono::seconds life{0};
  std::string created_by;
};

/// A new token: its text is shown once and kept nowhere.
struct NewApiToken {
  ApiToken token;
  std::string text;  ///< "rpt_<id>_<secret>"
  evidence::Record record;
};

class AccessBook {
 public:
  static constexpr std::size_t kLiveTokensMax = 10'000;
  static constexpr std::chrono::seconds kSetupLife{3600};

  /// Takes up one "access" record, in the order of the log.
  [[nodiscard]] Result<void> apply(std::string_view body);

  /// Who holds this token, at this moment; nothing for anything else, and no word about why. One
  /// look into a map, one hash, one comparison whose time does not depend on the secret.
  [[nodiscard]] std::optional<Caller> authenticate(std::string_view text, core::WallTime now) const;
  void note_use(const std::string& id, core::WallTime now, const std::string& from);

  /// A token to be kept: apply() its record once it is on disk. Busy where that id is taken.
  [[nodiscard]] Result<NewApiToken> make(const TokenOrder& order, const Secret& random,
                                         core::WallTime now) const;
  /// The record of a revocation. Refused for the last administrator of the whole fleet.
  [[nodiscard]] Result<evidence::Record> revocation(const std::string& id, const std::string& by,
                                                    core::WallTime now) const;

  /// True where some token may administer the whole fleet.
  [[nodiscard]] bool has_admin(core::WallTime now) const;

  /// Opens the door for the first administrator: returns the one-time token "rps_<secret>", which
  /// is kept in memory alone and good for an hour.
  [[nodiscard]] std::string offer_setup(const Secret& random, core::WallTime now);
  /// Uses the offer up; false where that is not it.
  [[nodiscard]] bool take_setup(std::string_view text, core::WallTime now);
  /// The administrator could not be kept: the offer stands again.
  void return_setup();
  [[nodiscard]] bool setup_open(core::WallTime now) const;

  [[nodiscard]] const std::map<std::string, ApiToken>& tokens() const { return tokens_; }
  [[nodiscard]] const LastUse* last_use(const std::string& id) const;

 private:
  struct SetupOffer {
    evidence::Hash secret_sha256{};
    core::WallTime expires{};
    bool taken = false;
  };
  std::map<std::string, ApiToken> tokens_;
  std::map<std::string, LastUse> uses_;
  std::optional<SetupOffer> setup_;
};

/// The book of a log.
[[nodiscard]] Result<AccessBook> load_access_book(const evidence::LogReader& log);

/// "access" records, docs/evidence-format.md.
inline constexpr std::string_view kAccessKind = "access";
[[nodiscard]] evidence::Record record_of_token(const ApiToken& token);
[[nodiscard]] evidence::Record record_of_revocation(const std::string& id, const std::string& by,
                                                    core::WallTime now);

}  // namespace reachproof::orchestrator::api
