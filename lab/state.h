#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "lab/descriptor.h"

/// What a lab leaves on disk while it is up, and where.
namespace reachproof::lab {

/// Where a lab of this user keeps its things. With CAP_SYS_ADMIN as root, namespaces are the
/// machine's; otherwise they are inside a user namespace that the lab's helper keeps alive.
struct Layout {
  bool privileged = false;
  std::filesystem::path state;  ///< the lab's own directory
  std::filesystem::path netns;  ///< where its namespaces are named
  std::filesystem::path etc;    ///< NAME/resolv.conf, as `ip netns exec` reads it

  [[nodiscard]] std::filesystem::path lab_copy() const { return state / "lab.yaml"; }
  [[nodiscard]] std::filesystem::path record() const { return state / "state"; }
  [[nodiscard]] std::filesystem::path life() const { return state / "helper"; }
  [[nodiscard]] std::filesystem::path ready() const { return state / "ready"; }
  [[nodiscard]] std::filesystem::path control() const { return state / "control"; }
  [[nodiscard]] std::filesystem::path log() const { return state / "log"; }
  [[nodiscard]] std::filesystem::path rules(const std::string& node) const {
    return state / "rules" / (node + ".nft");
  }
};

[[nodiscard]] Layout layout_of(const std::string& lab_name);
/// The layout of a state directory that is already known.
[[nodiscard]] Layout layout_at(const std::filesystem::path& state);

/// Written before the first namespace is made, so that whatever happens, `down` knows them all.
struct Record {
  std::string file;         ///< absolute path of the lab file
  std::string named;        ///< the same as the user named it, for messages
  std::string fingerprint;  ///< of everything that the lab was made from
  std::vector<std::string> namespaces;
};

Result<void> write_record(const Layout& layout, const Record& record);
/// None where there is no state.
[[nodiscard]] std::optional<Record> read_record(const Layout& layout);

Result<void> write_file(const std::filesystem::path& path, const std::string& text);
[[nodiscard]] std::string read_file_or_empty(const std::filesystem::path& path);

/// Held by whoever changes a lab, and by the helper until the lab is ready. Makes the state
/// directory; refuses one that belongs to somebody else.
Result<Descriptor> lock_state(const Layout& layout);

/// The process that serves the lab: it holds a lock on `life()` as long as it lives.
[[nodiscard]] std::optional<pid_t> helper_of(const Layout& layout);
/// Makes the calling process the helper. The descriptor must stay open.
Result<Descriptor> become_helper(const Layout& layout);

}  // namespace reachproof::lab
