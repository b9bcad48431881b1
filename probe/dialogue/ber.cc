#include "probe/dialogue/ber.h"

#include <cstdint>

namespace reachproof::probe {
namespace {

std::uint8_t at(std::string_view bytes, std::size_t i) {
  return static_cast<std::uint8_t>(bytes[i]);
}

}  // namespace

std::optional<BerElement> read_ber(std::string_view input, std::size_t& whole_bytes) {
  whole_bytes = 0;
  if (input.size() < 2) return std::nullopt;
  std::size_t head = 2;
  std::size_t size = at(input, 1);
  if (size >= 0x80) {
    const std::size_t count = size & 0x7fU;
    if (count == 0 || count > 4) {
      whole_bytes = SIZE_MAX;
      return std::nullopt;
    }
    if (input.size() < 2 + count) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < count; ++i) size = size << 8U | at(input, 2 + i);
    head += count;
  }
  whole_bytes = head + size;
  if (input.size() < whole_bytes) return std::nullopt;
  return BerElement{at(input, 0), input.substr(head, size), input.substr(head + size)};
}

std::optional<BerElement> read_ber(std::string_view input) {
  std::size_t unused = 0;
  return read_ber(input, unused);
}

int ber_number(std::string_view contents) {
  if (contents.empty() || contents.size() > 4 || at(contents, 0) >= 0x80) return -1;
  int value = 0;
  for (std::size_t i = 0; i < contents.size(); ++i) value = value << 8 | at(contents, i);
  return value;
}

std::string ber(std::uint8_t tag, std::string_view contents) {
  std::string out(1, static_cast<char>(tag));
  if (contents.size() < 0x80) {
    out += static_cast<char>(contents.size());
  } else {
    out += '\x82';
    out += static_cast<char>(contents.size() >> 8U);
    out += static_cast<char>(contents.size() & 0xffU);
  }
  return out.append(contents);
}

std::string ber_integer(std::uint32_t value, std::uint8_t tag) {
  std::string bytes;
  do {
    bytes.insert(bytes.begin(), static_cast<char>(value & 0xffU));
    value >>= 8U;
  } while (value != 0);
  if ((static_cast<std::uint8_t>(bytes.front()) & 0x80U) != 0) bytes.insert(bytes.begin(), '\0');
  return ber(tag, bytes);
}

}  // namespace reachproof::probe
