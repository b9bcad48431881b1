#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/scenario.h"
#include "core/schedule_book.h"
#include "orchestrator/desk/desk.h"

namespace reachproof::orchestrator {

/// The schedules of a service. Every occurrence is decided once, and the decision is a record; so
/// are pausing and resuming.
class ScheduleDesk : public api::Schedules {
 public:
  /// What stands behind a schedule now.
  struct Standing {
    std::vector<std::string> segments;  ///< of its checks
    std::size_t vantages = 0;           ///< that its checks need
    std::size_t connected = 0;          ///< of these
  };
  struct Hooks {
    /// Begins a run, which is ended at that time where there is one; its id.
    std::function<Result<std::string>(const core::Schedule&, std::optional<core::WallTime> end)>
        start;
    std::function<bool(const std::string& schedule)> running;
    std::function<Standing(const core::Schedule&)> standing;
    Say say;
  };

  ScheduleDesk(EvidenceKeeper& keeper, Hooks hooks) : keeper_(keeper), hooks_(std::move(hooks)) {}

  /// Before the first tick: one "schedule" record of the log.
  void restore(std::string_view body);
  /// The scenario's schedules take the place of those before. Nothing changes where one of them
  /// has a time zone that this machine does not know.
  [[nodiscard]] Result<void> load(const std::vector<core::Schedule>& schedules, core::WallTime now);
  [[nodiscard]] static Result<void> check(const std::vector<core::Schedule>& schedules,
                                          core::WallTime now);
  void tick(core::WallTime now);
  /// A run was ended for one of a higher priority.
  void preempted(const std::string& schedule, const std::string& run, const std::string& by);

  [[nodiscard]] const core::Schedule* schedule(const std::string& name) const;

  [[nodiscard]] std::vector<api::ScheduleView> list(
      const api::Page& page, const api::Wanted<api::ScheduleView>& wanted) const override;
  [[nodiscard]] std::optional<api::ScheduleView> find(const std::string& name) const override;
  void pause(const std::string& name, const Actor& actor, const std::string& reason,
             Done<void> done) override;
  void resume(const std::string& name, const Actor& actor, Done<void> done) override;

 private:
  struct Clock {
    core::Schedule schedule;
    core::CronExpression cron;
    core::ZoneRules zone;
  };
  /// What the log says of a schedule, whether the scenario has it now or not.
  struct Past {
    std::optional<core::WallTime> handled;  ///< the newest occurrence that was decided
    bool paused = false;
    std::string paused_by;
    std::string last_event;
    std::string last_run;
    std::optional<core::WallTime> last_started;
    bool told_waiting = false;  ///< the journal knows that it waits
  };
  struct Event {
    std::string schedule;
    std::string event;
    std::optional<core::WallTime> occurrence;
    std::string run;
    std::string by;
    std::string why;
    core::WallTime time{};
  };
  [[nodiscard]] static evidence::Record record_of(const Event& event);
  [[nodiscard]] static Result<std::map<std::string, Clock>> clocks_of(
      const std::vector<core::Schedule>& schedules, core::WallTime now);
  void take(const Event& event);
  void look_at(const Clock& clock, core::WallTime now);
  [[nodiscard]] bool lacks_vantages(const core::Schedule& schedule, Standing& standing) const;
  [[nodiscard]] api::ScheduleView view(const Clock& clock) const;
  void change(Event event, Done<void> done);

  EvidenceKeeper& keeper_;
  Hooks hooks_;
  std::map<std::string, Clock> clocks_;
  std::map<std::string, Past> past_;
};

}  // namespace reachproof::orchestrator
