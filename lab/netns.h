#pragma once

#include <filesystem>
#include <string>

#include "core/error.h"
#include "lab/descriptor.h"

/// Network namespaces, named as `ip netns` names them.
namespace reachproof::lab {

/// Returns the calling thread to the network namespace it was in when this was made.
class NetnsVisit {
 public:
  static Result<NetnsVisit> begin();
  NetnsVisit(NetnsVisit&&) = default;
  NetnsVisit& operator=(NetnsVisit&&) = delete;
  ~NetnsVisit();

  /// Moves the calling thread.
  Result<void> go(int netns);
  /// Does not return: where the thread is now is where it stays.
  void stay() { home_.reset(); }

 private:
  explicit NetnsVisit(Descriptor home) : home_(std::move(home)) {}
  Descriptor home_;
};

/// Makes the directory where namespaces are named, shared with other mount namespaces where this
/// process may do so, so that `ip netns` sees them everywhere.
Result<void> prepare_netns_directory(const std::filesystem::path& directory);

/// Makes a namespace and leaves the calling thread in it. Refuses a name that is taken.
Result<Descriptor> create_netns(const std::filesystem::path& directory, const std::string& name);

Result<Descriptor> open_netns(const std::filesystem::path& directory, const std::string& name);

/// Whether the name stands for a namespace that is there.
[[nodiscard]] bool netns_exists(const std::filesystem::path& directory, const std::string& name);

/// Takes the name away, and the namespace with it when nobody is inside. Unknown names are fine.
void remove_netns(const std::filesystem::path& directory, const std::string& name);

/// Writes the lab's settings into the calling thread's namespace: no ICMP rate limits, no duplicate
/// address detection, no reverse path filter; forwarding for routers.
Result<void> write_sysctls(bool router);

/// For the namespace of the bridges: it forwards frames and must not speak itself.
Result<void> silence_switch();

}  // namespace reachproof::lab
