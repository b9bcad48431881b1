#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/calendar.h"
#include "core/scenario.h"
#include "scenarios/document.h"

namespace reachproof::scenarios {

/// A scenario while it is read, section by section. Names are entered even where the rest of their
/// entry is wrong, so that one mistake does not make others out of every use of the name.
struct Draft {
  core::Scenario scenario;
  core::Date today;
  Problems& problems;
  bool lapsed_is_told = false;  ///< an exception that expired is a warning (load.h)
  /// Keys that every exception must have beyond those that the language itself requires.
  std::vector<std::string> exception_keys_required = {"ticket"};
  /// Ids of flows, forbids and exceptions, and where each was given first.
  std::map<std::string, SourceMark> ids = {};

  [[nodiscard]] std::vector<std::string> segment_names() const;
  [[nodiscard]] std::vector<std::string> workload_names() const;
  [[nodiscard]] std::vector<std::string> service_names() const;
  [[nodiscard]] std::vector<std::string> schedule_names() const;
  [[nodiscard]] std::vector<std::string> control_ids() const;
};

/// The largest scenario that is read: rules are compared pair by pair, so their number is bounded.
inline constexpr std::size_t kWorkloadsMax = 5000;
inline constexpr std::size_t kMatchesMax = 10000;
inline constexpr std::size_t kFlowsMax = 5000;
inline constexpr std::size_t kForbidsMax = 2000;
inline constexpr std::size_t kExceptionsMax = 2000;

/// The name of the workload that `{ builtin: cloud-metadata }` stands for.
inline constexpr const char* kCloudMetadata = "cloud-metadata";

// Each of these reads one section of the document into the draft; a missing section is null.
// They run in this order, because each uses the names of those before it.
void read_controls(const Node* section, Draft& draft);
void read_services(const Node* section, Draft& draft);
void read_segments(const Node* section, Draft& draft);
void read_workloads(const Node* section, Draft& draft);
void read_limits(const Node* section, Draft& draft);
void read_schedules(const Node* section, Draft& draft);
void read_defaults(const Node* section, Draft& draft);
void read_flows(const Node* section, Draft& draft);
void read_forbids(const Node* section, Draft& draft);
void read_exceptions(const Node* section, Draft& draft);

/// The `check` of defaults, a flow or a forbid: what it does not say stays as in `inherited`.
[[nodiscard]] core::CheckSettings read_check(const Node* node, const std::string& owner,
                                             core::CheckSettings inherited, Draft& draft);

/// The entries of a section of names, those with unsound names reported and left out.
[[nodiscard]] std::vector<const Node::Entry*> named_entries(const Node* section,
                                                            const std::string& key, Draft& draft);
/// The items of a section that is a list of at most `items_max`.
[[nodiscard]] const std::vector<Node>& listed_items(const Node* section, const std::string& key,
                                                    std::size_t items_max, Draft& draft);

}  // namespace reachproof::scenarios
