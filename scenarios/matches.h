#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/inventory.h"
#include "core/scenario.h"
#include "scenarios/fields.h"

/// How an endpoint is recognised as one of a workload's: by address and by attributes.
namespace reachproof::scenarios {

/// The attribute maps that a match and an endpoint may have.
inline constexpr const char* kAttributeMaps[] = {"aws", "azure", "gcp", "k8s"};

/// The attribute maps of a match or an endpoint, flattened: "aws.tags.App".
[[nodiscard]] std::map<std::string, std::string> read_attributes(Fields& keys, Problems& problems);

/// One entry of a workload's `match`; nothing where it is too wrong to recognise anything by.
[[nodiscard]] std::optional<core::Match> read_match(const Node& node, const std::string& what,
                                                    Problems& problems);

/// Why two matches meet, as in "10.0.0.0/24 meets 10.0.0.0/16, for example at 10.0.0.0"; nothing
/// where an endpoint of both is not certain.
[[nodiscard]] std::optional<std::string> overlap(const core::Match& a, const core::Match& b);

/// Whether an endpoint fits all that a match asks for.
[[nodiscard]] bool fits(const core::Match& match, const std::vector<core::IpAddress>& addresses,
                        const std::map<std::string, std::string>& attributes);

/// An address of `block` that none of `except` has, if any is left.
[[nodiscard]] std::optional<core::IpAddress> address_left(const core::Cidr& block,
                                                          const std::vector<core::Cidr>& except);

}  // namespace reachproof::scenarios
