#include <iostream>
#include <memory>

#include "cli/anchor.h"
#include "cli/evidence_verbs.h"

/// `evidence timestamp`: anchors the newest checkpoint at a time stamping authority (RFC 3161).
namespace reachproof::cli {

void add_evidence_timestamp(CLI::App& evidence, Context& context) {
  auto* verb = evidence.add_subcommand(
      "timestamp", "Anchor the newest checkpoint at a time stamping authority (RFC 3161)");
  struct Options {
    EvidenceOptions evidence;
    AuthorityOptions authority;
  };
  auto options = std::make_shared<Options>();
  add_evidence_option(*verb, options->evidence);
  add_authority_options(*verb, options->authority);
  verb->get_option("--tsa")->required();
  add_examples(*verb,
               {"reachproof evidence timestamp --tsa https://tsa.example.com/ --ca tsa.pem"});
  verb->callback([&context, options] {
    if (const auto sound = check_authority(options->authority); !sound) {
      return complain(context, sound.error());
    }
    const auto said = anchor_newest_checkpoint(options->evidence, options->authority);
    if (!said) return complain(context, said.error());
    std::cout << *said << "\n";
  });
}

}  // namespace reachproof::cli
