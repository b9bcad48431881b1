#pragma once

#include <chrono>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/address.h"
#include "core/calendar.h"
#include "core/flow.h"
#include "core/layer.h"
#include "core/rate.h"

/// The scenario as plain values, after everything in it was validated: what must hold between
/// workloads. `scenarios::load_scenario` makes one; the planner reads it. docs/scenario-format.md
/// is the language that people write.
namespace reachproof::core {

/// Where in a file something stands, line and column counted from 1; 0 means "nowhere" (implied).
struct SourceMark {
  int line = 0;
  int column = 0;
  int file = 0;  ///< 0 the scenario itself, n the n-th of what it includes: Scenario::included
  bool operator==(const SourceMark&) const = default;
  /// By file, then by place in it.
  std::strong_ordering operator<=>(const SourceMark& other) const {
    return std::tie(file, line, column) <=> std::tie(other.file, other.line, other.column);
  }
};

enum class Severity { Low, Medium, High, Critical };

/// How often and how long one check is tried.
struct CheckSettings {
  std::string schedule;                     ///< name of a schedule, empty for none
  int samples = 2;                          ///< endpoint pairs tried for one check
  int attempts = 3;                         ///< tries on each path
  std::chrono::milliseconds timeout{3000};  ///< of one try
};

struct Defaults {
  Severity severity = Severity::Medium;  ///< of a violation of default deny
  CheckSettings check;
  int exception_days_max = 90;
};

struct Service {
  std::string name;
  std::vector<PortRange> ports;
  SourceMark mark;
};

struct Segment {
  enum class Mode { Enforce, Observe };
  std::string name;
  Mode mode = Mode::Enforce;
  bool untrusted = false;
  bool internet = false;  ///< `builtin: internet`: one implied workload of the segment's name
  std::vector<std::string> sites;
  std::string description;
  /// Ids of rules that show whether enforcement works there at all; empty for none.
  struct Canary {
    std::string denied;   ///< of a forbid: where it is reachable, nothing there counts as blocked
    std::string allowed;  ///< of a flow: where it is not open, likewise
    bool operator==(const Canary&) const = default;
  };
  Canary canary;
  SourceMark mark;
};

/// One way to recognise an endpoint: every key given must fit (the entries of a list are ORed).
/// Attribute keys are flattened with dots: "aws.account", "aws.tags.App", "k8s.labels.app".
struct Match {
  std::optional<Cidr> cidr;
  std::vector<Cidr> except;
  std::map<std::string, std::string> attributes;
};

struct Workload {
  std::string name;
  std::string segment;   ///< empty for "cloud-metadata", which stands outside every segment
  std::string identity;  ///< SPIFFE id, empty for none
  std::map<std::string, std::string> labels;
  std::vector<Match> match;
  /// A device that a port scan may upset: each of its endpoints gets one TCP attempt at most in a
  /// run, no payload, and only within these hours.
  std::optional<HoursWindow> fragile;
  /// True for what the scenario did not list: the workload of a builtin segment, and
  /// "cloud-metadata" where a selector names that builtin (169.254.169.254, fd00:ec2::254).
  bool builtin = false;
  SourceMark mark;
};

/// The workloads that one end of a rule speaks of, already resolved to names in scenario order.
struct Selection {
  std::vector<std::string> workloads;
  std::string text;  ///< as a person would say it: "vendor-vpn", "segment analytics-aws"
};

/// An intended flow.
struct FlowRule {
  enum class Need { Required, Permitted };
  std::string id;
  Selection from;
  Selection to;
  std::string service;  ///< its name, or the ports as written
  std::vector<PortRange> ports;
  Need need = Need::Required;
  std::optional<Severity> severity;
  std::optional<HoursWindow> hours;  ///< outside these the flow is not intended
  CheckSettings check;
  std::string why;
  LayerPtr layer;  ///< what is asked above the network, null for nothing
  std::vector<std::string> controls;
  std::vector<std::string> techniques;
  SourceMark mark;
};

struct ForbidRule {
  enum class Reach { Direct, Transitive };
  std::string id;
  std::string title;
  Severity severity = Severity::High;
  Selection from;
  Selection to;
  std::string service;
  std::vector<PortRange> ports;
  Reach reach = Reach::Direct;
  CheckSettings check;
  std::string why;
  LayerPtr layer;  ///< what is asked above the network, null for nothing
  std::vector<std::string> controls;
  std::vector<std::string> techniques;
  /// How a compromise spreads from hop to hop; read for Reach::Transitive alone.
  struct Assumption {
    std::string pivot = "any-open-tcp";
    int hops_max = 4;
    std::vector<std::string> barriers;  ///< workloads that are no stepping stones
  };
  Assumption assume;
  SourceMark mark;
};

/// A time-limited acceptance of one violation. In force from `created` to `expires`, both included.
struct ExceptionRule {
  std::string id;
  std::string of;  ///< id of the forbid that it lifts, or "default"
  Selection from;
  Selection to;
  std::string service;
  std::vector<PortRange> ports;
  std::string owner;
  std::string approver;
  std::string rationale;
  std::string ticket;
  Date created{};
  Date expires{};
  std::vector<std::string> compensating;
  std::string type;  ///< "risk-accepted" and the like, empty where none was given
  std::string requested_by;
  std::optional<Date> review_by;
  std::optional<Severity> severity_initial;
  std::optional<Severity> severity_adjusted;
  std::vector<std::string> controls;
  SourceMark mark;

  [[nodiscard]] bool in_force(Date day) const { return created <= day && day <= expires; }
};

/// Which runs go first where not all can.
enum class Priority : std::uint8_t { Low, Normal, High };

struct Schedule {
  std::string name;
  std::string cron;
  std::string timezone = "UTC";         ///< IANA name, in which `cron` is meant
  std::chrono::milliseconds window{0};  ///< in which a run begins and ends; 0 for no limit
  std::chrono::milliseconds jitter{0};  ///< each occurrence begins up to so much later
  Priority priority = Priority::Normal;
  int vantages_online = 0;  ///< percent of its vantages without which it does not begin
  std::optional<Rate> rate;
  std::vector<Severity> select_severity;
  bool rotate_all_pairs = false;
  SourceMark mark;
};

struct Blackout {
  std::vector<std::string> workloads;
  HoursWindow hours;
  std::string why;
  SourceMark mark;
};

struct Limits {
  Rate rate{50, std::chrono::seconds(1)};       ///< attempts of the whole run
  Rate per_target{1, std::chrono::seconds(1)};  ///< attempts at one endpoint
  std::vector<Blackout> blackouts;
};

struct Control {
  std::string id;
  std::string framework;
  std::string ref;
  std::string title;
  std::optional<CalendarSpan> cadence;  ///< at least one run in each such span
};

struct Scenario {
  std::string name;
  std::string owner;
  std::string file;  ///< as the user named it
  /// The bytes that were read, and those of what it includes behind them: evidence keeps a
  /// snapshot, and the scenario can be loaded again from it alone.
  std::string text;
  std::vector<std::string> included;  ///< names of what it includes, in order
  Defaults defaults;
  std::vector<Service> services;
  std::vector<Segment> segments;
  std::vector<Workload> workloads;
  std::vector<FlowRule> flows;
  std::vector<ForbidRule> forbids;
  std::vector<ExceptionRule> exceptions;
  std::vector<Schedule> schedules;
  Limits limits;
  std::vector<Control> controls;

  [[nodiscard]] const Segment* segment(const std::string& segment_name) const;
  [[nodiscard]] const Workload* workload(const std::string& workload_name) const;
};

[[nodiscard]] std::string_view word(Severity severity);  ///< "low", "medium", "high", "critical"
[[nodiscard]] std::optional<Severity> severity_of(std::string_view word);

}  // namespace reachproof::core
