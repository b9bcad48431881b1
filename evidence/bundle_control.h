#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/stored_run.h"

/// What a bundle's records say about one control. Pure.
namespace reachproof::evidence {

/// "controls/<control>.csv" with a name that is safe.
[[nodiscard]] std::string control_path(std::string_view control);

/// RFC 4180, one line for each check of each run that carries the control: run, its start, check,
/// result, reachability, proof, reason, and the records that hold plan, observation and verdict.
/// Empty where no check carries it.
[[nodiscard]] std::string control_table(std::string_view control, std::span<const StoredRun> runs);

/// The controls that checks of these runs carry, each once, sorted.
[[nodiscard]] std::vector<std::string> controls_in(std::span<const StoredRun> runs);

}  // namespace reachproof::evidence
