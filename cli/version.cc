#include <fmt/core.h>

#include <iostream>

#include "cli/verb.h"
#include "core/judge.h"
#include "protocol/message.h"

namespace reachproof::cli {

void add_version(CLI::App& app, Context& context) {
  auto* verb = app.add_subcommand("version", "Print the versions of the tool, protocol and judge");
  verb->callback([&context] {
    std::cout << (context.json()
                      ? fmt::format("{{\"apiVersion\":\"reachproof/v1\",\"kind\":\"Version\","
                                    "\"version\":\"{}\",\"protocol\":{},\"judge\":{}}}\n",
                                    REACHPROOF_VERSION, protocol::kVersion, core::kJudgeVersion)
                      : fmt::format("reachproof {} (protocol {}, judge {})\n", REACHPROOF_VERSION,
                                    protocol::kVersion, core::kJudgeVersion));
  });
}

}  // namespace reachproof::cli
