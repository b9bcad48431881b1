#pragma once

#include <string>

#include "orchestrator/desk/desk.h"
#include "orchestrator/fleet/fleet.h"

namespace reachproof::orchestrator {

/// The enrolled probes, for people.
class ProbeDesk : public api::Probes {
 public:
  explicit ProbeDesk(Fleet& fleet) : fleet_(fleet) {}

  [[nodiscard]] std::vector<api::ProbeView> list(
      const api::Page& page, const api::Wanted<api::ProbeView>& wanted) const override;
  /// By its whole id, or where nothing else fits by its name or the beginning of its id.
  [[nodiscard]] std::optional<api::ProbeView> find(const std::string& id) const override;
  void approve(const std::string& id, const Actor& actor, Done<void> done) override;
  void drain(const std::string& id, const Actor& actor, const std::string& reason,
             Done<void> done) override;
  void ban(const std::string& id, const Actor& actor, const std::string& reason,
           Done<void> done) override;

  [[nodiscard]] api::ProbeView view(const EnrolledProbe& probe) const;

 private:
  Fleet& fleet_;
};

/// Tokens to join with, for people.
class ProbeTokenDesk : public api::ProbeTokens {
 public:
  /// `knows` says whether the scenario has that segment.
  ProbeTokenDesk(Fleet& fleet, std::function<bool(const std::string& segment)> knows)
      : fleet_(fleet), knows_(std::move(knows)) {}

  [[nodiscard]] std::vector<api::ProbeTokenView> list(
      const api::Page& page, const api::Wanted<api::ProbeTokenView>& wanted) const override;
  [[nodiscard]] std::optional<api::ProbeTokenView> find(const std::string& id) const override;
  void create(const api::ProbeTokenOrder& order, const Actor& actor,
              Done<api::NewProbeToken> done) override;
  void revoke(const std::string& id, const Actor& actor, Done<void> done) override;

 private:
  Fleet& fleet_;
  std::function<bool(const std::string&)> knows_;
};

}  // namespace reachproof::orchestrator
