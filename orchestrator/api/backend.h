#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/calendar.h"
#include "core/error.h"
#include "evidence/log.h"

/// What the API's routes need of the service, one small interface for each resource. Everything
/// happens on the loop's thread.
///
/// Questions are answered from memory, at once. Changes end by calling `done`, now or later,
/// exactly once, when what they changed is on disk. The API has asked before whether the caller
/// may: permission, and segments of the object.
namespace reachproof::orchestrator::api {

template <class T>
using Done = std::function<void(Result<T>)>;

/// Who changes something, for the record: the token's id and name.
struct Actor {
  std::string token;
  std::string name;
};

/// A part of a list. Lists have one total order by id; `after` is the id of the last object of the
/// part before, which may be gone by now, and empty for the beginning.
struct Page {
  std::string after;
  std::size_t limit = 100;
};
/// Objects for which it is false are passed over and do not count.
template <class T>
using Wanted = std::function<bool(const T&)>;

struct ProbeView {
  std::string id;
  std::string name;
  std::string segment;
  std::string state;  ///< pending, active, drained, quarantined, banned
  bool connected = false;
  std::string host;
  std::string software;
  std::string address;
  bool can_capture = false;
  std::string why;  ///< of its state, may be empty
  std::optional<core::WallTime> joined;
  std::optional<core::WallTime> last_seen;
  std::optional<core::WallTime> certificate_expires;
  std::optional<std::int64_t> clock_offset_ms;
};
class Probes {
 public:
  virtual ~Probes() = default;
  [[nodiscard]] virtual std::vector<ProbeView> list(const Page& page,
                                                    const Wanted<ProbeView>& wanted) const = 0;
  [[nodiscard]] virtual std::optional<ProbeView> find(const std::string& id) const = 0;
  virtual void approve(const std::string& id, const Actor& actor, Done<void> done) = 0;
  virtual void drain(const std::string& id, const Actor& actor, const std::string& reason,
                     Done<void> done) = 0;
  virtual void ban(const std::string& id, const Actor& actor, const std::string& reason,
                   Done<void> done) = 0;
};

struct ProbeTokenView {
  std::string id;
  std::string segment;
  std::string name;  ///< of the probe that may use it, may be empty
  std::string created_by;
  core::WallTime created{};
  core::WallTime expires{};
  int uses_left = 0;
  bool automatic = false;
  bool revoked = false;
};
struct ProbeTokenOrder {
  std::string segment;
  std::string name;
  std::chrono::seconds life{900};
  int uses = 1;
  bool automatic = false;
};
struct NewProbeToken {
  ProbeTokenView token;
  std::string text;     ///< the whole join token, shown once
  std::string command;  ///< the line to run on the host
};
class ProbeTokens {
 public:
  virtual ~ProbeTokens() = default;
  [[nodiscard]] virtual std::vector<ProbeTokenView> list(
      const Page& page, const Wanted<ProbeTokenView>& wanted) const = 0;
  [[nodiscard]] virtual std::optional<ProbeTokenView> find(const std::string& id) const = 0;
  virtual void create(const ProbeTokenOrder& order, const Actor& actor,
                      Done<NewProbeToken> done) = 0;
  virtual void revoke(const std::string& id, const Actor& actor, Done<void> done) = 0;
};

struct RunOrder {
  std::string schedule;  ///< empty: everything in the scenario
  std::vector<std::string> only;
  std::vector<std::string> skip;
  std::string engagement;
  std::string reason;
};
struct RunProgress {
  std::string run;
  std::string schedule;
  std::string phase;
  std::size_t done = 0;
  std::size_t total = 0;
  std::vector<std::string> segments;  ///< of its checks
};
class Runs {
 public:
  virtual ~Runs() = default;
  [[nodiscard]] virtual std::vector<RunProgress> active() const = 0;
  /// Segments of the checks that the order would make; NotFound, Usage where it makes no sense.
  [[nodiscard]] virtual Result<std::vector<std::string>> segments_of(
      const RunOrder& order) const = 0;
  /// Done with the run's id when its beginning is on disk.
  virtual void start(const RunOrder& order, const Actor& actor, Done<std::string> done) = 0;
  virtual void cancel(const std::string& run, const Actor& actor, const std::string& reason,
                      Done<void> done) = 0;
};

struct ScheduleView {
  std::string name;
  std::string cron;
  std::string time_zone;
  std::vector<std::string> segments;
  bool paused = false;
  std::string paused_by;
  std::string state;  ///< waiting, running, late, overlapped, preempted, missed
  std::optional<core::WallTime> next;
  std::optional<core::WallTime> last_started;
  std::string last_run;
};
class Schedules {
 public:
  virtual ~Schedules() = default;
  [[nodiscard]] virtual std::vector<ScheduleView> list(
      const Page& page, const Wanted<ScheduleView>& wanted) const = 0;  ///< id: its name
  [[nodiscard]] virtual std::optional<ScheduleView> find(const std::string& name) const = 0;
  virtual void pause(const std::string& name, const Actor& actor, const std::string& reason,
                     Done<void> done) = 0;
  virtual void resume(const std::string& name, const Actor& actor, Done<void> done) = 0;
};

struct FindingView {
  std::string id;     ///< fingerprint
  std::string kind;   ///< violation, broken
  std::string state;  ///< open, acknowledged, closed
  std::string severity;
  std::string title;  ///< for people: "office to data, tcp/22"
  std::string check;  ///< one of its checks; what follows may be empty, but for the segments
  std::string rule;
  std::string source;
  std::string destination;
  std::string source_segment;
  std::string destination_segment;
  std::string port;  ///< "tcp/5432"
  std::string reachability;
  std::string reason;
  std::string assignee;
  std::string note;  ///< of whoever acknowledged it
  core::WallTime opened{};
  core::WallTime last_seen{};
  std::optional<core::WallTime> closed;
  std::string first_run;
  std::string last_run;
};
class Findings {
 public:
  virtual ~Findings() = default;
  [[nodiscard]] virtual std::vector<FindingView> list(const Page& page,
                                                      const Wanted<FindingView>& wanted) const = 0;
  [[nodiscard]] virtual std::optional<FindingView> find(const std::string& id) const = 0;
  virtual void ack(const std::string& id, const Actor& actor, const std::string& note,
                   Done<void> done) = 0;
  /// An empty assignee takes the finding away from whoever has it.
  virtual void assign(const std::string& id, const Actor& actor, const std::string& assignee,
                      Done<void> done) = 0;
};

struct EngagementView {
  std::string id;
  std::string owner;
  std::vector<std::string> approvers;
  std::vector<std::string> approved_by;
  std::vector<std::string> segments;
  std::string contact;
  std::string state;  ///< draft, active, expired, revoked
  std::optional<core::WallTime> starts;
  std::optional<core::WallTime> ends;
};
class Engagements {
 public:
  virtual ~Engagements() = default;
  [[nodiscard]] virtual std::vector<EngagementView> list(
      const Page& page, const Wanted<EngagementView>& wanted) const = 0;
  [[nodiscard]] virtual std::optional<EngagementView> find(const std::string& id) const = 0;
  virtual void approve(const std::string& id, const Actor& actor, Done<void> done) = 0;
  virtual void revoke(const std::string& id, const Actor& actor, const std::string& reason,
                      Done<void> done) = 0;
};

struct StopView {
  bool engaged = false;
  std::string reason;
  std::string by;
  std::optional<core::WallTime> since;
  std::size_t probes_connected = 0;
  std::size_t probes_reached = 0;
};
class StopSwitch {
 public:
  virtual ~StopSwitch() = default;
  [[nodiscard]] virtual StopView state() const = 0;
  virtual void engage(const Actor& actor, const std::string& reason, Done<void> done) = 0;
  virtual void release(const Actor& actor, const std::string& reason, Done<void> done) = 0;
};

struct IntegrationView {
  std::string name;
  std::string kind;                   ///< alertmanager, webhook, ocsf
  std::string target;                 ///< where it delivers, without secrets
  std::vector<std::string> segments;  ///< empty: the whole fleet's
  std::size_t waiting = 0;
  std::string last_error;
};
struct DeliveryView {
  std::string id;
  std::string finding;
  std::string state;  ///< waiting, delivered, failed
  int attempts = 0;
  core::WallTime created{};
  std::optional<core::WallTime> delivered;
  std::string error;
};
class Integrations {
 public:
  virtual ~Integrations() = default;
  /// All of them by name: they are few.
  [[nodiscard]] virtual std::vector<IntegrationView> all() const = 0;
  virtual void test(const std::string& name, const Actor& actor, Done<void> done) = 0;
  [[nodiscard]] virtual std::vector<DeliveryView> deliveries(const std::string& name,
                                                             const Page& page) const = 0;
  /// NotFound where that integration has no such delivery.
  virtual void redeliver(const std::string& name, const std::string& delivery, const Actor& actor,
                         Done<void> done) = 0;
};

/// The evidence log, as far as the API writes to it.
class Journal {
 public:
  virtual ~Journal() = default;
  /// All or none; done when they are on disk.
  virtual void append(std::vector<evidence::Record> records, Done<evidence::LeafIndex> done) = 0;
};

/// All of them; they outlive the API.
struct Backend {
  Probes& probes;
  ProbeTokens& probe_tokens;
  Runs& runs;
  Schedules& schedules;
  Findings& findings;
  Engagements& engagements;
  StopSwitch& stop;
  Integrations& integrations;
  Journal& journal;
};

}  // namespace reachproof::orchestrator::api
