#include "probe/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

namespace reachproof::probe {

SocketAddress SocketAddress::of(const core::IpAddress& address, core::Port port) {
  SocketAddress out;
  if (address.family() == core::Family::V4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes(), 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&v6.sin6_addr, address.bytes(), 16);
    std::memcpy(&out.storage, &v6, sizeof v6);
    out.size = sizeof v6;
  }
  return out;
}

AddressAndPort address_of(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    std::uint8_t raw[4];
    std::memcpy(raw, &v4.sin_addr, 4);
    return {core::IpAddress::v4(raw), ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    std::uint8_t raw[16];
    std::memcpy(raw, &v6.sin6_addr, 16);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      return {core::IpAddress::v4(raw + 12), ntohs(v6.sin6_port)};
    }
    return {core::IpAddress::v6(raw), ntohs(v6.sin6_port)};
  }
  return {};
}

AddressAndPort local_end(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return address_of(storage);
}

int family_number(core::Family family) {
  return family == core::Family::V4 ? AF_INET : AF_INET6;
}

}  // namespace reachproof::probe
