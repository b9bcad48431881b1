#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "lab/load.h"
#include "lab/model.h"

/// Real networks on one machine: the functions behind `reachproof lab up|status|exec|down`.
///
/// As root a lab's namespaces are the machine's ("LAB.HOST", `ip netns` shows them); without root
/// they stand in a user namespace of the lab's own. What follows works the same in both.
/// Load the file first: load_lab_file() in load.h.
namespace reachproof::lab {

/// How the lab calls the programs around it.
struct Programs {
  /// Becomes the lab's helper; the state directory is appended. It must call serve().
  std::vector<std::string> serve = {"/proc/self/exe", "lab-serve"};
  std::string reachproof = "reachproof";   ///< for the inventory without root
  std::string probe = "reachproof-probe";  ///< likewise
};

struct UpOptions {
  Programs programs;
  std::filesystem::path inventory;  ///< empty: inventory.yaml beside the state
};

struct UpReport {
  enum class How {
    Built,      ///< it was not up
    Rebuilt,    ///< the file had changed, or the lab was damaged
    AlreadyUp,  ///< the same file, and everything is alive: nothing was touched
  };
  How how = How::Built;
  std::filesystem::path inventory;  ///< was written
  std::size_t hosts = 0;
};

/// Brings the lab up, and writes its inventory. After a failure nothing of it is left; the error
/// names the line of the file that caused it, where one did.
Result<UpReport> up(const Lab& lab, const UpOptions& options);

/// Removes the lab, with every process inside. A lab that is not up is fine: false then.
Result<bool> down(const std::string& lab_name);

/// The name of the lab in a file, even where the rest of the file is wrong: for down().
Result<std::string> lab_name_in(const std::string& path);

struct ListenerStatus {
  std::string ports;  ///< "tcp/443"
  std::string kind;   ///< "http"
  bool alive = false;
  std::uint64_t served = 0;  ///< connections or datagrams so far
};

struct NodeStatus {
  std::string name;
  std::string netns;
  bool router = false;
  bool present = false;  ///< its namespace is there; false for a host that is `down`
  bool down = false;
  std::vector<std::string> addresses;
  std::vector<ListenerStatus> listeners;
  std::string rules;  ///< what nft listed after loading, empty for no firewall
};

struct Status {
  bool up = false;
  bool healthy = false;
  bool changed = false;  ///< the file is not what the lab was made from
  int helper_pid = 0;
  std::filesystem::path state;
  std::vector<NodeStatus> nodes;
};

Result<Status> status(const Lab& lab);

/// Moves the calling process into a host or router of a lab that is up, with its resolv.conf.
/// Needs a process with one thread: fork first where you need to come back.
Result<void> enter(const Lab& lab, const std::string& node);

/// enter(), then becomes the command. Returns only on failure.
[[nodiscard]] Error exec(const Lab& lab, const std::string& node,
                         const std::vector<std::string>& command);

/// The whole life of the helper, behind the hidden verb `lab-serve STATE`. Returns the exit code.
/// Needs a process with one thread, started by up().
int serve(const std::filesystem::path& state);

/// The inventory of a lab, as `up` writes it.
[[nodiscard]] std::string inventory_text(const Lab& lab, const Programs& programs, bool privileged);

}  // namespace reachproof::lab
