#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <map>
#include <sstream>

#include "lab/lab.h"
#include "lab/netns.h"
#include "lab/plan.h"
#include "lab/state.h"

namespace reachproof::lab {
namespace {

namespace fs = std::filesystem;

/// What the helper says of its listeners: how many were served, by host and port. Empty when it
/// does not answer within two seconds.
using Served = std::map<std::pair<std::string, std::string>, std::uint64_t>;

Served ask_helper(const Layout& layout) {
  Served served;
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = layout.control().string();
  if (!socket || path.size() >= sizeof address.sun_path) return served;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const timeval patience{2, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.get(), name, sizeof address) != 0) return served;
  std::string text;
  std::array<char, 16384> buffer{};
  for (auto size = ::recv(socket.get(), buffer.data(), buffer.size(), 0); size > 0;
       size = ::recv(socket.get(), buffer.data(), buffer.size(), 0)) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  std::istringstream lines(text);
  std::string host, ports, kind;
  for (std::uint64_t count = 0; lines >> host >> ports >> kind >> count;) {
    served[{host, ports}] = count;
  }
  return served;
}

std::vector<ListenerStatus> listeners_of(const Host& host, const Served& served) {
  std::vector<ListenerStatus> listeners;
  for (const auto& listener : host.listeners) {
    ListenerStatus status{.ports = listener.ports.text(), .kind = std::string(word(listener.kind))};
    const auto found = served.find({host.name, status.ports});
    status.alive = found != served.end();
    status.served = status.alive ? found->second : 0;
    listeners.push_back(std::move(status));
  }
  return listeners;
}

std::vector<std::string> texts_of(const std::vector<core::IpAddress>& addresses) {
  std::vector<std::string> texts;
  texts.reserve(addresses.size());
  for (const auto& address : addresses) texts.push_back(address.text());
  return texts;
}

bool is_whole(const Status& status) {
  for (const auto& node : status.nodes) {
    if (!node.present && !node.down) return false;
    for (const auto& listener : node.listeners) {
      if (!listener.alive && listener.kind != "closed") return false;
    }
  }
  return true;
}

}  // namespace

Result<Status> status(const Lab& lab) {
  const auto layout = layout_of(lab.name);
  Status status{.state = layout.state};
  const auto record = read_record(layout);
  if (!record) return status;
  const auto helper = helper_of(layout);
  std::error_code error;
  status.up = fs::exists(layout.ready(), error);
  status.changed = read_file_or_empty(layout.lab_copy()) != lab.text;
  status.helper_pid = helper.value_or(0);
  const auto served = helper ? ask_helper(layout) : Served{};
  const auto present = [&](const std::string& netns) {
    return layout.privileged ? netns_exists(layout.netns, netns) : helper.has_value();
  };
  for (const auto& router : lab.routers) {
    const auto netns = netns_of(lab, router.name);
    status.nodes.push_back({.name = router.name,
                            .netns = netns,
                            .router = true,
                            .present = present(netns),
                            .addresses = texts_of(router.addresses),
                            .rules = read_file_or_empty(layout.rules(router.name))});
  }
  for (const auto& host : lab.hosts) {
    const auto netns = netns_of(lab, host.name);
    status.nodes.push_back({.name = host.name,
                            .netns = netns,
                            .present = !host.down && present(netns),
                            .down = host.down,
                            .addresses = texts_of(host.addresses),
                            .listeners = listeners_of(host, served),
                            .rules = read_file_or_empty(layout.rules(host.name))});
  }
  status.healthy = status.up && helper && is_whole(status);
  return status;
}

}  // namespace reachproof::lab
