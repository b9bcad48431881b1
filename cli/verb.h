#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/inventory.h"
#include "core/plan.h"
#include "core/scenario.h"
#include "reports/look.h"

/// What the verbs of `reachproof` share. Each verb is one file with one `add_` function that
/// declares its options and says what to do when it is chosen.
namespace reachproof::cli {

/// The exit codes, the same for all verbs (docs/cli.md).
enum class Exit : int {
  Ok = 0,
  Internal = 1,
  Usage = 2,
  Findings = 3,
  Unproven = 4,
  Evidence = 5,
  NotAuthorised = 6,
  Refused = 7,
  Unavailable = 8,
  TimedOut = 124,
  Interrupted = 130,
};

/// Options that stand before the verb, and what the verb leaves behind.
struct Context {
  std::string program;  ///< how we were called
  std::string colour = "auto";
  std::string output = "table";
  /// The words behind `--`, for the verb that runs a command. They never meet the parser, which
  /// would take `[ ... ]` for a list.
  std::vector<std::string> behind_dashes;
  Exit exit = Exit::Ok;

  [[nodiscard]] reports::Look look() const;
  [[nodiscard]] bool json() const { return output == "json"; }
};

/// Prints "reachproof: <message>" and keeps the exit code that fits the error.
void complain(Context& context, const Error& error);

/// A scenario and, where asked for, its inventory. Problems go to standard error, all of them.
struct Documents {
  core::Scenario scenario;
  core::Inventory inventory;
};
struct DocumentOptions {
  std::string scenario = "scenario.yaml";
  std::string inventory;        ///< empty: inventory.yaml beside the scenario
  std::string at;               ///< a date, or a date and time, in place of now
  bool lapsed_is_told = false;  ///< an exception that expired is a warning, not an error
};
void add_document_options(CLI::App& verb, DocumentOptions& options);
/// Nothing where there were errors; the exit code is then set.
[[nodiscard]] std::optional<Documents> load_documents(Context& context,
                                                      const DocumentOptions& options,
                                                      bool with_inventory);
/// The time that rules are judged at: --at, or now.
[[nodiscard]] std::optional<core::WallTime> time_of(Context& context,
                                                    const DocumentOptions& options);

/// The plan of a run, unless it is too large; then that has been said.
[[nodiscard]] std::optional<core::Plan> plan_of(Context& context, const Documents& documents,
                                                const core::PlanOptions& options);

/// --evidence, and what belongs to that file.
struct EvidenceOptions {
  std::string file = "reachproof.db";
  [[nodiscard]] std::string key_path() const { return file + ".key"; }
  [[nodiscard]] std::string vkey_path() const { return file + ".vkey"; }
};
void add_evidence_option(CLI::App& verb, EvidenceOptions& options);

/// Where this program and the probe's are, as absolute paths.
[[nodiscard]] std::string own_path();
[[nodiscard]] std::string probe_path();

/// Example lines for --help.
void add_examples(CLI::App& verb, const std::vector<std::string>& examples);

void add_init(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_schema(CLI::App& app, Context& context);
void add_catalog(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_run(CLI::App& app, Context& context);
void add_selftest(CLI::App& app, Context& context);
void add_results(CLI::App& app, Context& context);
void add_runs(CLI::App& app, Context& context);
void add_matrix(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_diff(CLI::App& app, Context& context);
void add_report(CLI::App& app, Context& context);
void add_evidence(CLI::App& app, Context& context);
void add_lab(CLI::App& app, Context& context);
void add_controls(CLI::App& app, Context& context);
void add_coverage(CLI::App& app, Context& context);
void add_exceptions(CLI::App& app, Context& context);
void add_findings(CLI::App& app, Context& context);
void add_served_findings(CLI::App& findings, Context& context);  ///< list, show, ack, assign
void add_login(CLI::App& app, Context& context);                 ///< login, logout, whoami
void add_token(CLI::App& app, Context& context);
void add_audit(CLI::App& app, Context& context);
void add_engagement(CLI::App& app, Context& context);
void add_schedule(CLI::App& app, Context& context);
void add_api(CLI::App& app, Context& context);
void add_serve(CLI::App& app, Context& context);
void add_probe(CLI::App& app, Context& context);
void add_stop(CLI::App& app, Context& context);
void add_sign(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);
void add_completion(CLI::App& app, Context& context);

}  // namespace reachproof::cli
