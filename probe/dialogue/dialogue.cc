#include "probe/dialogue/dialogue.h"

#include <fmt/core.h>
#include <openssl/rand.h>

namespace reachproof::probe {
namespace {

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<std::uint8_t>(bytes[at]) : 0;
}

char low_byte(std::uint32_t value) {
  return static_cast<char>(value & 0xffU);
}

}  // namespace

std::string printable_part(std::string_view bytes) {
  constexpr std::size_t kSaidMax = 200;
  std::string text;
  for (const char c : bytes.substr(0, kSaidMax)) text += c >= 0x20 && c < 0x7f ? c : '?';
  return text;
}

Step more() {
  return {};
}

Step over(core::Exchange::State state, std::string says, int code) {
  Step step{.over = true};
  step.exchange.state = state;
  step.exchange.code = code;
  step.exchange.says = printable_part(says);
  return step;
}

Step garbled(std::string_view input) {
  while (input.ends_with('\r') || input.ends_with('\n')) input.remove_suffix(1);
  return over(core::Exchange::State::Garbled,
              fmt::format("not its protocol: {}", printable_part(input.substr(0, 60))));
}

std::uint32_t be16(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8U | byte_at(bytes, at + 1);
}
std::uint32_t be32(std::string_view bytes, std::size_t at) {
  return be16(bytes, at) << 16U | be16(bytes, at + 2);
}
std::uint32_t le16(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) | byte_at(bytes, at + 1) << 8U;
}
std::uint32_t le32(std::string_view bytes, std::size_t at) {
  return le16(bytes, at) | le16(bytes, at + 2) << 16U;
}
std::string put_be16(std::uint32_t value) {
  return {low_byte(value >> 8U), low_byte(value)};
}
std::string put_be32(std::uint32_t value) {
  return put_be16(value >> 16U) + put_be16(value & 0xffffU);
}
std::string put_le16(std::uint32_t value) {
  return {low_byte(value), low_byte(value >> 8U)};
}
std::string put_le32(std::uint32_t value) {
  return put_le16(value & 0xffffU) + put_le16(value >> 16U);
}

std::uint32_t random_id() {
  std::uint32_t id = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id);
  return id & 0x7fffffffU;  // positive in every protocol's integers
}

std::unique_ptr<Dialogue> dialogue_for(const core::Ask& ask, bool datagrams) {
  if (ask.layer == core::Layer::Dns) return make_dns(ask, datagrams);
  if (ask.layer != core::Layer::Service) return nullptr;
  if (auto greeting = make_greeting(ask.service)) return greeting;
  if (auto database = make_database(ask.service, ask.exercise)) return database;
  if (auto directory = make_directory(ask.service, datagrams)) return directory;
  if (auto remote = make_remote(ask.service, datagrams)) return remote;
  return make_clinical(ask);
}

}  // namespace reachproof::probe
