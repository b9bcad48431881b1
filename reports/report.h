#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/diff.h"
#include "core/findings.h"
#include "evidence/run_evidence.h"
#include "evidence/stored_run.h"
#include "reports/grid.h"

/// One run as every report tells it: what was not tested first, then what departs from intent, then
/// what was proven. The writers beside it (oscal, ocsf, sarif, navigator, csv, json, markdown,
/// html) turn this one model into their formats and decide nothing of their own. Pure.
namespace reachproof::reports {

/// Takes the pieces of an output in their order: a report of a million checks is never held whole.
using Sink = std::function<void(std::string_view)>;

/// What a report is made from. The run is enough; each of the others adds what it knows.
struct ReportSources {
  const evidence::StoredRun* run = nullptr;
  const evidence::StoredRun* baseline = nullptr;  ///< an earlier run of the same scenario
  const core::Scenario* scenario = nullptr;       ///< as the run's snapshot has it
  /// Runs of the same scenario up to this one, the oldest first; null where none are known.
  const std::vector<evidence::RunSummary>* history = nullptr;
  const core::FindingBook* findings = nullptr;      ///< over all runs of the log
  const evidence::RunEvidence* evidence = nullptr;  ///< hashes, proofs, checkpoint
  std::string scenario_uri;  ///< of the scenario in its repository; empty: the file's own name
  std::string software;      ///< that writes the report: "0.1.0"
};

/// Something that this run does not speak about, and why.
struct Untested {
  enum class What {
    Run,        ///< it never finished, or ended early
    Canary,     ///< nothing of a segment counts as blocked
    Checks,     ///< checks that could not be tried
    Rule,       ///< what a rule asks for and no check tests
    Probe,      ///< a probe was lost
    Refusal,    ///< a probe refused an order
    Endpoints,  ///< endpoint pairs beyond the samples
    Pairs,      ///< ordered pairs of segments without any check
    Scope,      ///< protocols or address families that were not used
  };
  What what = What::Run;
  std::string subject;  ///< a rule, a probe, "12 checks"
  std::string why;
};
[[nodiscard]] std::string_view word(Untested::What what);

/// Counts by result, those of passes by proof.
struct Tally {
  int checks = 0;
  int violations = 0;
  int broken = 0;
  int unproven = 0;
  int excepted = 0;
  int passes = 0;
  int proved = 0;        ///< passes that are
  int corroborated = 0;  ///< passes that are that only
  int in_use = 0;
  int idle = 0;
  int untestable = 0;  ///< of the unproven: no check could be made
};

/// One run in the line of runs that led to this one.
struct RunPoint {
  std::string run;
  core::WallTime started{};
  std::string change;  ///< of the network, after which it was made; may be empty
  bool finished = false;
  std::map<std::string, int> results;  ///< count of checks by result word
};
/// The newest so many are shown.
inline constexpr std::size_t kHistoryRunsMax = 30;

/// What was tried at all.
struct Scope {
  std::vector<std::string> ports;  ///< "tcp/443", sorted
  bool ipv4 = false;
  bool ipv6 = false;
  int attempts = 0;
  int pairs_tested = 0;  ///< ordered pairs of segments, a segment with itself among them
  int pairs = 0;
};

/// A rule, as the checks of the run name it.
struct RuleUse {
  std::string id;
  std::string why;
  core::Expectation expectation = core::Expectation::Deny;
  core::Severity severity = core::Severity::Medium;
  std::string file;  ///< where it stands
  int line = 0;      ///< from 1; 0 where nothing says so
  std::vector<std::string> controls;
  std::vector<std::string> techniques;
  Tally tally;
};

/// A check that is not as intended, or not known to be.
struct Departure {
  const evidence::StoredCheck* check = nullptr;
  std::optional<core::Finding> finding;  ///< its life over the runs, where the log keeps findings
  bool is_new = false;  ///< there is a baseline, and it did not fail, or was not unproven, there
};

struct Comparison {
  std::string run;  ///< the baseline's id
  core::WallTime started{};
  core::RunDiff diff;
};

/// An exception that checks of the run lean on, or that none does.
struct ExceptionUse {
  std::string id;
  const core::ExceptionRule* rule = nullptr;  ///< null without the scenario
  std::vector<const evidence::StoredCheck*> checks;
  int open = 0;  ///< of the checks: those that are in fact reachable
};

/// A control that rules name. What is found here supports evidence for it, and is no judgement of
/// the control.
struct ControlSupport {
  std::string id;
  std::string framework;  ///< empty without the scenario's catalogue
  std::string ref;
  std::string title;
  Tally tally;
  bool denies = false;         ///< checks that expect deny are among those behind it
  bool requires_flow = false;  ///< checks of required flows are
};

/// An ATT&CK technique that rules name: the reachability it needs, never the technique itself.
struct TechniqueExposure {
  std::string id;
  Tally tally;
};

/// Holds pointers into its sources, which must outlive it.
struct Report {
  ReportSources from;
  const evidence::StoredRun& run;
  std::string untested_sentence;  ///< what was not tested, in one sentence: stated first
  std::string sentence;           ///< how it ended, in one sentence
  std::vector<Untested> untested;
  Tally tally;
  Scope scope;
  Grid segments;
  std::vector<std::string> outside;  ///< of its names: what belongs to no segment
  Grid workloads;
  std::vector<Departure> departures;  ///< worst first
  std::optional<Comparison> change;
  std::vector<RunPoint> history;  ///< of this scenario, the oldest first, this run the last
  std::vector<RuleUse> rules;     ///< in the order of the checks
  std::vector<ExceptionUse> exceptions;
  std::vector<ControlSupport> controls;
  std::vector<TechniqueExposure> techniques;

  /// Of a record, empty where the report was made without the log's hashes.
  [[nodiscard]] std::string leaf_sha256(const std::optional<evidence::LeafIndex>& record) const;
};

[[nodiscard]] Report make_report(const ReportSources& sources);

/// The records that tell of the departures: what a report embeds.
[[nodiscard]] std::set<evidence::LeafIndex> records_of_departures(const evidence::StoredRun& run);

/// When the run ended, or began where it never did: the date of everything that is written.
[[nodiscard]] core::WallTime dated(const evidence::StoredRun& run);
/// First and last try of a check on the wire; the run's beginning where there was none.
struct Tried {
  core::WallTime first{};
  core::WallTime last{};
};
[[nodiscard]] Tried tried(const evidence::StoredRun& run, const evidence::StoredCheck& check);
/// "vendor-vpn reached phi-db tcp/5432, which must be blocked": a check in one sentence.
[[nodiscard]] std::string headline(const evidence::StoredCheck& check);
/// "ehr-app -> phi-db tcp/5432".
[[nodiscard]] std::string flow_text(const core::Check& check);

/// What a passing check leaves unsaid; every report ends with these.
[[nodiscard]] const std::vector<std::string>& standing_limitations();
/// What a reader who audits looks for, and this tool cannot know: to be attached by people.
[[nodiscard]] const std::vector<std::string>& to_be_attached();

}  // namespace reachproof::reports
