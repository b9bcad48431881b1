#include <fmt/core.h>

#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "cli/anchor.h"
#include "cli/gate.h"
#include "cli/launched_run.h"
#include "core/plan.h"
#include "reports/junit.h"
#include "reports/run_json.h"
#include "reports/run_text.h"

namespace reachproof::cli {
namespace {

struct RunOptions {
  DocumentOptions documents;
  EvidenceOptions evidence;
  AuthorityOptions authority;
  core::PlanOptions plan;
  GateOptions gate;
  std::string timeout;
  std::string run_limit;
  std::string probe_timeout;
  std::string require_proof = "corroborated";
  std::string junit_file;
  std::string why;
  std::string change;
  bool quiet = false;
  bool exit_zero = false;
};

Result<void> write_whole_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file || std::rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::Io, fmt::format("cannot write `{}`", path));
  }
  return {};
}

bool set_durations(Context& context, RunOptions& options, orchestrator::RunEngine::Limits& limits) {
  const auto read = [&](const std::string& text, std::chrono::milliseconds& into,
                        std::string_view name) {
    if (text.empty()) return true;
    const auto value = core::parse_duration(text);
    if (value) into = *value;
    if (!value) {
      complain(context, {ErrorCode::Usage,
                         fmt::format("{}: `{}` is not a duration such as 3s", name, text)});
    }
    return value.has_value();
  };
  const bool sound = read(options.timeout, options.plan.timeout, "--attempt-timeout") &&
                     read(options.run_limit, limits.run, "--timeout") &&
                     read(options.probe_timeout, limits.start, "--probe-timeout");
  if (!options.probe_timeout.empty()) limits.arm = limits.start;
  if (sound && options.plan.timeout > protocol::kTimeoutMax) {
    complain(context, {ErrorCode::Usage, "--attempt-timeout: at most 60s"});
    return false;
  }
  return sound;
}

void print_run(const Context& context, const evidence::StoredRun& run,
               const orchestrator::RunResult& result, const EvidenceOptions& evidence,
               const reports::Compared* compared) {
  if (context.json()) {
    std::cout << reports::results_json(run, {}, compared);
    return;
  }
  const auto look = context.look();
  std::cout << "\n"
            << reports::matrix(run, reports::MatrixView::Difference, reports::MatrixBy::Segment,
                               look);
  std::cout << "\n" << reports::findings(run, look) << "\n";
  if (compared != nullptr) {
    std::cout << reports::diff_text(compared->baseline(), run, compared->diff(), look) << "\n";
  }
  const auto limits = reports::limitations(run, look);
  if (!limits.empty()) std::cout << limits << "\n";
  std::cout << reports::summary(run, look);
  std::istringstream note(result.checkpoint);
  std::string origin;
  std::string size;
  std::string root;
  std::getline(note, origin);
  std::getline(note, size);
  std::getline(note, root);
  std::cout << fmt::format(
      "evidence: {} ({} records, root {}); verify it with: "
      "reachproof evidence verify -e {}\n",
      evidence.file, size, root, evidence.file);
}

/// The run is over and kept whether or not an authority answers: its exit code stays.
void print_anchor(const RunOptions& options) {
  const auto said = anchor_newest_checkpoint(options.evidence, options.authority);
  std::cerr << (said ? "time stamp: " + *said : "reachproof: " + said.error().message) << "\n";
}

void run(Context& context, RunOptions& options) {
  const auto fail_on = FailOn::parse(options.gate);
  if (!fail_on) return complain(context, fail_on.error());
  if (const auto sound = check_authority(options.authority); !sound) {
    return complain(context, sound.error());
  }
  orchestrator::RunRequest request;
  if (!set_durations(context, options, request.limits)) return;
  options.documents.lapsed_is_told = true;
  const auto documents = load_documents(context, options.documents, true);
  if (!documents) return;
  options.plan.now = *time_of(context, options.documents);
  const auto plan = plan_of(context, *documents, options.plan);
  if (!plan) return;
  const auto baseline =
      load_gate_baseline(options.gate, options.evidence, documents->scenario.name);
  if (!baseline) return complain(context, baseline.error());
  request.why = options.why;
  request.change = options.change;
  if (!options.documents.at.empty()) request.as_of = options.plan.now;
  request.require_proved = options.require_proof == "proved";
  const auto run =
      launch_run(context, *documents, *plan, options.evidence, options.quiet, std::move(request));
  if (!run) return;
  std::optional<reports::Compared> compared;
  if (*baseline) compared.emplace(**baseline, run->stored);
  const auto* since = compared ? &*compared : nullptr;
  print_run(context, run->stored, run->result, options.evidence, since);
  if (!options.authority.url.empty()) print_anchor(options);
  if (!options.junit_file.empty()) {
    auto written = write_whole_file(options.junit_file, reports::junit(run->stored, since));
    if (!written) return complain(context, written.error());
  }
  context.exit = options.exit_zero ? Exit::Ok : exit_of(run->stored, *fail_on, since, run->result);
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto* verb =
      app.add_subcommand("run", "Try every intended and forbidden flow, and keep evidence");
  auto options = std::make_shared<RunOptions>();
  add_document_options(*verb, options->documents);
  add_evidence_option(*verb, options->evidence);
  verb->add_option("--only", options->plan.only,
                   "Keep checks whose id contains one of these texts");
  verb->add_option("--skip", options->plan.skip,
                   "Drop checks whose id contains one of these texts");
  verb->add_option("--attempts", options->plan.attempts, "Tries on each path")
      ->check(CLI::Range(1, 100));
  verb->add_option("--attempt-timeout", options->timeout, "Of one try, such as 1s");
  verb->add_option("--timeout", options->run_limit, "Of the whole run, such as 30m (exit 124)");
  verb->add_option("--probe-timeout", options->probe_timeout,
                   "For a probe to start, and a witness to be armed (default 20s)");
  verb->add_option("--require-proof", options->require_proof,
                   "What a pass needs: corroborated, or proved")
      ->check(CLI::IsMember({"corroborated", "proved"}))
      ->capture_default_str();
  add_gate_options(*verb, options->gate);
  verb->add_option("--junit-file", options->junit_file, "Write the result as JUnit XML, too");
  verb->add_option("--change", options->change,
                   "The change of the network after which this run is made, by its id");
  verb->add_option("--reason", options->why, "Why this run is made; kept in the evidence");
  add_authority_options(*verb, options->authority);
  verb->add_flag("-q,--quiet", options->quiet, "No progress");
  verb->add_flag("--exit-zero", options->exit_zero, "Exit 0 whatever was found");
  add_examples(*verb, {"reachproof run scenario.yaml", "reachproof run --only X03 --attempts 5",
                       "reachproof run --fail-on violation --junit-file result.xml",
                       "reachproof run --baseline last-green --fail-on new-violation,new-broken",
                       "reachproof --output json run --quiet > result.json"});
  verb->callback([&context, options] { run(context, *options); });
}

}  // namespace reachproof::cli
