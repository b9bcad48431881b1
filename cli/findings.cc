#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <iostream>
#include <memory>

#include "cli/verb.h"
#include "evidence/finding_records.h"

namespace reachproof::cli {
namespace {

namespace json = boost::json;

json::object object_of(const core::Finding& finding) {
  return {{"fingerprint", finding.newest.subject.fingerprint},
          {"state", finding.is_open() ? "open" : "closed"},
          {"kind", core::word(finding.newest.subject.kind)},
          {"rule", finding.newest.subject.rule},
          {"title", finding.newest.subject.title},
          {"severity", core::word(finding.newest.subject.severity)},
          {"opened", core::text(finding.opened)},
          {"closed", finding.is_open() ? "" : core::text(finding.closed)},
          {"times_opened", finding.times_opened},
          {"run", finding.newest.run},
          {"why", finding.newest.why}};
}

void list(Context& context, const EvidenceOptions& evidence, bool all) {
  const auto log = evidence::LogReader::open(evidence.file);
  if (!log) return complain(context, log.error());
  const auto book = evidence::load_findings(*log);
  if (!book) return complain(context, book.error());
  std::vector<const core::Finding*> findings;
  for (const auto& [fingerprint, finding] : book->findings()) {
    if (finding.times_opened > 0 && (all || finding.is_open())) findings.push_back(&finding);
  }
  std::ranges::stable_sort(findings, std::ranges::greater{},
                           [](const auto* f) { return f->newest.subject.severity; });
  const bool any_open = std::ranges::any_of(findings, [](const auto* f) { return f->is_open(); });
  if (any_open) context.exit = Exit::Findings;
  if (context.json()) {
    json::array items;
    for (const auto* finding : findings) items.push_back(object_of(*finding));
    std::cout << json::serialize(json::object{
                     {"apiVersion", "reachproof/v1"}, {"kind", "Findings"}, {"findings", items}})
              << "\n";
    return;
  }
  if (findings.empty()) std::cout << "no finding is open\n";
  for (const auto* finding : findings) {
    std::cout << fmt::format(
        "{:<7}{:<10}{:<9}{:<10}{:<32}since {}{}\n", finding->is_open() ? "open" : "closed",
        core::word(finding->newest.subject.kind), core::word(finding->newest.subject.severity),
        finding->newest.subject.rule, finding->newest.subject.title, core::text(finding->opened),
        finding->is_open() ? "" : ", closed " + core::text(finding->closed));
  }
}

}  // namespace

void add_findings(CLI::App& app, Context& context) {
  auto* verb =
      app.add_subcommand("findings", "What departs from intent, over all runs of a service");
  auto evidence = std::make_shared<EvidenceOptions>();
  auto all = std::make_shared<bool>(false);
  add_evidence_option(*verb, *evidence);
  verb->add_flag("--all", *all, "Those that are closed too");
  add_examples(*verb, {"reachproof findings -e /var/lib/reachproof/evidence.db --all"});
  add_served_findings(*verb, context);
  verb->callback([&context, verb, evidence, all] {
    if (verb->get_subcommands().empty()) list(context, *evidence, *all);
  });
}

}  // namespace reachproof::cli
