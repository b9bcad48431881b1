#include "lab/firewall.h"

#include <fmt/format.h>

#include "lab/command.h"

namespace reachproof::lab {

Result<std::string> load_firewall(const NftScript& script) {
  auto loaded = run_command({"nft", "-f", "-"}, script.text);
  if (!loaded) return tl::unexpected(loaded.error());
  if (loaded->exit_code != 0 || !loaded->output.empty()) {
    return fail(ErrorCode::Config, located(loaded->output, script));
  }
  auto listed = run_command({"nft", "-a", "list", "ruleset"}, "");
  if (!listed) return fail(std::move(listed), "read the rules back");
  const auto rules = rules_listed(listed->output);
  if (listed->exit_code != 0 || rules < script.rules) {
    return fail(ErrorCode::Io,
                fmt::format("{} of {} rules were found again after loading", rules, script.rules));
  }
  return std::move(listed->output);
}

}  // namespace reachproof::lab
