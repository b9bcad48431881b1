#include <fmt/format.h>

#include <filesystem>

#include "lab/lab.h"
#include "lab/plan.h"

namespace reachproof::lab {
namespace {

/// A YAML string that means itself.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string list_of(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  all.reserve(texts.size());
  for (const auto& text : texts) all.push_back(quoted(text));
  return fmt::format("[{}]", fmt::join(all, ", "));
}

std::string launch_of(const Lab& lab, const Host& host, const Programs& programs, bool privileged) {
  if (privileged) return fmt::format("{{ netns: {} }}", quoted(netns_of(lab, host.name)));
  const auto file = std::filesystem::absolute(lab.file).string();
  return fmt::format("{{ command: {} }}", list_of({programs.reachproof, "lab", "exec", file,
                                                   host.name, "--", programs.probe, "--stdio"}));
}

std::vector<std::string> ports_of(const Host& host, bool closed) {
  std::vector<std::string> ports;
  for (const auto& listener : host.listeners) {
    if ((listener.kind == Listener::Kind::Closed) == closed) ports.push_back(listener.ports.text());
  }
  return ports;
}

}  // namespace

std::string inventory_text(const Lab& lab, const Programs& programs, bool privileged) {
  auto text = fmt::format(
      "# Written by `reachproof lab up` for the lab {}.\nversion: 1\nendpoints:\n", lab.name);
  bool any = false;
  for (const auto& host : lab.hosts) {
    if (host.workload.empty()) continue;
    any = true;
    std::vector<std::string> addresses;
    for (const auto& address : host.addresses) addresses.push_back(address.text());
    text += fmt::format("  - workload: {}\n    name: {}\n    addresses: {}\n",
                        quoted(host.workload), quoted(host.name), list_of(addresses));
    if (!host.hostname.empty()) text += fmt::format("    hostname: {}\n", quoted(host.hostname));
    const auto listens = ports_of(host, false);
    const auto closed = ports_of(host, true);
    if (!listens.empty()) text += fmt::format("    listens: {}\n", list_of(listens));
    if (!closed.empty()) text += fmt::format("    keep-closed: {}\n", list_of(closed));
    if (host.probe) {
      text +=
          fmt::format("    probe: {{ launch: {} }}\n", launch_of(lab, host, programs, privileged));
    }
  }
  if (!any) text.replace(text.rfind("endpoints:"), 10, "endpoints: []");
  return text;
}

}  // namespace reachproof::lab
