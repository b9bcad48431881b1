#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "core/scenario.h"

/// The controls of laws and standards that results can support evidence for: ids, one line each in
/// our own words, how far what is found here bears on them, and how often they ask for it. Whether
/// a control is met is for an assessor to say. Rules may name these ids without defining them.
namespace reachproof::scenarios {

struct CatalogueControl {
  /// Direct: a verdict is evidence of the control's effect; partial: of one part of what it asks;
  /// records: the log and its records are.
  enum class Strength { Direct, Partial, Records };
  /// Where the id and the gist were read: the official text, or others' words about it.
  enum class Confidence { Confirmed, Secondary, NotVerified };

  std::string_view id;      ///< "pci-11.4.5"
  std::string_view regime;  ///< "PCI DSS 4.0.1"
  std::string_view ref;     ///< "11.4.5"
  std::string_view gist;
  Strength strength = Strength::Partial;
  Confidence confidence = Confidence::Confirmed;
  int cadence_months = 0;  ///< 0: the regime sets none
  bool proposed = false;   ///< a proposed rule, not law: off unless asked for, and labelled
};

[[nodiscard]] std::string_view word(CatalogueControl::Strength strength);
[[nodiscard]] std::string_view word(CatalogueControl::Confidence confidence);

[[nodiscard]] std::optional<core::CalendarSpan> cadence_of(const CatalogueControl& control);
/// As a scenario would define it.
[[nodiscard]] core::Control control_of(const CatalogueControl& control);

[[nodiscard]] std::span<const CatalogueControl> control_catalogue();
/// Null where there is none of that id.
[[nodiscard]] const CatalogueControl* catalogue_control(std::string_view id);

}  // namespace reachproof::scenarios
