#include <fmt/core.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "cli/evidence_verbs.h"
#include "evidence/attestation_key.h"
#include "evidence/file_hash.h"
#include "evidence/prune.h"
#include "host/wall_clock.h"
#include "orchestrator/run_outcome.h"

/// `evidence retention`, `hold`, `prune` and `approve`: how long evidence is kept, and how it goes.
namespace reachproof::cli {
namespace {

constexpr std::size_t kProposalBytesMax = 1U << 20U;
constexpr std::size_t kKeyBytesMax = 16'384;

struct Options {
  EvidenceOptions evidence;
  std::string file;
  std::string keep = "P7Y";
  std::vector<std::string> profiles;
  std::vector<std::string> approvers;
  std::vector<std::string> approvals;
  std::string out;
  std::string key;
  std::string hold;
  std::string matter;
  std::string reason;
  std::string from;
  std::string to;
  evidence::HoldSelector selector;
};

Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  if (!file.flush()) return fail(ErrorCode::Io, fmt::format("cannot write `{}`", path));
  return {};
}

/// "NAME=FILE", each with the bytes of its file.
Result<std::vector<std::pair<std::string, std::string>>> named_files(
    const std::vector<std::string>& words) {
  std::vector<std::pair<std::string, std::string>> named;
  for (const auto& word : words) {
    const auto at = word.find('=');
    if (at == std::string::npos || at == 0) {
      return fail(ErrorCode::Usage, fmt::format("`{}` is not NAME=FILE", word));
    }
    auto bytes = evidence::file_bytes(word.substr(at + 1), kKeyBytesMax);
    if (!bytes) return tl::unexpected(bytes.error());
    named.emplace_back(word.substr(0, at), std::move(*bytes));
  }
  return named;
}

Result<std::vector<evidence::Approval>> read_approvals(const std::vector<std::string>& words) {
  auto named = named_files(words);
  if (!named) return tl::unexpected(named.error());
  std::vector<evidence::Approval> approvals;
  for (auto& [name, signature] : *named) approvals.push_back({name, std::move(signature)});
  return approvals;
}

Result<std::optional<core::WallTime>> time_in(const std::string& text) {
  if (text.empty()) return std::optional<core::WallTime>();
  if (const auto time = core::parse_wall_time(text)) return time;
  if (const auto date = core::parse_date(text)) return std::optional<core::WallTime>(*date);
  return fail(ErrorCode::Usage,
              fmt::format("`{}` is no date (2026-11-30) or time (2026-11-30T02:00:00Z)", text));
}

evidence::PruneUse use_of(const Options& options) {
  const auto keys = key_use(options.evidence);
  return {.log_path = keys.log_path,
          .holder = keys.holder,
          .by = orchestrator::user_at_host(),
          .now = keys.now};
}

Result<evidence::SignerKey> log_key(const Options& options) {
  return evidence::SignerKey::load(options.evidence.key_path());
}

struct Seen {
  evidence::Retention retention;
  evidence::PruneView view;
};

Result<Seen> look(const Options& options) {
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (!reader) return tl::unexpected(reader.error());
  auto retention = evidence::retention_of(*reader);
  if (!retention) return tl::unexpected(retention.error());
  const auto key = trusted_key(options.evidence, "");
  if (!key) return tl::unexpected(key.error());
  auto view = evidence::plan_prune(*reader, *retention, key->key.name, host::wall_now());
  if (!view) return tl::unexpected(view.error());
  return Seen{std::move(*retention), std::move(*view)};
}

void print_hold(const evidence::Hold& hold) {
  std::string what;
  const auto add = [&](std::string_view name, const std::vector<std::string>& values) {
    for (const auto& value : values)
      what += fmt::format("{}{} {}", what.empty() ? "" : ", ", name, value);
  };
  add("run", hold.selector.runs);
  add("rule", hold.selector.rules);
  add("segment", hold.selector.segments);
  if (hold.selector.from) add("from", {core::text(*hold.selector.from)});
  if (hold.selector.to) add("to", {core::text(*hold.selector.to)});
  std::cout << fmt::format("  {} ({}): {}; set {} by {}{}\n", hold.id, hold.matter,
                           what.empty() ? "everything" : what, core::text(hold.time), hold.by,
                           hold.active() ? "" : ", released by " + hold.released_by);
}

void print_view(const evidence::PruneView& view) {
  std::cout << fmt::format("may go: {} records, {} bytes\n", view.records, view.bytes);
  for (const auto& [kind, count] : view.by_kind) std::cout << fmt::format("  {} {}\n", count, kind);
  std::cout << fmt::format("kept: {} whose time is not over, {} of versions in effect\n",
                           view.not_due, view.in_effect);
  for (const auto& [hold, count] : view.held) {
    std::cout << fmt::format("held: {} by {}\n", count, hold);
  }
  if (view.more) std::cout << "there are more, for another turn\n";
}

void show(Context& context, const Options& options) {
  const auto seen = look(options);
  if (!seen) return complain(context, seen.error());
  const auto policy = seen->retention.policy_at(~evidence::LeafIndex{0});
  std::cout << "bodies of records are kept for " << policy.keep.text();
  for (const auto& profile : policy.profiles) std::cout << ", profile " << profile;
  if (seen->retention.policies.empty()) {
    std::cout << " (no policy was set)\n";
  } else {
    std::cout << fmt::format(" (record {})\n", policy.record);
  }
  std::cout << "approvers:";
  if (policy.approvers.empty()) std::cout << " none, so that nothing can be pruned";
  for (const auto& approver : policy.approvers) {
    const auto key = evidence::AttestationVerifier::from_pem(approver.key);
    std::cout << fmt::format("\n  {} {}", approver.name, key ? key->key_id() : "");
  }
  std::cout << "\n";
  print_view(seen->view);
}

void propose(Context& context, const Options& options) {
  const auto seen = look(options);
  if (!seen) return complain(context, seen.error());
  const auto keep = core::CalendarSpan::parse(options.keep);
  if (!keep) {
    return complain(context, {ErrorCode::Usage,
                              fmt::format("`{}` is no span: P7Y, P18M or P400D", options.keep)});
  }
  evidence::RetentionPolicy policy{
      .log = seen->view.log, .keep = *keep, .profiles = options.profiles, .approvers = {}};
  auto people = named_files(options.approvers);
  if (!people) return complain(context, people.error());
  for (auto& [name, pem] : *people) policy.approvers.push_back({name, std::move(pem)});
  const auto text = policy.text();
  if (const auto sound = evidence::RetentionPolicy::parse(text); !sound) {
    return complain(context, sound.error());
  }
  if (const auto written = write_file(options.out, text); !written) {
    return complain(context, written.error());
  }
  std::cout << fmt::format("`{}` keeps bodies of records for {}\n", options.out, keep->text());
  if (!seen->retention.policy_at(~evidence::LeafIndex{0}).approvers.empty()) {
    std::cout << "two of the present approvers sign it: reachproof evidence approve\n";
  }
}

/// What is done with a proposal and its approvals: evidence::set_retention or evidence::prune.
template <class Done>
using Act = Result<Done> (*)(const evidence::PruneUse&, const std::string&,
                             const std::vector<evidence::Approval>&, const evidence::SignerKey&);

template <class Done>
Result<Done> decide(const Options& options, Act<Done> act) {
  const auto proposal = evidence::file_bytes(options.file, kProposalBytesMax);
  if (!proposal) return tl::unexpected(proposal.error());
  const auto approvals = read_approvals(options.approvals);
  if (!approvals) return tl::unexpected(approvals.error());
  const auto key = log_key(options);
  if (!key) return tl::unexpected(key.error());
  return act(use_of(options), *proposal, *approvals, *key);
}

void set_policy(Context& context, const Options& options) {
  const auto place = decide(options, evidence::set_retention);
  if (!place) return complain(context, place.error());
  std::cout << fmt::format("the policy is in force (record {})\n", *place);
}

void prune(Context& context, const Options& options) {
  if (!options.file.empty()) {
    const auto gone = decide(options, evidence::prune);
    if (!gone) return complain(context, gone.error());
    std::cout << fmt::format("the bodies of {} records are gone\n", *gone);
    return;
  }
  const auto seen = look(options);
  if (!seen) return complain(context, seen.error());
  print_view(seen->view);
  if (options.out.empty()) {
    std::cout << "nothing was changed; -o FILE writes a proposal for two approvers to sign\n";
    return;
  }
  if (seen->view.ranges.empty()) {
    return complain(context, {ErrorCode::Usage, "there is nothing to propose: nothing may go"});
  }
  if (const auto written = write_file(options.out, seen->view.proposal()); !written) {
    return complain(context, written.error());
  }
  std::cout << fmt::format("proposed in `{}`; nothing was changed\n", options.out);
}

void approve(Context& context, const Options& options) {
  const auto proposal = evidence::file_bytes(options.file, kProposalBytesMax);
  if (!proposal) return complain(context, proposal.error());
  const auto prune = evidence::proposed_log(*proposal, "prune-proposal");
  const auto policy = evidence::RetentionPolicy::parse(*proposal);
  if (!prune && !policy) return complain(context, policy.error());
  const auto key = evidence::AttestationKey::load(options.key);
  if (!key) return complain(context, key.error());
  const auto signature = key->sign(*proposal);
  if (!signature) return complain(context, signature.error());
  const auto out = options.out.empty() ? options.file + ".sig" : options.out;
  if (const auto written = write_file(out, *signature); !written) {
    return complain(context, written.error());
  }
  const auto& log = prune ? *prune : policy->log;
  std::cout << fmt::format("`{}` approves {} for the log {} at {} records, with key {}\n", out,
                           prune ? "a prune" : "a policy of " + policy->keep.text(), log.origin,
                           log.size, key->verifier().key_id());
}

void set_hold(Context& context, const Options& options) {
  auto from = time_in(options.from);
  auto to = time_in(options.to);
  if (!from || !to) return complain(context, (from ? to : from).error());
  evidence::Hold hold{.id = options.hold,
                      .matter = options.matter,
                      .reason = options.reason,
                      .selector = options.selector,
                      .by = orchestrator::user_at_host(),
                      .time = host::wall_now(),
                      .released_by = {}};
  hold.selector.from = *from;
  hold.selector.to = *to;
  const auto key = log_key(options);
  const auto place = key ? evidence::set_hold(use_of(options), hold, *key)
                         : Result<evidence::LeafIndex>(tl::unexpected(key.error()));
  if (!place) return complain(context, place.error());
  std::cout << fmt::format("hold {} is in force (record {})\n", hold.id, *place);
}

void release_hold(Context& context, const Options& options) {
  const auto key = log_key(options);
  const auto place =
      key ? evidence::release_hold(use_of(options), options.hold, options.reason, *key)
          : Result<evidence::LeafIndex>(tl::unexpected(key.error()));
  if (!place) return complain(context, place.error());
  std::cout << fmt::format("hold {} is released (record {})\n", options.hold, *place);
}

void list_holds(Context& context, const Options& options) {
  const auto reader = evidence::LogReader::open(options.evidence.file);
  if (!reader) return complain(context, reader.error());
  const auto retention = evidence::retention_of(*reader);
  if (!retention) return complain(context, retention.error());
  if (retention->holds.empty()) std::cout << "no hold was ever set\n";
  for (const auto& hold : retention->holds) print_hold(hold);
}

void add_retention(CLI::App& evidence, Context& context, const std::shared_ptr<Options>& options) {
  auto* verb = evidence.add_subcommand("retention", "How long bodies of records are kept");
  add_evidence_option(*verb, options->evidence);
  add_examples(*verb,
               {"reachproof evidence retention",
                "reachproof evidence retention propose --keep P7Y --profile hipaa --approver "
                "alice=alice.pub.pem --approver bob=bob.pub.pem -o policy.json",
                "reachproof evidence retention set policy.json"});
  verb->callback([&context, options, verb] {
    if (verb->get_subcommands().empty()) show(context, *options);
  });
  auto* proposing = verb->add_subcommand("propose", "Write a policy, for the approvers to sign");
  add_evidence_option(*proposing, options->evidence);
  proposing->add_option("--keep", options->keep, "P7Y, P18M or P400D")->capture_default_str();
  proposing->add_option("--profile", options->profiles, "Whose floor holds: hipaa, pci");
  proposing->add_option("--approver", options->approvers, "NAME=FILE with a public key in PEM");
  proposing->add_option("-o,--file", options->out, "Write it here")->required();
  proposing->callback([&context, options] { propose(context, *options); });
  auto* setting = verb->add_subcommand("set", "Put a proposed policy in force");
  add_evidence_option(*setting, options->evidence);
  setting->add_option("policy", options->file, "What `propose` wrote")->required();
  setting->add_option("--approval", options->approvals, "NAME=FILE with an approver's signature");
  setting->callback([&context, options] { set_policy(context, *options); });
}

void add_hold(CLI::App& evidence, Context& context, const std::shared_ptr<Options>& options) {
  auto* verb = evidence.add_subcommand("hold", "Legal holds: what nobody may prune");
  verb->require_subcommand(1);
  add_examples(*verb, {"reachproof evidence hold set H-7 --matter 'case 7' --reason litigation "
                       "--from 2026-01-01 --to 2026-07-01",
                       "reachproof evidence hold release H-7 --reason settled"});
  auto* setting = verb->add_subcommand("set", "Hold records; without a selector, all of them");
  add_evidence_option(*setting, options->evidence);
  setting->add_option("hold", options->hold, "Its name")->required();
  setting->add_option("--matter", options->matter, "The case that it is for")->required();
  setting->add_option("--reason", options->reason, "Why")->required();
  setting->add_option("--run", options->selector.runs, "Of these runs");
  setting->add_option("--rule", options->selector.rules, "Of runs that test these rules");
  setting->add_option("--segment", options->selector.segments, "Of runs over these segments");
  setting->add_option("--from", options->from, "Of this time and after");
  setting->add_option("--to", options->to, "Of before this time");
  setting->callback([&context, options] { set_hold(context, *options); });
  auto* releasing = verb->add_subcommand("release", "Release a hold");
  add_evidence_option(*releasing, options->evidence);
  releasing->add_option("hold", options->hold, "Its name")->required();
  releasing->add_option("--reason", options->reason, "Why")->required();
  releasing->callback([&context, options] { release_hold(context, *options); });
  auto* listing = verb->add_subcommand("list", "All holds, released ones too");
  add_evidence_option(*listing, options->evidence);
  listing->callback([&context, options] { list_holds(context, *options); });
}

void add_prune(CLI::App& evidence, Context& context, const std::shared_ptr<Options>& options) {
  auto* verb = evidence.add_subcommand(
      "prune", "What may go; with a proposal that two approvers signed, let it go");
  add_evidence_option(*verb, options->evidence);
  verb->add_option("proposal", options->file, "What `prune -o` wrote");
  verb->add_option("--approval", options->approvals, "NAME=FILE with an approver's signature");
  verb->add_option("-o,--file", options->out, "Write a proposal here");
  add_examples(*verb, {"reachproof evidence prune", "reachproof evidence prune -o prune.json",
                       "reachproof evidence prune prune.json --approval alice=alice.sig "
                       "--approval bob=bob.sig"});
  verb->callback([&context, options] { prune(context, *options); });
  auto* approving = evidence.add_subcommand("approve", "Sign a proposal as an approver");
  approving->add_option("proposal", options->file, "A policy or a prune")->required();
  approving->add_option("--key", options->key, "Your private key in PEM: Ed25519 or P-256")
      ->required();
  approving->add_option("-o,--file", options->out, "Write the signature here: FILE.sig");
  add_examples(*approving, {"reachproof evidence approve prune.json --key alice.pem -o alice.sig"});
  approving->callback([&context, options] { approve(context, *options); });
}

}  // namespace

void add_evidence_retention(CLI::App& evidence, Context& context) {
  auto options = std::make_shared<Options>();
  add_retention(evidence, context, options);
  add_hold(evidence, context, options);
  add_prune(evidence, context, options);
}

}  // namespace reachproof::cli
