// libFuzzer on the protocol's decoder: what it accepts it can write, and read again as the same.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "protocol/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reachproof::protocol;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto message = decode(bytes)) {
    const auto line = encode(*message);
    CHECK(line.find('\n') == std::string::npos);
    const auto again = decode(line);
    CHECK(again.has_value() && encode(*again) == line);
  }
  LineReader reader;
  std::string line;
  if (reader.feed(bytes)) {
    while (reader.next(line)) CHECK(line.size() <= kLineBytesMax);
  }
  return 0;
}
