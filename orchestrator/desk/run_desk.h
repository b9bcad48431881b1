#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "orchestrator/desk/desk.h"
#include "orchestrator/desk/engagement_desk.h"
#include "orchestrator/desk/schedule_desk.h"
#include "orchestrator/fleet_runs.h"

namespace reachproof::orchestrator {

/// Runs, for people and for schedules: whether one may begin, which must end for it, which must
/// end because its engagement does.
class RunDesk : public api::Runs {
 public:
  struct Documents {
    std::shared_ptr<const core::Scenario> scenario;
    std::shared_ptr<const core::Inventory> inventory;
    std::map<std::string, std::string> grants;  ///< signed plans, by probe
  };
  struct Hooks {
    std::function<const core::Schedule*(const std::string& name)> schedule;
    std::function<void(const std::string& schedule, const std::string& run, const std::string& by)>
        preempted;
    std::function<void(const api::RunProgress&)> moved;
    Say say;
  };

  RunDesk(FleetRuns& runs, const Fleet& fleet, const EngagementDesk& engagements,
          std::size_t at_once, Hooks hooks)
      : runs_(runs),
        fleet_(fleet),
        engagements_(engagements),
        at_once_(at_once),
        hooks_(std::move(hooks)) {}

  void load(Documents documents);
  [[nodiscard]] const Documents& documents() const { return documents_; }

  /// A run of a schedule, by the clock, which is ended at that time where there is one.
  [[nodiscard]] Result<std::string> start(const core::Schedule& schedule,
                                          std::optional<core::WallTime> end);
  [[nodiscard]] ScheduleDesk::Standing standing(const core::Schedule& schedule) const;
  /// Tells of progress, and ends runs whose engagement has ended.
  void tick();

  [[nodiscard]] std::vector<api::RunProgress> active() const override;
  [[nodiscard]] Result<std::vector<std::string>> segments_of(
      const api::RunOrder& order) const override;
  void start(const api::RunOrder& order, const Actor& actor, Done<std::string> done) override;
  void cancel(const std::string& run, const Actor& actor, const std::string& reason,
              Done<void> done) override;

 private:
  /// What a plan is about; the same for the same documents and options.
  struct About {
    std::vector<std::string> segments;
    std::vector<std::string> vantages;
    std::size_t checks = 0;
  };
  [[nodiscard]] const About& about(const core::PlanOptions& options) const;
  [[nodiscard]] Result<core::PlanOptions> options_of(const api::RunOrder& order) const;
  [[nodiscard]] Result<std::string> begin(FleetRunOrder order, const std::string& engagement,
                                          const std::string& told_as);
  [[nodiscard]] Result<void> make_room(core::Priority priority, const std::string& told_as);

  FleetRuns& runs_;
  const Fleet& fleet_;
  const EngagementDesk& engagements_;
  std::size_t at_once_;
  Hooks hooks_;
  Documents documents_;
  mutable std::map<std::string, About> abouts_;
  std::map<std::string, std::size_t> told_;  ///< progress that was told, by run
};

}  // namespace reachproof::orchestrator
