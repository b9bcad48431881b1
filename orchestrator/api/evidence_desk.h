#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "evidence/stored_run.h"
#include "orchestrator/api/http_message.h"

namespace reachproof::orchestrator::api {

/// What the desk's thread reads from: the log, and the runs that it has read already.
class EvidenceShelf {
 public:
  explicit EvidenceShelf(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] Result<const evidence::LogReader*> log();
  /// The oldest first.
  [[nodiscard]] Result<std::vector<evidence::RunSummary>> runs();
  /// By id or "latest". Runs that are over are kept, the least used go first.
  [[nodiscard]] Result<std::shared_ptr<const evidence::StoredRun>> run(const std::string& name);
  /// Segments of a run's checks; they do not change once it has begun.
  [[nodiscard]] Result<std::vector<std::string>> segments_of(const std::string& id);

 private:
  static constexpr std::size_t kRunsMax = 16;
  static constexpr std::size_t kChecksMax = 400'000;  ///< of all kept runs
  static constexpr std::size_t kSegmentsMax = 4096;   ///< runs whose segments are kept

  void keep(std::shared_ptr<const evidence::StoredRun> run);

  std::string path_;
  std::unique_ptr<evidence::LogReader> log_;
  std::list<std::shared_ptr<const evidence::StoredRun>> kept_;  ///< last used first
  std::map<std::string, std::vector<std::string>> segments_;
  std::uint64_t runs_as_of_ = 0;
  std::vector<evidence::RunSummary> runs_;
};

/// Answers from the evidence are made on one thread of their own, one after another: the loop
/// never waits for the disk. Bounded; who comes when too many wait is told to come again.
class EvidenceDesk {
 public:
  static constexpr std::size_t kWaitingMax = 64;

  struct Answer {
    Response response;
    bool denied = false;  ///< what was asked for is another tenant's
  };
  using Work = std::function<Answer(EvidenceShelf&)>;

  EvidenceDesk(boost::asio::io_context& loop, std::string path);
  /// Waits for the work that is being done; what still waited is dropped.
  ~EvidenceDesk();
  EvidenceDesk(const EvidenceDesk&) = delete;
  EvidenceDesk& operator=(const EvidenceDesk&) = delete;

  /// `done` is called on the loop's thread.
  void ask(Work work, std::function<void(Answer)> done);

 private:
  struct Room;
  std::shared_ptr<Room> room_;
};

}  // namespace reachproof::orchestrator::api
