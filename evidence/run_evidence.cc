#include "evidence/run_evidence.h"

namespace reachproof::evidence {
namespace {

/// The oldest checkpoint that covers the run.
Result<void> take_checkpoint(const LogReader& log, const StoredRun& run, RunEvidence& evidence) {
  const auto notes = log.checkpoints();
  if (!notes) return tl::unexpected(notes.error());
  for (const auto& note : *notes) {
    auto checkpoint = Checkpoint::parse(note);
    if (!checkpoint) return tl::unexpected(checkpoint.error());
    if (checkpoint->size < run.end_record) continue;
    evidence.note = note;
    evidence.checkpoint = std::move(*checkpoint);
    return {};
  }
  return {};
}

Result<void> prove(const LogReader& log, RunEvidence& evidence) {
  for (auto& shown : evidence.records) {
    if (shown.record.index >= evidence.checkpoint.size) continue;
    auto proof = inclusion_proof(shown.record.index, evidence.checkpoint.size, log.node_reader());
    if (!proof) return tl::unexpected(proof.error());
    shown.proof = std::move(*proof);
  }
  return {};
}

}  // namespace

Result<RunEvidence> load_run_evidence(const LogReader& log, const StoredRun& run,
                                      std::set<LeafIndex> wanted, std::size_t bytes_max) {
  RunEvidence evidence;
  if (auto taken = take_checkpoint(log, run, evidence); !taken) {
    return fail(std::move(taken), "read the checkpoints");
  }
  wanted.insert(run.first_record);
  if (run.end_record > 0) wanted.insert(run.end_record - 1);
  std::size_t bytes = 0;
  auto scanned = log.scan(run.first_record, run.end_record, {}, [&](const StoredRecord& record) {
    evidence.leaves[record.index] = record.leaf;
    if (!wanted.contains(record.index)) return true;
    if (bytes + record.body.size() > bytes_max) {
      ++evidence.left_out;
      return true;
    }
    bytes += record.body.size();
    evidence.records.push_back({.record = record, .proof = {}});
    return true;
  });
  if (!scanned) return fail(std::move(scanned), "read the run's records");
  if (auto proven = prove(log, evidence); !proven) {
    return fail(std::move(proven), "prove the run's records");
  }
  return evidence;
}

}  // namespace reachproof::evidence
