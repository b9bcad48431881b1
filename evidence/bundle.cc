#include "evidence/bundle.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "core/check.h"
#include "core/hex.h"
#include "evidence/archive.h"
#include "evidence/bundle_about.h"
#include "evidence/bundle_control.h"
#include "evidence/bundle_records.h"
#include "evidence/dsse.h"
#include "evidence/embedded.h"
#include "evidence/file_hash.h"
#include "evidence/key_history.h"
#include "evidence/statement.h"
#include "evidence/tlog_proof.h"

namespace reachproof::evidence {
namespace {

constexpr std::size_t kOriginBytesMax = 100;  ///< of a log's name in the folder's

/// A file that goes away again.
struct Scratch {
  std::string path;
  explicit Scratch(std::string p) : path(std::move(p)) { ::unlink(path.c_str()); }
  ~Scratch() { ::unlink(path.c_str()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

/// Adds files to the archive and to the manifest.
class Contents {
 public:
  Contents(ArchiveWriter writer, std::string folder)
      : writer_(std::move(writer)), folder_(std::move(folder)) {}

  Result<void> add(const std::string& name, std::string_view bytes) {
    CHECK(listed_.emplace(name, core::hex(sha256(bytes))).second);
    return writer_.add(folder_ + "/" + name, bytes);
  }
  Result<void> add_file(const std::string& name, const std::string& path) {
    const auto hash = file_sha256(path);
    if (!hash) return tl::unexpected(hash.error());
    CHECK(listed_.emplace(name, core::hex(*hash)).second);
    return writer_.add_file(folder_ + "/" + name, path);
  }
  /// The manifest cannot list itself, nor what signs it.
  Result<void> add_unlisted(const std::string& name, std::string_view bytes) {
    return writer_.add(folder_ + "/" + name, bytes);
  }
  /// As sha256sum -c reads it.
  [[nodiscard]] std::string manifest() const {
    std::string text;
    for (const auto& [name, hash] : listed_) text += hash + "  " + name + "\n";
    return text;
  }
  Result<void> finish() { return writer_.finish(); }

 private:
  ArchiveWriter writer_;
  std::string folder_;
  std::map<std::string, std::string> listed_;
};

class Exporter {
 public:
  Exporter(const ExportRequest& request, const AttestationKey& key, LogReader log)
      : request_(request), key_(key), log_(std::move(log)) {}

  Result<ExportReport> write() {
    if (auto done = decide(); !done) return tl::unexpected(done.error());
    const Scratch database(request_.file + ".records");
    auto records = write_records(log_, request_.range, last_.size, kept_heads(), request_.redaction,
                                 database.path);
    if (!records) return tl::unexpected(records.error());
    report_.records = records->indexes.size();
    report_.bodies_left_out = records->bodies_left_out;
    auto writer = ArchiveWriter::create(request_.file, records->newest);
    if (!writer) return tl::unexpected(writer.error());
    contents_ = std::make_unique<Contents>(std::move(*writer), report_.folder);
    using Step = Result<void> (Exporter::*)();
    for (const Step step :
         {&Exporter::add_keys, &Exporter::add_checkpoints, &Exporter::add_scenarios,
          &Exporter::add_reports, &Exporter::add_control, &Exporter::add_about}) {
      if (auto done = (this->*step)(); !done) return tl::unexpected(done.error());
    }
    if (auto done = contents_->add_file("evidence.db", database.path); !done) {
      return tl::unexpected(done.error());
    }
    if (auto done = add_proofs(records->indexes); !done) return tl::unexpected(done.error());
    if (auto done = add_signatures(); !done) return tl::unexpected(done.error());
    if (auto done = contents_->finish(); !done) return tl::unexpected(done.error());
    return std::move(report_);
  }

 private:
  /// Which heads, keys and runs belong to it.
  Result<void> decide() {
    const auto events = key_events(log_);
    if (!events) return tl::unexpected(events.error());
    const auto notes = log_.checkpoints();
    if (!notes) return tl::unexpected(notes.error());
    keys_ = std::make_unique<LogKeys>(LogKeys::from(request_.log_key, *events, *notes));
    const auto named = newest_key(*events, KeyRole::Attestation);
    if (!named || named->key != key_.verifier().pem()) {
      return fail(ErrorCode::Config, "the log does not name this attestation key");
    }
    auto heads = bundle_checkpoints(log_, request_.range, named->record + 1);
    if (!heads) return tl::unexpected(heads.error());
    heads_ = std::move(*heads);
    auto last = keys_->open(heads_.last.note);
    if (!last) return fail(std::move(last), "the log's own checkpoint");
    last_ = *last;
    if (auto done = take_previous(); !done) return done;
    for (const auto& run : request_.range.runs) {
      auto loaded = load_what_is_left(log_, run);
      if (!loaded) return tl::unexpected(loaded.error());
      runs_.push_back(std::move(*loaded));
    }
    report_.runs = request_.range.runs;
    report_.file = request_.file;
    report_.last = last_;
    if (!heads_.last.token.empty()) report_.anchored_at = heads_.last.anchored_at;
    report_.folder = "bundle-" + file_name_of(last_.origin).substr(0, kOriginBytesMax) + "-" +
                     request_.range.name;
    return {};
  }

  /// The checkpoint that somebody kept must be one of this log, and the log must go on from it.
  Result<void> take_previous() {
    if (request_.since.empty()) return {};
    auto kept = keys_->open(request_.since);
    if (!kept) return fail(std::move(kept), "the earlier checkpoint");
    if (kept->size == 0 || kept->size > last_.size) {
      return fail(ErrorCode::Usage,
                  fmt::format("the earlier checkpoint is of {} records, that of the bundle of {}: "
                              "export a later period, or leave it out",
                              kept->size, last_.size));
    }
    const auto root = root_at(kept->size, log_.node_reader());
    if (!root) return tl::unexpected(root.error());
    if (*root != kept->root) {
      return fail(ErrorCode::Corrupt,
                  fmt::format("the earlier checkpoint of {} records is signed, and is not of this "
                              "log's history: the log was rewritten",
                              kept->size));
    }
    heads_.previous = StoredCheckpoint{kept->size, request_.since, {}, {}};
    for (auto& stored : log_.stored_checkpoints().value_or(std::vector<StoredCheckpoint>())) {
      if (stored.note != request_.since) continue;
      if (!heads_.authorities.contains(stored.size)) stored.token.clear();
      heads_.previous = std::move(stored);
    }
    return {};
  }

  [[nodiscard]] std::vector<std::pair<std::string, StoredCheckpoint>> named_heads() const {
    std::vector<std::pair<std::string, StoredCheckpoint>> named{{"first", heads_.first},
                                                                {"last", heads_.last}};
    if (heads_.previous) named.emplace_back("previous", *heads_.previous);
    return named;
  }
  [[nodiscard]] std::vector<StoredCheckpoint> kept_heads() const {
    std::vector<StoredCheckpoint> heads;
    for (const auto& [name, head] : named_heads()) heads.push_back(head);
    return heads;
  }

  Result<void> add_keys() {
    const auto newest = keys_->key_for(last_.size);
    CHECK(newest.has_value());
    std::map<std::string, std::string> files{{"keys/log.vkey", newest->text() + "\n"},
                                             {"keys/log.pub.pem", newest->pem()},
                                             {"keys/attest.pub.pem", key_.verifier().pem()}};
    for (const auto& [name, head] : named_heads()) {
      const auto key = keys_->key_for(head.size);
      if (!key || key->text() == newest->text()) continue;
      const auto stem = "keys/log-" + core::hex(key->id);
      files[stem + ".vkey"] = key->text() + "\n";
      files[stem + ".pub.pem"] = key->pem();
    }
    for (const auto& [name, text] : files) {
      if (auto done = contents_->add(name, text); !done) return done;
    }
    return {};
  }

  Result<void> add_checkpoints() {
    std::set<std::string> proven;
    std::vector<std::uint64_t> anchored;
    for (const auto& [name, head] : named_heads()) {
      if (auto done = contents_->add("checkpoints/" + name, head.note); !done) return done;
      if (!head.token.empty()) {
        anchored.push_back(head.size);
        if (auto done = contents_->add("checkpoints/" + name + ".tsr", head.token); !done) {
          return done;
        }
      }
      const auto file = fmt::format("consistency/{}-{}.txt", head.size, last_.size);
      if (head.size == last_.size || !proven.insert(file).second) continue;
      const auto proof = consistency_proof(head.size, last_.size, log_.node_reader());
      if (!proof) return tl::unexpected(proof.error());
      if (auto done = contents_->add(file, hash_lines(*proof)); !done) return done;
    }
    std::string authorities;
    for (const auto size : anchored) {
      const auto& pem = heads_.authorities[size];
      if (authorities.find(pem) == std::string::npos) authorities += pem;
    }
    if (authorities.empty()) return {};
    return contents_->add("tsa/ca.pem", authorities);
  }

  /// Each scenario and inventory once, under its digest.
  Result<void> add_scenarios() {
    std::map<std::string, std::string> files;
    for (const auto& run : runs_) {
      const auto snapshots = snapshots_of(log_, run.header.run, run.first_record, run.end_record);
      if (!snapshots) return tl::unexpected(snapshots.error());
      for (const auto& snapshot : *snapshots) files[snapshot_path(snapshot)] = snapshot.text;
    }
    return add_unless_redacted(files);
  }

  Result<void> add_reports() {
    if (!request_.reports) return {};
    std::map<std::string, std::string> files;
    for (const auto& run : runs_) {
      if (run.pruned) continue;
      const auto below = runs_.size() == 1 ? "report/" : "report/" + run.header.run + "/";
      for (auto& file : request_.reports(run)) files[below + file.path] = std::move(file.bytes);
    }
    return add_unless_redacted(files);
  }

  Result<void> add_control() {
    if (request_.control.empty()) return {};
    const auto table = control_table(request_.control, runs_);
    if (!table.empty()) return contents_->add(control_path(request_.control), table);
    std::string known;
    for (const auto& control : controls_in(runs_)) known += (known.empty() ? "" : ", ") + control;
    return fail(ErrorCode::NotFound,
                fmt::format("no check of these runs carries the control `{}`; they carry: {}",
                            request_.control, known.empty() ? "none" : known));
  }

  Result<void> add_unless_redacted(const std::map<std::string, std::string>& files) {
    for (const auto& [name, bytes] : files) {
      if (request_.redaction == Redaction::Addresses && mentions_address(bytes)) {
        report_.files_left_out.push_back(name);
      } else if (auto done = contents_->add(name, bytes); !done) {
        return done;
      }
    }
    return {};
  }

  /// VERIFY.md for people, bundle.json for programs.
  Result<void> add_about() {
    const BundleAbout about{.origin = last_.origin,
                            .first_record = request_.range.first,
                            .end_record = request_.range.end,
                            .redaction = request_.redaction,
                            .bodies_left_out = report_.bodies_left_out,
                            .files_left_out = report_.files_left_out,
                            .runs = request_.range.runs,
                            .control = request_.control};
    if (auto done = contents_->add("bundle.json", about.text()); !done) return done;
    return contents_->add("VERIFY.md", bundle_guide_text());
  }

  Result<void> add_proofs(const std::vector<LeafIndex>& indexes) {
    const auto read = log_.node_reader();
    for (const auto index : indexes) {
      const auto proof = inclusion_proof(index, last_.size, read);
      if (!proof) return tl::unexpected(proof.error());
      auto done = contents_->add(fmt::format("proofs/{}.tlog-proof", index),
                                 proof_file(index, *proof, heads_.last.note));
      if (!done) return done;
    }
    return {};
  }

  Result<void> add_signatures() {
    const auto manifest = contents_->manifest();
    report_.manifest = sha256(manifest);
    const std::vector<Subject> subjects{{"MANIFEST.sha256", sha256(manifest)},
                                        {"checkpoints/last", sha256(heads_.last.note)}};
    auto runs = runs_;
    if (request_.redaction == Redaction::Addresses) std::ranges::for_each(runs, without_addresses);
    const auto tests = sign_envelope(kInTotoType, test_result_statement(subjects, runs), key_);
    if (!tests) return tl::unexpected(tests.error());
    const RunStatement about{.checkpoint = last_,
                             .first_record = request_.range.first,
                             .end_record = request_.range.end,
                             .exported = request_.now,
                             .software = request_.software};
    const auto told = sign_envelope(kInTotoType, run_statement(subjects, about, runs), key_);
    if (!told) return tl::unexpected(told.error());
    const std::vector<std::pair<std::string, std::string>> files{
        {"MANIFEST.sha256", manifest},
        {"manifest.dsse.json", tests->text()},
        {"manifest.sigstore.json", sigstore_bundle(*tests)},
        {"run.dsse.json", told->text()}};
    for (const auto& [name, bytes] : files) {
      if (auto done = contents_->add_unlisted(name, bytes); !done) return done;
    }
    return {};
  }

  static void without_addresses(StoredRun& run) {
    for (auto* text : {&run.header.who, &run.header.why, &run.header.scenario_file,
                       &run.header.inventory_file}) {
      if (mentions_address(*text)) *text = "left out";
    }
    if (run.end && mentions_address(run.end->interrupted)) run.end->interrupted = "left out";
  }

  const ExportRequest& request_;
  const AttestationKey& key_;
  LogReader log_;
  std::unique_ptr<LogKeys> keys_;
  BundleCheckpoints heads_;
  Checkpoint last_;
  std::vector<StoredRun> runs_;
  std::unique_ptr<Contents> contents_;
  ExportReport report_;
};

}  // namespace

std::string file_name_of(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '-' || c == '_';
    text += safe ? c : '-';
  }
  return text;
}

Result<ExportReport> export_bundle(const ExportRequest& request, const AttestationKey& key) {
  const auto folder = std::filesystem::absolute(request.file).parent_path();
  if (!std::filesystem::is_directory(folder)) {
    return fail(ErrorCode::Io,
                fmt::format("there is no folder `{}` to write the bundle into", folder.string()));
  }
  auto log = LogReader::open(request.log_path);
  if (!log) return tl::unexpected(log.error());
  return Exporter(request, key, std::move(*log)).write();
}

}  // namespace reachproof::evidence
