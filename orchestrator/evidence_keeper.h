#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "evidence/log.h"

namespace reachproof::orchestrator {

/// Owns the evidence log of a service on a thread of its own: the loop never waits for the disk.
///
/// What is asked for while the disk is busy is written in one transaction (group commit). Each
/// completion is called on the loop's executor, after its records are on disk; completions come in
/// the order of the calls. After a failure to write, everything fails until the log could be
/// opened again: a record that cannot be kept must stop whoever wanted to act on it.
class EvidenceKeeper {
 public:
  using Appended = std::function<void(Result<evidence::LeafIndex> first)>;
  using Signed = std::function<void(Result<std::string> note)>;

  /// Opens the log for writing and starts the thread. `key` signs its checkpoints.
  static Result<std::unique_ptr<EvidenceKeeper>> open(const std::string& path,
                                                      const std::string& holder,
                                                      evidence::SignerKey key,
                                                      boost::asio::any_io_executor executor);
  virtual ~EvidenceKeeper() = default;

  /// Keeps records, all or none. An empty list completes in its turn: a barrier.
  virtual void append(std::vector<evidence::Record> records, Appended appended) = 0;
  /// Signs the tree as it stands when everything asked for before has been written.
  virtual void sign(Signed done) = 0;
  /// Records in the log, as of the newest completion.
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Records waiting for the disk.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  /// Writes what was asked for, and ends the thread. Completions of it are still posted.
  virtual void stop() = 0;
};

}  // namespace reachproof::orchestrator
