#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/scenario.h"
#include "evidence/stored_run.h"

/// Which flows were proven, when last, and by which proof, over many runs of one scenario. Pure.
namespace reachproof::reports {

struct FlowProof {
  std::string flow;  ///< "ehr-app -> phi-db tcp/5432"
  std::string rule;
  std::string source_segment;
  std::string destination_segment;
  core::Expectation expectation = core::Expectation::Deny;
  std::string run;  ///< the newest that has a proven verdict; empty: none has
  core::WallTime when{};
  core::Proof proof = core::Proof::None;
  core::CheckResult result = core::CheckResult::Unproven;
  std::string why_not;  ///< why the newest run could not prove it; empty where it did
};

class ProofHistory {
 public:
  /// The next older run; the newest says which flows there are.
  void add(const evidence::StoredRun& run);
  [[nodiscard]] const std::vector<FlowProof>& flows() const { return flows_; }
  [[nodiscard]] int runs() const { return runs_; }

 private:
  std::vector<FlowProof> flows_;
  std::map<std::string, std::size_t> places_;
  int runs_ = 0;
};

/// Ordered pairs of segments of the scenario that no flow crosses; a segment with itself is none.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs_without_flows(
    const core::Scenario& scenario, const ProofHistory& history);

/// {"apiVersion":"reachproof/v1","kind":"Coverage",...}
[[nodiscard]] std::string coverage_json(const core::Scenario& scenario,
                                        const ProofHistory& history);

}  // namespace reachproof::reports
