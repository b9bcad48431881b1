#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "reports/report.h"

/// What plan and results share. Internal to the OSCAL writers.
namespace reachproof::reports::oscal {

/// Text as OSCAL takes it: no control characters, no blank at its ends, never empty.
[[nodiscard]] std::string text(std::string_view words);
[[nodiscard]] boost::json::object prop(std::string_view name, std::string_view value);
/// A property that compliance-trestle's tools group by.
[[nodiscard]] boost::json::object trestle_prop(std::string_view name, std::string_view value);
/// Adds the list where it has anything: OSCAL knows no empty lists.
void add_list(boost::json::object& to, std::string_view name, boost::json::array list);

[[nodiscard]] boost::json::object metadata(const Report& report, std::string_view title);
[[nodiscard]] std::string party_uuid(std::string_view name);
/// Who ran it, as a party.
[[nodiscard]] std::string assessor(const Report& report);

/// "sc-7.5" for SC-7(5) of NIST SP 800-53; other frameworks keep the scenario's own id.
[[nodiscard]] std::string control_id(const ControlSupport& control);
/// The objective of NIST SP 800-53A that a control's finding names, or its statement.
struct Target {
  std::string type;  ///< "objective-id" or "statement-id"
  std::string id;
};
[[nodiscard]] Target target_of(const ControlSupport& control);

/// `reviewed-controls`; says so where no rule names a control.
[[nodiscard]] boost::json::object reviewed_controls(const Report& report);
[[nodiscard]] boost::json::object assessment_assets(const Report& report);
[[nodiscard]] std::string platform_uuid();

}  // namespace reachproof::reports::oscal
