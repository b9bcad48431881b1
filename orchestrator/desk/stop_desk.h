#pragma once

#include <optional>
#include <string>

#include "orchestrator/desk/desk.h"
#include "orchestrator/fleet/link.h"

namespace reachproof::orchestrator {

/// The stop of all probes. To stop comes first and the record of it second: nothing may delay it.
/// A release is on disk before it holds.
class StopDesk : public api::StopSwitch {
 public:
  /// `stopped` is called at once when somebody stops: runs end there.
  StopDesk(EvidenceKeeper& keeper, FleetLink& link,
           std::function<void(const std::string& why)> stopped)
      : keeper_(keeper), link_(link), stopped_(std::move(stopped)) {}

  /// One "stop" record of the log; then engage() has what holds at the end of it.
  void restore(std::string_view body);
  /// Before probes are served: the stop that the log left in force.
  void take_up();

  [[nodiscard]] api::StopView state() const override;
  void engage(const Actor& actor, const std::string& reason, Done<void> done) override;
  void release(const Actor& actor, const std::string& reason, Done<void> done) override;

 private:
  EvidenceKeeper& keeper_;
  FleetLink& link_;
  std::function<void(const std::string&)> stopped_;
  std::optional<protocol::StopOrder> in_force_;
  std::string by_;
};

}  // namespace reachproof::orchestrator
