#include "core/base64.h"

#include <array>

namespace reachproof::core {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Without padding: n bytes become ceil(n * 8 / 6) digits.
std::string digits_of(std::span<const std::uint8_t> bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() * 8 + 5) / 6 + 2);
  std::uint32_t bits = 0;
  int count = 0;
  for (const auto byte : bytes) {
    bits = (bits << 8U) | byte;
    for (count += 8; count >= 6; count -= 6) {
      text += alphabet[(bits >> static_cast<unsigned>(count - 6)) & 0x3fU];
    }
  }
  if (count > 0) text += alphabet[(bits << static_cast<unsigned>(6 - count)) & 0x3fU];
  return text;
}

std::optional<std::vector<std::uint8_t>> bytes_in(std::string_view digits,
                                                  std::string_view alphabet) {
  if (digits.size() % 4 == 1) return std::nullopt;
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
  }
  std::vector<std::uint8_t> bytes;
  bytes.reserve(digits.size() * 6 / 8);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char digit : digits) {
    const auto value = values[static_cast<unsigned char>(digit)];
    if (value < 0) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::uint8_t>((bits >> static_cast<unsigned>(count)) & 0xffU));
  }
  // Bits left over must be zero: one text for one value.
  if ((bits & ((1U << static_cast<unsigned>(count)) - 1U)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace

std::string base64(std::span<const std::uint8_t> bytes) {
  auto text = digits_of(bytes, kStandard);
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return bytes_in(text, kStandard);
}

std::string base64url(std::span<const std::uint8_t> bytes) {
  return digits_of(bytes, kUrl);
}

std::optional<std::vector<std::uint8_t>> from_base64url(std::string_view text) {
  return bytes_in(text, kUrl);
}

}  // namespace reachproof::core
