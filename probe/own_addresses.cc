#include "probe/own_addresses.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "probe/socket_address.h"

namespace reachproof::probe {

std::vector<OwnAddress> own_addresses() {
  std::vector<OwnAddress> own;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return own;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const auto family = entry->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    sockaddr_storage storage{};
    std::memcpy(&storage, entry->ifa_addr,
                family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    own.push_back({address_of(storage).address, entry->ifa_name,
                   (entry->ifa_flags & IFF_RUNNING) != 0 && (entry->ifa_flags & IFF_UP) != 0,
                   (entry->ifa_flags & IFF_LOOPBACK) != 0});
  }
  freeifaddrs(list);
  return own;
}

}  // namespace reachproof::probe
