#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"
#include "core/scenario.h"
#include "core/verdict.h"

/// Departures from intent that live across runs: they open, persist and close. Pure; every change
/// is an event that becomes a record, and the book is the fold of its events.
namespace reachproof::core {

enum class FindingKind : std::uint8_t {
  Violation,
  Broken,
  CannotTest,  ///< half of a run's vantages or more were lost: one for all that it could not test
};

/// Where a finding stands. Only Open and Recovering count as open.
enum class FindingPhase : std::uint8_t {
  Clear,
  Suspected,  ///< broken in one of the last runs; not yet told to anybody
  Open,
  Recovering,  ///< open, and passed in its newest run
};

/// What one run says of one fingerprint, over all its checks.
enum class FindingOutcome : std::uint8_t {
  Failed,
  Passed,   ///< every check of it was proven as intended
  Unknown,  ///< something of it is unproven, or excepted: neither opens nor closes
  Gone,     ///< the run tested everything, and has no such check any more
};

/// What a finding is about. The same in every event of it, but for severity and reachability.
struct FindingSubject {
  std::string fingerprint;
  FindingKind kind = FindingKind::Violation;
  std::string scenario;
  std::string rule;
  std::string source_segment;
  std::string destination_segment;
  std::string port;   ///< "tcp/22", empty for CannotTest
  std::string title;  ///< for people: "office to data, tcp/22"
  Severity severity = Severity::Medium;
  Reachability reachability = Reachability::Inconclusive;  ///< of its worst check in that run
};

struct FindingEvent {
  enum class What : std::uint8_t {
    Suspected,
    Watched,
    Cleared,
    Opened,
    Reopened,
    Recovering,
    Closed,
    Relapsed
  };
  What what = What::Opened;
  FindingSubject subject;
  std::string run;
  WallTime at{};
  std::string why;
  /// Whether people should hear of it; the others only keep count.
  [[nodiscard]] bool is_news() const {
    return what == What::Opened || what == What::Reopened || what == What::Closed;
  }
};

struct Finding {
  FindingEvent newest;
  FindingPhase phase = FindingPhase::Clear;
  WallTime opened{};
  WallTime closed{};
  int times_opened = 0;
  int counted = 0;  ///< runs since it was suspected, or since it began to recover
  static constexpr int kOpeningsOfFlapping = 3;
  static constexpr int kRunsToCalm = 3;  ///< so many without it close one that flaps
  /// Opened so often that its coming and going is no news any more.
  [[nodiscard]] bool is_flapping() const { return times_opened >= kOpeningsOfFlapping; }
  [[nodiscard]] bool is_open() const {
    return phase == FindingPhase::Open || phase == FindingPhase::Recovering;
  }
};

/// What a run says of one fingerprint.
struct FindingFacts {
  FindingSubject subject;
  FindingOutcome outcome = FindingOutcome::Unknown;
};

struct FindingRun {
  std::string run;
  WallTime at{};
  bool whole = false;  ///< it tested everything that the scenario speaks of
  /// Half of its vantages or more were lost: nothing is broken because of that, and CannotTest
  /// opens instead, once, until a run has its vantages again.
  bool outage = false;
  std::vector<FindingFacts> facts;
};

/// A denied flow that is reachable opens at once: one success is a fact; it closes with the first
/// run that proves it blocked, and from its third opening on with the third such run in a row. A
/// broken one opens when it failed in two of three runs, and closes when it passed in two in a row.
/// What is unproven changes nothing. A fact of kind CannotTest follows the run's `outage`, whatever
/// its outcome says.
class FindingBook {
 public:
  /// The events of a run; take() them once they are kept.
  [[nodiscard]] std::vector<FindingEvent> events_of(const FindingRun& run) const;
  void take(const FindingEvent& event);

  [[nodiscard]] const std::map<std::string, Finding>& findings() const { return findings_; }

 private:
  std::map<std::string, Finding> findings_;
};

[[nodiscard]] std::string_view word(FindingKind kind);
[[nodiscard]] std::string_view word(FindingEvent::What what);
[[nodiscard]] std::optional<FindingKind> finding_kind_of(std::string_view word);
[[nodiscard]] std::optional<FindingEvent::What> finding_event_of(std::string_view word);

}  // namespace reachproof::core
