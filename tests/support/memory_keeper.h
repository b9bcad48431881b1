#pragma once

#include <string>
#include <vector>

#include "orchestrator/evidence_keeper.h"

namespace reachproof::test {

/// Keeps records in memory and says so at once; `full` is a disk that takes nothing.
class MemoryKeeper : public orchestrator::EvidenceKeeper {
 public:
  void append(std::vector<evidence::Record> added, Appended appended) override {
    if (full) {
      if (appended) appended(fail(ErrorCode::Io, "the disk is full"));
      return;
    }
    const auto first = static_cast<evidence::LeafIndex>(records.size());
    records.insert(records.end(), added.begin(), added.end());
    if (appended) appended(first);
  }
  void sign(Signed done) override { done(std::string()); }
  [[nodiscard]] std::uint64_t size() const override { return records.size(); }
  [[nodiscard]] std::size_t waiting() const override { return 0; }
  void stop() override {}

  std::vector<evidence::Record> records;
  bool full = false;
};

}  // namespace reachproof::test
