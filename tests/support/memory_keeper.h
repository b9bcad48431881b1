#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "orchestrator/evidence_keeper.h"

namespace reachproof::test {

/// Keeps records in memory and says so at once; `full` is a disk that takes nothing, `slow` one
/// that is done with something only when go_on() is called.
class MemoryKeeper : public orchestrator::EvidenceKeeper {
 public:
  void append(std::vector<evidence::Record> added, Appended appended) override {
    if (slow) {
      waiting_.emplace_back(std::move(added), std::move(appended));
    } else {
      write(std::move(added), appended);
    }
  }
  void sign(Signed done) override { done(std::string()); }
  [[nodiscard]] std::uint64_t size() const override { return records.size(); }
  [[nodiscard]] std::size_t waiting() const override { return waiting_.size(); }
  void stop() override {}
  /// Does the oldest of what waits.
  void go_on() {
    auto [added, appended] = std::move(waiting_.front());
    waiting_.pop_front();
    write(std::move(added), appended);
  }

  std::vector<evidence::Record> records;
  bool full = false;
  bool slow = false;

 private:
  void write(std::vector<evidence::Record> added, const Appended& appended) {
    if (full) {
      if (appended) appended(fail(ErrorCode::Io, "the disk is full"));
      return;
    }
    const auto first = static_cast<evidence::LeafIndex>(records.size());
    records.insert(records.end(), added.begin(), added.end());
    if (appended) appended(first);
  }

  std::deque<std::pair<std::vector<evidence::Record>, Appended>> waiting_;
};

}  // namespace reachproof::test
