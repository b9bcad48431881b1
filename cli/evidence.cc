#include <fmt/core.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "cli/evidence_verbs.h"
#include "cli/stored.h"
#include "core/hex.h"
#include "evidence/log.h"

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
  const auto trusted = trusted_key(options.evidence, options.key);
  if (!trusted) return complain(context, trusted.error());
  std::cout << (pem ? trusted->key.pem() : trusted->key.text() + "\n");
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

  auto* verify_verb = verb->add_subcommand(
      "verify", "Check log, tree, checkpoints and every record, or a bundle (exit 5 if bad)");
  auto verify = std::make_shared<VerifyOptions>();
  add_evidence_option(*verify_verb, verify->evidence);
  verify_verb->add_option("bundle", verify->path,
                          "A bundle (archive or folder) in place of the evidence file");
  verify_verb->add_option("--key", verify->key, "Verifier key, or a file that holds it");
  verify_verb->add_option("--against", verify->against,
                          "Hold the log against kept checkpoints: a file, a bundle, or a folder");
  verify_verb->add_option("--ca", verify->ca, "Certificates to believe time stamps by, in PEM");
  add_examples(*verify_verb, {"reachproof evidence verify",
                              "reachproof evidence verify -e audit.db --key log.vkey",
                              "reachproof evidence verify bundle.tar.zst --key log.vkey",
                              "reachproof evidence verify --against kept-checkpoints/"});
  verify_verb->callback([&context, verify] { verify_evidence(context, *verify); });

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
  add_evidence_key_rotate(*key_verb, context);
  key_verb->callback([&context, options, pem, key_verb] {
    if (key_verb->get_subcommands().empty()) print_key(context, *options, *pem);
  });
  add_evidence_export(*verb, context);
  add_evidence_timestamp(*verb, context);
  add_evidence_keep(*verb, context);
  add_evidence_retention(*verb, context);
}

}  // namespace reachproof::cli
