#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "protocol/fleet.h"

namespace reachproof::probe {

/// What an enrolled probe has found and its orchestrator has not yet confirmed, on disk.
///
/// A batch is a file `<session>.<sequence>`; a session that was begun is a file `<session>.open`,
/// so that a probe that was restarted does not begin it again. Nothing is given up for being old:
/// when the bound is reached the probe takes no new work, and what it has stays until confirmed.
///
/// What was confirmed is kept beside it for a while, in `kept/`: an orchestrator whose log was
/// restored from a backup has lost what it had confirmed. The oldest goes first, and all of it
/// where the disk has no room for something new.
class Spool {
 public:
  /// Reads what an earlier process left behind. Files that make no sense are set aside as `*.bad`.
  static Result<Spool> open(const std::string& folder, std::uint64_t bytes_max);

  /// On disk when this returns.
  [[nodiscard]] Result<void> begin(const std::string& session);
  [[nodiscard]] Result<void> put(const protocol::Batch& batch);
  /// Takes up again what was confirmed and is still kept: the newest sessions, their ids.
  [[nodiscard]] std::vector<std::string> take_up_kept();
  /// Everything of the session up to this sequence is confirmed.
  void confirm(const std::string& session, std::uint64_t sequence);
  /// The session is over and confirmed: nothing of it is needed.
  void forget(const std::string& session);

  /// The next batches to send, the oldest of each session first, within the bound of one exchange.
  [[nodiscard]] std::vector<protocol::Batch> next(std::size_t bytes_max) const;
  [[nodiscard]] bool has_room() const { return bytes_ < bytes_max_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t batches() const;
  /// Sessions that an earlier process had begun.
  [[nodiscard]] const std::vector<std::string>& left_behind() const { return left_behind_; }
  [[nodiscard]] bool holds(const std::string& session) const { return batches_.contains(session); }
  [[nodiscard]] std::uint64_t last_sequence(const std::string& session) const;

  static constexpr std::size_t kKeptSessionsMax = 48;  ///< taken up again at once

 private:
  struct Kept {
    std::string session;
    std::uint64_t sequence = 0;
    std::uint64_t bytes = 0;
  };
  Spool() = default;
  [[nodiscard]] Result<void> load_kept();
  void keep(const std::string& session, std::uint64_t sequence, std::uint64_t bytes);
  void drop_kept_until(std::uint64_t bytes_max);
  [[nodiscard]] std::string kept_path(const Kept& kept) const;
  [[nodiscard]] std::string path(const std::string& session, std::uint64_t sequence) const;
  [[nodiscard]] Result<void> load();

  std::string folder_;
  std::uint64_t bytes_max_ = 0;
  std::uint64_t bytes_ = 0;
  std::map<std::string, std::map<std::uint64_t, protocol::Batch>> batches_;
  std::map<std::string, std::uint64_t> last_;
  std::vector<std::string> left_behind_;
  std::deque<Kept> kept_;  ///< the oldest first
  std::uint64_t kept_bytes_ = 0;
};

/// Session ids become file names: letters, digits and `-` only, at most 128.
[[nodiscard]] bool is_session_id(std::string_view text);

}  // namespace reachproof::probe
