#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "lab/lab.h"
#include "lab/netns.h"
#include "lab/plan.h"
#include "lab/sandbox.h"
#include "lab/state.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

Error failed(ErrorCode code, std::string message) {
  return {code, std::move(message)};
}

}  // namespace

Result<void> enter(const Lab& lab, const std::string& node) {
  const auto* host = lab.host(node);
  if (host == nullptr && lab.router(node) == nullptr) {
    std::vector<std::string> known;
    for (const auto& it : lab.hosts) known.push_back(it.name);
    for (const auto& it : lab.routers) known.push_back(it.name);
    return fail(ErrorCode::NotFound,
                fmt::format("the lab {} has no host or router `{}`; {}", lab.name, node,
                            scenarios::did_you_mean(node, known)));
  }
  if (host != nullptr && host->down) {
    return fail(ErrorCode::Unavailable, fmt::format("the host {} is down", node));
  }
  const auto layout = layout_of(lab.name);
  const auto helper = helper_of(layout);
  std::error_code error;
  if (!helper || !fs::exists(layout.ready(), error)) {
    return fail(ErrorCode::Unavailable, fmt::format("the lab {} is not up; `reachproof lab up {}` "
                                                    "brings it up",
                                                    lab.name, lab.file));
  }
  if (!layout.privileged) {
    if (auto done = enter_sandbox(*helper); !done) return done;
  }
  const auto name = netns_of(lab, node);
  const auto netns = open_netns(layout.netns, name);
  if (!netns) return tl::unexpected(netns.error());
  auto visit = NetnsVisit::begin();
  if (!visit) return tl::unexpected(visit.error());
  if (auto done = visit->go(netns->get()); !done) return done;
  visit->stay();
  return bind_etc(layout, name);
}

Error exec(const Lab& lab, const std::string& node, const std::vector<std::string>& command) {
  if (command.empty()) return failed(ErrorCode::Usage, "`lab exec` wants a command after `--`");
  if (auto entered = enter(lab, node); !entered) return entered.error();
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  return failed(errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io,
                fmt::format("run `{}`: {}", command.front(), std::strerror(errno)));
}

}  // namespace reachproof::lab
