#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>

#include "cli/recent_runs.h"
#include "reports/exception_audit.h"
#include "reports/table.h"

/// `exceptions`: who accepted what until when, and what has become of it.
namespace reachproof::cli {
namespace {

using reports::ExceptionAudit;

constexpr std::size_t kRunsMax = 60;

struct Options {
  DocumentOptions documents;
  EvidenceOptions evidence;
  int days = 30;
  std::string fail_on = "expired";
};

const std::map<std::string, bool ExceptionAudit::*>& flags() {
  static const std::map<std::string, bool ExceptionAudit::*> known{
      {"expired", &ExceptionAudit::expired},   {"expiring", &ExceptionAudit::expiring},
      {"unused", &ExceptionAudit::unused},     {"stale", &ExceptionAudit::stale},
      {"review", &ExceptionAudit::review_due}, {"broad", &ExceptionAudit::broad}};
  return known;
}

Result<std::vector<bool ExceptionAudit::*>> fail_on(const std::string& text) {
  std::vector<bool ExceptionAudit::*> asked;
  std::istringstream words(text);
  std::string word;
  while (std::getline(words, word, ',')) {
    const auto flag = flags().find(word);
    if (flag != flags().end()) {
      asked.push_back(flag->second);
    } else if (word != "none") {
      return fail(ErrorCode::Usage, fmt::format("--fail-on: `{}` is not expired, expiring, review, "
                                                "unused, stale, broad or none",
                                                word));
    }
  }
  return asked;
}

/// The newest finished runs of the scenario in the last days, the oldest first.
Result<std::vector<evidence::StoredRun>> recent_runs(const Options& options,
                                                     const std::string& scenario,
                                                     core::WallTime now) {
  std::vector<evidence::StoredRun> runs;
  const auto since = now - std::chrono::days(options.days);
  auto read = for_recent_runs(options.evidence, scenario, since, [&](const auto& run) {
    if (runs.size() < kRunsMax) runs.push_back(run);
  });
  if (!read) return tl::unexpected(read.error());
  std::ranges::reverse(runs);
  return runs;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

void print(const std::vector<ExceptionAudit>& audits, std::size_t runs, const Options& options,
           const reports::Look& look) {
  if (audits.empty()) {
    std::cout << "The scenario has no exceptions.\n";
    return;
  }
  reports::Table table(
      {"exception", "lifts", "owner", "approver", "ticket", "expires", "open", "remarks"});
  for (const auto& audit : audits) {
    const auto& rule = *audit.rule;
    const auto said = reports::remarks(audit);
    const auto paint = audit.expired  ? reports::Paint::Bad
                       : said.empty() ? reports::Paint::Plain
                                      : reports::Paint::Unsure;
    table.add({{rule.id},
               {rule.of},
               {rule.owner},
               {rule.approver},
               {rule.ticket},
               {core::text(rule.expires)},
               {fmt::format("{}/{}", audit.open, audit.checks)},
               {said.empty() ? "in use" : joined(said), paint}});
  }
  std::cout << table.text(look);
  std::cout << fmt::format("\nBy {} finished run{} of the last {} days in `{}`.\n", runs,
                           runs == 1 ? "" : "s", options.days, options.evidence.file);
  if (runs == 0) std::cout << "Without a run nothing can be called unused or stale.\n";
}

void audit(Context& context, Options& options, bool judge) {
  const auto asked = fail_on(options.fail_on);
  if (!asked) return complain(context, asked.error());
  options.documents.lapsed_is_told = true;
  const auto documents = load_documents(context, options.documents, false);
  if (!documents) return;
  const auto now = *time_of(context, options.documents);
  const auto runs = recent_runs(options, documents->scenario.name, now);
  if (!runs) return complain(context, runs.error());
  const auto audits = reports::audit_exceptions(documents->scenario,
                                                std::chrono::floor<std::chrono::days>(now), *runs);
  if (context.json()) {
    std::cout << reports::exception_audit_json(audits);
  } else {
    print(audits, runs->size(), options, context.look());
  }
  if (!judge) return;
  for (const auto& one : audits) {
    for (const auto flag : *asked) {
      if (one.*flag) context.exit = Exit::Findings;
    }
  }
}

}  // namespace

void add_exceptions(CLI::App& app, Context& context) {
  auto* verb =
      app.add_subcommand("exceptions", "Accepted violations: who, until when, still used?");
  verb->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, bool judge) {
    auto options = std::make_shared<Options>();
    auto* inner = verb->add_subcommand(name, what);
    inner->add_option("scenario", options->documents.scenario, "The scenario")
        ->capture_default_str();
    inner->add_option("--at", options->documents.at, "As of this date in place of today");
    add_evidence_option(*inner, options->evidence);
    inner->add_option("--days", options->days, "Look at runs of so many days")
        ->check(CLI::Range(1, 3660))
        ->capture_default_str();
    if (judge) {
      inner
          ->add_option("--fail-on", options->fail_on,
                       "Exit 3 where any is: expired, expiring, review, unused, stale, broad")
          ->capture_default_str();
    }
    inner->callback([&context, options, judge] { audit(context, *options, judge); });
    return inner;
  };
  add("list", "All exceptions of a scenario", false);
  auto* auditing = add("audit", "The same, and exit 3 where one is expired", true);
  add_examples(*auditing, {"reachproof exceptions audit",
                           "reachproof exceptions audit --fail-on expired,unused,stale --days 90"});
}

}  // namespace reachproof::cli
