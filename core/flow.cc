#include "core/flow.h"

#include <charconv>

namespace reachproof::core {
namespace {

constexpr std::string_view kEcho = "icmp/echo";

std::optional<Port> port_of(std::string_view digits) {
  if (digits.empty() || digits.front() == '0') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value > 65535) {
    return std::nullopt;
  }
  return static_cast<Port>(value);
}

}  // namespace

std::string_view word(Protocol protocol) {
  switch (protocol) {
    case Protocol::Tcp:
      return "tcp";
    case Protocol::Udp:
      return "udp";
    case Protocol::Icmp:
      return "icmp";
  }
  return "?";
}

std::optional<Protocol> protocol_of(std::string_view word) {
  if (word == "tcp") return Protocol::Tcp;
  if (word == "udp") return Protocol::Udp;
  if (word == "icmp") return Protocol::Icmp;
  return std::nullopt;
}

std::optional<PortRange> PortRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  if (text == kEcho) return PortRange{Protocol::Icmp, 0, 0};
  const auto protocol = protocol_of(text.substr(0, slash));
  const auto ports = text.substr(slash + 1);
  const auto dash = ports.find('-');
  const auto first = port_of(ports.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : port_of(ports.substr(dash + 1));
  if (!protocol || *protocol == Protocol::Icmp) return std::nullopt;
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{*protocol, *first, *last};
}

std::string PortRange::text() const {
  if (protocol == Protocol::Icmp) return std::string(kEcho);
  std::string text = std::string(word(protocol)) + "/" + std::to_string(first);
  if (last != first) text += "-" + std::to_string(last);
  return text;
}

std::string ProtocolPort::text() const {
  if (protocol == Protocol::Icmp) return std::string(kEcho);
  return std::string(word(protocol)) + "/" + std::to_string(port);
}

}  // namespace reachproof::core
