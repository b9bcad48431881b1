// libFuzzer on what comes off the wire: the packet parser, and the scope file.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "probe/packet.h"
#include "probe/scope.h"
#include "probe/socket_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reachproof;
  const auto packet = probe::parse_sll2({data, size});
  if (packet) CHECK(packet->payload.size() <= packet->payload_bytes);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(probe::Scope::parse(text, "fuzz"));
  static_cast<void>(probe::sockets_in_table(text, core::Protocol::Tcp));
  return 0;
}
