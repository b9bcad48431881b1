#include <fmt/core.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "cli/stored.h"
#include "cli/verb.h"
#include "core/hex.h"
#include "evidence/log.h"
#include "evidence/verify.h"
#include "reports/look.h"

namespace reachproof::cli {
namespace {

struct Options {
  EvidenceOptions evidence;
  std::string key;
  std::string check;
  std::string run = "latest";
  std::string file;
  std::uint64_t index = 0;
  std::string kind;
};

std::string whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// --key as a vkey or a file that holds one; else the one beside the evidence.
Result<evidence::VerifierKey> key_to_trust(const Options& options, bool& from_beside) {
  from_beside = options.key.empty();
  std::string text = options.key;
  if (from_beside) text = whole_file(options.evidence.vkey_path());
  if (!from_beside && text.find('+') == std::string::npos) text = whole_file(options.key);
  if (text.empty()) {
    return fail(ErrorCode::Usage, fmt::format("no verifier key: `{}` is missing; give one with "
                                              "--key",
                                              options.evidence.vkey_path()));
  }
  return evidence::VerifierKey::parse(text);
}

void verify(Context& context, const Options& options) {
  bool from_beside = false;
  const auto key = key_to_trust(options, from_beside);
  if (!key) return complain(context, key.error());
  const auto report = evidence::verify_log(options.evidence.file, *key);
  if (!report) return complain(context, report.error());
  for (const auto& problem : report->problems) {
    std::cout << "BAD  " << reports::printable(problem) << "\n";
  }
  for (const auto& note : report->notes) std::cout << "note " << reports::printable(note) << "\n";
  std::cout << fmt::format("{} records, root {}\n", report->records, core::hex(report->root));
  std::cout << fmt::format("{} checkpoints signed by {}\n", report->checkpoints, key->text());
  if (from_beside) {
    std::cout
        << "note that key was read beside the evidence: compare it with the one that you were "
           "given, or pass it with --key\n";
  }
  if (report->unsigned_records > 0) {
    std::cout << fmt::format(
        "note {} records came after the newest checkpoint and are not signed "
        "yet (a run is under way, or was cut off)\n",
        report->unsigned_records);
  }
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (const auto runs = reader ? evidence::list_runs(*reader) : fail(ErrorCode::Io, ""); runs) {
    for (const auto& run : *runs) {
      if (!run.end) std::cout << "note run " << run.header.run << " never finished\n";
    }
  }
  if (report->checkpoints == 0 && report->records > 0) {
    std::cout << "note nothing has been signed yet\n";
  }
  std::cout << (report->sound() ? "The evidence verifies.\n" : "The evidence does NOT verify.\n");
  if (!report->sound()) context.exit = Exit::Evidence;
}

void show(Context& context, const Options& options, bool one) {
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (!reader) return complain(context, reader.error());
  if (one) {
    const auto record = reader->read(options.index);
    if (!record) return complain(context, record.error());
    std::cout << record->body << "\n";
    return;
  }
  std::vector<std::string> kinds;
  if (!options.kind.empty()) kinds.push_back(options.kind);
  auto scanned = reader->scan(0, ~evidence::LeafIndex{0}, kinds, [](const auto& record) {
    std::cout << fmt::format("{:>6}  {}  {:<13} {:>6} bytes  {}\n", record.index,
                             record.recorded_at, record.kind, record.body.size(),
                             core::hex(record.leaf));
    return true;
  });
  if (!scanned) complain(context, scanned.error());
}

Result<std::string> proof_of_record(const evidence::LogReader& reader, std::uint64_t index) {
  auto note = reader.last_checkpoint();
  if (!note) return note;
  const auto checkpoint = evidence::Checkpoint::parse(*note);
  if (!checkpoint) return tl::unexpected(checkpoint.error());
  if (index >= checkpoint->size) {
    return fail(ErrorCode::NotFound,
                fmt::format("record {} is not covered by the newest checkpoint, which signs {} "
                            "records",
                            index, checkpoint->size));
  }
  auto proof = evidence::inclusion_proof(index, checkpoint->size, reader.node_reader());
  if (!proof) return tl::unexpected(proof.error());
  return evidence::proof_file(index, *proof, *note);
}

/// The record that holds a check's verdict, or the record of that number.
std::optional<std::uint64_t> record_to_prove(Context& context, const Options& options) {
  if (options.check.empty()) return options.index;
  const auto run = stored_run(context, options.evidence, options.run);
  if (!run) return std::nullopt;
  for (const auto& check : run->checks) {
    if (check.check.id != options.check) continue;
    if (check.verdict_record) return check.verdict_record;
    complain(context, {ErrorCode::NotFound, "that check has no verdict: the run never finished"});
    return std::nullopt;
  }
  complain(context, {ErrorCode::NotFound, fmt::format("run {} has no check `{}`; `reachproof "
                                                      "--output json results` lists their ids",
                                                      run->header.run, options.check)});
  return std::nullopt;
}

void prove(Context& context, const Options& options) {
  const auto index = record_to_prove(context, options);
  if (!index) return;
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (!reader) return complain(context, reader.error());
  const auto proof = proof_of_record(*reader, *index);
  if (!proof) return complain(context, proof.error());
  if (options.file.empty()) {
    std::cout << *proof;
    return;
  }
  std::ofstream file(options.file, std::ios::binary | std::ios::trunc);
  file << *proof;
  if (!file.flush()) complain(context, {ErrorCode::Io, "cannot write `" + options.file + "`"});
}

void print_checkpoint(Context& context, const Options& options) {
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (!reader) return complain(context, reader.error());
  const auto note = reader->last_checkpoint();
  if (!note) return complain(context, note.error());
  std::cout << *note;
}

void print_key(Context& context, const Options& options, bool pem) {
  bool from_beside = false;
  const auto key = key_to_trust(options, from_beside);
  if (!key) return complain(context, key.error());
  std::cout << (pem ? key->pem() : key->text() + "\n");
}

}  // namespace

void add_evidence(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("evidence", "Verify and read the evidence");
  verb->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* what) {
    auto* inner = verb->add_subcommand(name, what);
    add_evidence_option(*inner, options->evidence);
    return inner;
  };

  auto* verify_verb =
      add("verify", "Check log, tree, checkpoints and every record (exit 5 if bad)");
  verify_verb->add_option("--key", options->key, "Verifier key, or a file that holds it");
  add_examples(*verify_verb, {"reachproof evidence verify",
                              "reachproof evidence verify -e audit.db --key log.vkey"});
  verify_verb->callback([&context, options] { verify(context, *options); });

  auto* show_verb = add("show", "List the records, or print one as it was hashed");
  auto* index = show_verb->add_option("index", options->index, "Print this record");
  show_verb->add_option("--kind", options->kind, "List records of this kind only");
  add_examples(*show_verb, {"reachproof evidence show", "reachproof evidence show 7 | jq"});
  show_verb->callback([&context, options, index] { show(context, *options, index->count() > 0); });

  auto* prove_verb = add("prove", "Inclusion proof of one record or one check (C2SP tlog-proof)");
  prove_verb->add_option("index", options->index, "Of this record");
  prove_verb->add_option("--check", options->check, "Of the verdict of this check, by its id");
  prove_verb->add_option("--run", options->run, "In this run")->capture_default_str();
  prove_verb->add_option("--file", options->file, "Write it here instead of printing it");
  add_examples(*prove_verb, {"reachproof evidence prove 7",
                             "reachproof evidence prove --check X03/vendor-vpn/phi-db/tcp/5432"});
  prove_verb->callback([&context, options] { prove(context, *options); });

  auto* checkpoint_verb =
      add("checkpoint", "Print the newest signed checkpoint, to keep elsewhere");
  add_examples(*checkpoint_verb, {"reachproof evidence checkpoint > checkpoint-2026-11-30"});
  checkpoint_verb->callback([&context, options] { print_checkpoint(context, *options); });

  auto* key_verb = add("key", "Print the verifier key");
  auto pem = std::make_shared<bool>(false);
  key_verb->add_flag("--pem", *pem, "As PEM, for openssl");
  add_examples(*key_verb, {"reachproof evidence key --pem > log.pub.pem"});
  key_verb->callback([&context, options, pem] { print_key(context, *options, *pem); });
}

}  // namespace reachproof::cli
