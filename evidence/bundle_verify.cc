#include "evidence/bundle_verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>

#include "core/hex.h"
#include "evidence/bundle_about.h"
#include "evidence/bundle_control.h"
#include "evidence/bundle_folder.h"
#include "evidence/bundle_verify_records.h"
#include "evidence/dsse.h"
#include "evidence/embedded.h"
#include "evidence/key_history.h"
#include "evidence/statement.h"
#include "evidence/timestamp.h"
#include "evidence/tlog_proof.h"

namespace reachproof::evidence {
namespace {

namespace json = boost::json;

constexpr std::string_view kHeads[] = {"first", "last", "previous"};

std::string head_file(std::string_view name) {
  return "checkpoints/" + std::string(name);
}

/// A text at that JSON pointer, or an empty one.
std::string text_at(const json::value& value, std::string_view pointer) {
  json::error_code error;
  const auto* field = value.find_pointer(pointer, error);
  return field != nullptr && field->is_string() ? std::string(field->get_string()) : "";
}

class BundleCheck {
 public:
  BundleCheck(BundleFolder bundle, const BundleTrust& trust)
      : bundle_(std::move(bundle)), trust_(trust) {}

  BundleReport check() {
    report_.files = bundle_.files().size();
    bundle_.check_manifest(problems_);
    read_about();
    open_records();
    take_keys();
    check_heads();
    if (records_) check_against_records();
    check_statements();
    check_tokens();
    report_.problems = problems_.all();
    return std::move(report_);
  }

 private:
  /// A file's bytes; what is missing becomes a problem.
  std::optional<std::string> read(const std::string& name) {
    auto bytes = bundle_.read(name);
    if (bytes) return std::move(*bytes);
    problems_.add(bytes.error().message);
    return std::nullopt;
  }

  void read_about() {
    const auto text = read("bundle.json");
    if (!text) return;
    auto about = BundleAbout::parse(*text);
    if (!about) return problems_.add("bundle.json: " + about.error().message);
    about_ = std::move(*about);
    report_.origin = about_->origin;
    report_.runs = about_->runs;
  }

  /// A journal beside the database could tell another story to whoever opens it with SQLite.
  void open_records() {
    if (!bundle_.has("evidence.db")) return problems_.add("evidence.db: it is missing");
    auto records = LogReader::open_copy(bundle_.path_of("evidence.db"));
    if (!records) return problems_.add("evidence.db: " + records.error().message);
    records_ = std::make_unique<LogReader>(std::move(*records));
  }

  void take_keys() {
    const auto pem = read("keys/attest.pub.pem");
    auto attestation = pem ? AttestationVerifier::from_pem(*pem) : fail(ErrorCode::NotFound, "");
    if (attestation && attestation->pem() == *pem) {
      report_.attestation_key_id = attestation->key_id();
      attestation_ = std::move(*attestation);
    } else if (pem) {
      problems_.add("keys/attest.pub.pem: it is not one public key in PEM");
    }
    const auto vkey = read("keys/log.vkey");
    const auto own = vkey ? VerifierKey::parse(*vkey) : fail(ErrorCode::NotFound, "");
    if (vkey && !own) problems_.add("keys/log.vkey: " + own.error().message);
    if (own) check_pem("keys/log.pub.pem", *own);
    if (trust_.log_key) {
      trusted_ = trust_.log_key;
    } else if (own) {
      trusted_ = *own;
      report_.notes.emplace_back(
          "the log's key was read in the bundle itself: compare it with the one that you were "
          "given, or pass that one with --key");
    }
    if (trusted_) gather_keys(own ? own->text() : "");
  }

  void check_pem(const std::string& name, const VerifierKey& key) {
    const auto pem = read(name);
    if (pem && *pem != key.pem()) problems_.add(name + ": it is not the key of its .vkey");
  }

  void gather_keys(const std::string& own) {
    std::vector<KeyEvent> events;
    if (records_) {
      auto read = key_events(*records_);
      if (!read) problems_.add("evidence.db: " + read.error().message);
      if (read) events = std::move(*read);
    }
    std::vector<std::string> notes;
    for (const auto name : kHeads) {
      if (const auto note = bundle_.read(head_file(name))) notes.push_back(*note);
    }
    keys_ = std::make_unique<LogKeys>(LogKeys::from(*trusted_, events, notes));
    report_.log_key = trusted_->text();
    const auto all = keys_->all();
    const auto known = [&](const std::string& text) {
      return std::ranges::any_of(all, [&](const VerifierKey& key) { return key.text() == text; });
    };
    if (!own.empty() && !known(own)) {
      problems_.add(
          fmt::format("keys/log.vkey: {} is neither the key that you trust nor one that "
                      "it is connected with",
                      own));
    }
    for (const auto& [name, bytes] : bundle_.files()) {
      if (name.starts_with("keys/log-") && name.ends_with(".vkey")) check_old_key(name, known);
    }
    const auto named = newest_key(events, KeyRole::Attestation);
    if (attestation_ && (!named || named->key != attestation_->pem())) {
      problems_.add("keys/attest.pub.pem: it is not the attestation key that the log names");
    }
  }

  template <class Known>
  void check_old_key(const std::string& name, const Known& known) {
    const auto text = read(name);
    const auto key = text ? VerifierKey::parse(*text) : fail(ErrorCode::NotFound, "");
    if (!key || !known(key->text())) {
      problems_.add(name + ": it is not a key that the log's records connect with the trusted one");
    } else {
      check_pem(name.substr(0, name.size() - 5) + ".pub.pem", *key);
    }
  }

  void check_heads() {
    for (const auto name : kHeads) {
      const auto file = head_file(name);
      if (name == "previous" && !bundle_.has(file)) continue;
      const auto note = read(file);
      if (!note || !keys_) continue;
      auto checkpoint = keys_->open(*note);
      if (!checkpoint) {
        problems_.add(file + ": " + checkpoint.error().message);
      } else if (about_ && checkpoint->origin != about_->origin) {
        problems_.add(file + ": it is of another log");
      } else {
        heads_[std::string(name)] = *checkpoint;
        notes_[std::string(name)] = *note;
      }
    }
    if (!heads_.contains("last")) return;
    last_ = report_.last = heads_["last"];
    for (const auto& [name, head] : heads_) check_growth(head_file(name), head);
  }

  void check_growth(const std::string& file, const Checkpoint& head) {
    if (head.size == last_->size) {
      if (head.root != last_->root) {
        problems_.add(file + ": it has the size of checkpoints/last, and another root");
      }
      return;
    }
    const auto proof_file = fmt::format("consistency/{}-{}.txt", head.size, last_->size);
    const auto text = read(proof_file);
    if (!text) return;
    const auto proof = hashes_in(*text);
    if (!proof) return problems_.add(proof_file + ": " + proof.error().message);
    if (!verify_consistency(head.size, last_->size, head.root, last_->root, elements(*proof))) {
      problems_.add(
          fmt::format("{}: it does not show that the log of {} records goes on from the "
                      "{} of {}",
                      proof_file, last_->size, head.size, file));
    }
  }

  void check_against_records() {
    if (!about_ || !last_) return;
    const auto found =
        check_records(bundle_, *records_, *about_, *last_, notes_["last"], problems_);
    report_.records = found.records;
    report_.bodies_left_out = found.bodies_left_out;
    whole_ = about_->redaction == Redaction::None && found.bodies_left_out == 0;
    if (whole_) {
      check_scenarios(bundle_, *records_, *about_, problems_);
    } else {
      report_.notes.push_back(fmt::format(
          "the bodies of {} records were left out: that they stood in the log is proven, what they "
          "say is not there to be seen, and the statements were not made once more from them",
          found.bodies_left_out));
    }
    if (const auto guide = bundle_.read("VERIFY.md"); guide && *guide != bundle_guide_text()) {
      report_.notes.emplace_back("VERIFY.md is not the one of this release");
    }
  }

  /// An envelope that the attestation key signed, as it is written; its statement.
  std::optional<std::string> payload_of(const std::string& name) {
    const auto text = read(name);
    if (!text) return std::nullopt;
    const bool sigstore = name.ends_with(".sigstore.json");
    const auto envelope = sigstore ? envelope_in_sigstore_bundle(*text) : Envelope::parse(*text);
    if (!envelope) {
      problems_.add(name + ": " + envelope.error().message);
      return std::nullopt;
    }
    if (!attestation_) return std::nullopt;
    const bool hinted = envelope->signatures.size() == 1 &&
                        envelope->signatures.front().key_id == attestation_->key_id();
    if (envelope->payload_type != kInTotoType ||
        keys_that_signed(*envelope, {&*attestation_, 1}) != 1) {
      problems_.add(name + ": its signature is not one of keys/attest.pub.pem");
      return std::nullopt;
    }
    // What no signature covers: the key id, spaces, unknown fields.
    if (!hinted || (sigstore ? sigstore_bundle(*envelope) : envelope->text()) != *text) {
      problems_.add(name + ": it was changed beside what is signed");
    }
    return envelope->payload;
  }

  void check_statements() {
    const auto tests = payload_of("manifest.dsse.json");
    const auto told = payload_of("run.dsse.json");
    const auto again = payload_of("manifest.sigstore.json");
    if (tests) check_subjects("manifest.dsse.json", *tests, kTestResultPredicate);
    if (told) check_subjects("run.dsse.json", *told, kRunPredicate);
    if (tests && again && *tests != *again) {
      problems_.add("manifest.sigstore.json: it says something else than manifest.dsse.json");
    }
    json::error_code error;
    const auto value = json::parse(tests.value_or("null"), error);
    if (!error) report_.result = text_at(value, "/predicate/result");
    if (whole_ && tests && told) derive_statements(*tests, *told);
  }

  void check_subjects(const std::string& name, const std::string& payload,
                      std::string_view predicate) {
    const auto head = statement_head(payload);
    if (!head) return problems_.add(name + ": " + head.error().message);
    if (head->predicate_type != predicate) problems_.add(name + ": it is of another type");
    for (const std::string file : {"MANIFEST.sha256", "checkpoints/last"}) {
      const auto* subject = head->subject(file);
      const auto bytes = bundle_.read(file);
      if (subject == nullptr || !bytes || subject->sha256 != sha256(*bytes)) {
        problems_.add(fmt::format("{}: it is not the one that {} signs", file, name));
      }
    }
  }

  /// The statements are made once more from the records, which nobody could change.
  void derive_statements(const std::string& tests, const std::string& told) {
    std::vector<StoredRun> runs;
    for (const auto& id : about_->runs) {
      auto run = load_run(*records_, id);
      if (!run) return;  // said by check_scenarios
      runs.push_back(std::move(*run));
    }
    const auto head = statement_head(tests);
    json::error_code error;
    const auto value = json::parse(told, error);
    if (!head || error) return;
    if (test_result_statement(head->subjects, runs) != tests) {
      problems_.add("manifest.dsse.json: its results are not those of the records");
    }
    const RunStatement about{
        .checkpoint = *last_,
        .first_record = about_->first_record,
        .end_record = about_->end_record,
        .exported =
            core::parse_wall_time(text_at(value, "/predicate/exported")).value_or(core::WallTime{}),
        .software = text_at(value, "/predicate/software")};
    if (!about_->control.empty()) {
      const auto file = control_path(about_->control);
      if (bundle_.read(file).value_or("") != control_table(about_->control, runs)) {
        problems_.add(file + ": it is not what the records say of that control");
      }
    }
    if (run_statement(head->subjects, about, runs) != told) {
      problems_.add("run.dsse.json: what it says of the runs is not what the records say");
    }
  }

  void check_tokens() {
    const bool from_bundle = trust_.authority_pem.empty();
    std::string authority = trust_.authority_pem;
    if (from_bundle && bundle_.has("tsa/ca.pem")) authority = read("tsa/ca.pem").value_or("");
    bool any = false;
    for (const auto& [name, note] : notes_) {
      const auto file = head_file(name) + ".tsr";
      if (!bundle_.has(file)) continue;
      any = true;
      const auto token = read(file);
      if (authority.empty()) {
        problems_.add("tsa/ca.pem: it is missing: " + file + " cannot be verified");
        continue;
      }
      const auto stamp = verify_token(note, token.value_or(""), {authority});
      if (!stamp) {
        problems_.add(file + ": " + stamp.error().message);
      } else if (name == "last") {
        report_.anchored_at = core::text(stamp->time);
      }
    }
    if (any && from_bundle) {
      report_.notes.emplace_back(
          "the time stamping authority's certificate was read in the bundle itself: compare it "
          "with what the authority publishes, or pass that with --ca");
    }
    if (!any) report_.notes.emplace_back("no time stamp: when it existed, its keys alone say");
  }

  BundleFolder bundle_;
  const BundleTrust& trust_;
  BundleReport report_;
  Problems problems_;
  std::optional<BundleAbout> about_;
  std::unique_ptr<LogReader> records_;
  std::optional<AttestationVerifier> attestation_;
  std::optional<VerifierKey> trusted_;
  std::unique_ptr<LogKeys> keys_;
  std::map<std::string, Checkpoint> heads_;
  std::map<std::string, std::string> notes_;
  std::optional<Checkpoint> last_;
  bool whole_ = false;  ///< every body is there
};

}  // namespace

Result<BundleReport> verify_bundle(const std::string& path, const BundleTrust& trust) {
  auto bundle = BundleFolder::open(path);
  if (!bundle) return tl::unexpected(bundle.error());
  return BundleCheck(std::move(*bundle), trust).check();
}

Result<std::vector<std::string>> checkpoints_in_bundle(const std::string& path) {
  const auto bundle = BundleFolder::open(path);
  if (!bundle) return tl::unexpected(bundle.error());
  std::vector<std::string> notes;
  for (const auto name : {"last", "previous", "first"}) {
    if (auto note = bundle->read(head_file(name))) notes.push_back(std::move(*note));
  }
  return notes;
}

}  // namespace reachproof::evidence
