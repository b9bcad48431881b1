#include "scenarios/fields.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace reachproof::scenarios {
namespace {

constexpr std::size_t kNameBytesMax = 128;

/// Why a text is no port range, as a person would say it.
std::string port_advice(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return "write the protocol too, as in tcp/443";
  const auto protocol = std::string(text.substr(0, slash));
  if (!core::protocol_of(protocol)) return "the protocol is tcp or udp, in small letters";
  const auto ports = text.substr(slash + 1);
  const auto dash = ports.find('-');
  if (dash == std::string_view::npos) return "a port is a whole number from 1 to 65535";
  const auto first = core::PortRange::parse(protocol + "/" + std::string(ports.substr(0, dash)));
  const auto last = core::PortRange::parse(protocol + "/" + std::string(ports.substr(dash + 1)));
  if (!first || !last) return "a port is a whole number from 1 to 65535";
  return fmt::format("the lower port comes first: {}/{}-{}", protocol, last->first, first->first);
}

core::IpAddress without_host_bits(const core::IpAddress& address, int prefix_bits) {
  std::array<std::uint8_t, 16> bytes{};
  for (int i = 0; i < prefix_bits; ++i) {
    const auto at = static_cast<std::size_t>(i / 8);
    bytes[at] = static_cast<std::uint8_t>(bytes[at] | (address.bytes()[at] & (0x80 >> (i % 8))));
  }
  return address.family() == core::Family::V4 ? core::IpAddress::v4(bytes.data())
                                              : core::IpAddress::v6(bytes.data());
}

/// Why a text is no block of addresses.
std::string cidr_advice(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = core::IpAddress::parse(text.substr(0, slash));
  if (!address) return "write an address and its prefix, as in 10.20.0.0/16 or fd00:20::/32";
  const int bits_max = static_cast<int>(address->size()) * 8;
  if (slash == std::string_view::npos) {
    return fmt::format("for one address write {}/{}", address->text(), bits_max);
  }
  int bits = -1;
  const auto digits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (error != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > bits_max) {
    return fmt::format("the prefix is a whole number from 0 to {}", bits_max);
  }
  return fmt::format("it has bits set below the prefix; did you mean `{}/{}`?",
                     without_host_bits(*address, bits).text(), bits);
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string Fields::said(std::string_view key) const {
  return fmt::format("`{}` of {}", key, what());
}

SourceMark Fields::mark_of(std::string_view key) {
  const Node* value = optional(key);
  return value == nullptr ? SourceMark{} : value->mark;
}

void Fields::require(std::initializer_list<std::string_view> keys) {
  for (const auto key : keys) static_cast<void>(required(key));
}

void Fields::refuse(std::string_view key, const std::string& message) {
  if (const Node* value = optional(key)) problems_.error(value->mark, message);
}

void Fields::version() {
  const Node* value = optional("version");
  if (value == nullptr) return;
  if (value->kind == Node::Kind::Scalar && !value->quoted && value->text == "1") return;
  problems_.error(value->mark, fmt::format("{} cannot be `{}`", said("version"), value->text),
                  "this program reads version 1: write `version: 1`");
}

std::string Fields::name(std::string_view key) {
  const Node* value = optional(key);
  return value == nullptr ? "" : read_name(*value, said(key), problems_);
}

std::vector<Located> Fields::name_or_list(std::string_view key) {
  const Node* value = optional(key);
  return value == nullptr ? std::vector<Located>{} : read_names(*value, said(key), problems_);
}

std::vector<Located> Fields::name_list(std::string_view key) {
  const Node* value = optional(key);
  if (value == nullptr || value->kind == Node::Kind::Sequence) return name_or_list(key);
  problems_.error(value->mark, said(key) + " must be a list");
  return {};
}

std::optional<std::string> Fields::word(std::string_view key,
                                        const std::vector<std::string>& known) {
  const Node* value = optional(key);
  if (value == nullptr) return std::nullopt;
  const auto text = scalar_text(*value, said(key), problems_);
  if (text.empty()) return std::nullopt;
  if (std::ranges::find(known, text) != known.end()) return text;
  const auto suggestion = did_you_mean(text, known);
  problems_.error(value->mark, fmt::format("{} cannot be `{}`", said(key), text),
                  suggestion.empty() ? fmt::format("it is one of {}", joined(known)) : suggestion);
  return std::nullopt;
}

std::optional<core::Severity> Fields::severity(std::string_view key) {
  const Node* value = optional(key);
  return value == nullptr ? std::nullopt : read_severity(*value, said(key), problems_);
}

std::optional<core::Date> Fields::date(std::string_view key) {
  const Node* value = optional(key);
  if (value == nullptr) return std::nullopt;
  const auto text = scalar_text(*value, said(key), problems_);
  if (text.empty()) return std::nullopt;
  const auto date = core::parse_date(text);
  if (!date) {
    problems_.error(value->mark, fmt::format("{} is not a date: `{}`", said(key), text),
                    "write a day that exists as year-month-day, as in 2026-12-12");
  }
  return date;
}

std::optional<core::HoursWindow> Fields::hours(std::string_view key) {
  const Node* value = optional(key);
  if (value == nullptr) return std::nullopt;
  const auto text = scalar_text(*value, said(key), problems_);
  if (text.empty()) return std::nullopt;
  const auto hours = core::HoursWindow::parse(text);
  if (!hours) {
    problems_.error(value->mark, fmt::format("{} is not a window of hours: `{}`", said(key), text),
                    "write two different times in UTC, as in 01:00-05:00 or 22:30-06:00");
  }
  return hours;
}

std::optional<core::Rate> Fields::rate(std::string_view key) {
  const Node* value = optional(key);
  if (value == nullptr) return std::nullopt;
  const auto text = scalar_text(*value, said(key), problems_);
  if (text.empty()) return std::nullopt;
  const auto rate = core::Rate::parse(text);
  if (!rate) {
    problems_.error(value->mark, fmt::format("{} is not a rate: `{}`", said(key), text),
                    "write a number and its period, as in 50/s, 30/m or 2/h");
  }
  return rate;
}

std::optional<std::chrono::milliseconds> Fields::duration(std::string_view key,
                                                          DurationBounds bounds) {
  const Node* value = optional(key);
  if (value == nullptr) return std::nullopt;
  const auto text = scalar_text(*value, said(key), problems_);
  if (text.empty()) return std::nullopt;
  const auto duration = core::parse_duration(text);
  if (!duration) {
    problems_.error(value->mark, fmt::format("{} is not a duration: `{}`", said(key), text),
                    "write a number and its unit, as in 250ms, 3s, 10m, 3h or 7d");
  } else if (*duration < bounds.min || *duration > bounds.max) {
    problems_.error(
        value->mark, fmt::format("{} is out of bounds: `{}`", said(key), text),
        fmt::format("it must lie between {} ms and {} ms", bounds.min.count(), bounds.max.count()));
    return std::nullopt;
  }
  return duration;
}

std::vector<core::PortRange> Fields::ports(std::string_view key) {
  const Node* value = optional(key);
  return value == nullptr ? std::vector<core::PortRange>{}
                          : read_ports(*value, said(key), problems_);
}

std::string read_name(const Node& node, const std::string& what, Problems& problems) {
  auto name = scalar_text(node, what, problems);
  if (name.empty() || is_name(name)) return name;
  problems.error(node.mark, fmt::format("{} is not a name: `{}`", what, name.substr(0, 60)),
                 "use letters, digits, `.`, `_` and `-`, at most 128 of them");
  return "";
}

std::vector<Located> read_names(const Node& node, const std::string& what, Problems& problems) {
  std::vector<Located> names;
  if (node.kind == Node::Kind::Map) {
    problems.error(node.mark, what + " must be a name or a list of names");
  } else if (node.kind != Node::Kind::Sequence) {
    const auto name = read_name(node, what, problems);
    if (!name.empty()) names.push_back({name, node.mark});
  } else if (node.items.empty()) {
    problems.error(node.mark, what + " is an empty list");
  } else {
    for (const auto& item : node.items) {
      const auto name = read_name(item, "an entry of " + what, problems);
      if (!name.empty()) names.push_back({name, item.mark});
    }
  }
  return names;
}

std::optional<core::Severity> read_severity(const Node& node, const std::string& what,
                                            Problems& problems) {
  static const std::vector<std::string> known{"low", "medium", "high", "critical"};
  const auto text = scalar_text(node, what, problems);
  if (text.empty()) return std::nullopt;
  const auto severity = core::severity_of(text);
  if (severity) return severity;
  const auto suggestion = did_you_mean(text, known);
  problems.error(node.mark, fmt::format("{} is not a severity: `{}`", what, text),
                 suggestion.empty() ? fmt::format("it is one of {}", joined(known)) : suggestion);
  return std::nullopt;
}

std::optional<core::PortRange> read_port_range(const Node& node, const std::string& what,
                                               Problems& problems) {
  const auto text = scalar_text(node, what, problems);
  if (text.empty()) return std::nullopt;
  const auto range = core::PortRange::parse(text);
  if (!range) {
    problems.error(node.mark, fmt::format("{} is not a port or a range of ports: `{}`", what, text),
                   port_advice(text));
  }
  return range;
}

std::vector<core::PortRange> read_ports(const Node& node, const std::string& what,
                                        Problems& problems) {
  std::vector<core::PortRange> ports;
  if (node.kind != Node::Kind::Sequence || node.items.empty()) {
    problems.error(node.mark, what + " must be a list of ports, as in [tcp/443, udp/53]");
    return ports;
  }
  if (node.items.size() > kPortRangesMax) {
    problems.error(node.mark, fmt::format("{} has more than {} entries", what, kPortRangesMax));
    return ports;
  }
  for (const auto& item : node.items) {
    const auto range = read_port_range(item, "an entry of " + what, problems);
    if (!range) continue;
    const auto twice = std::ranges::find_if(
        ports, [&](const core::PortRange& other) { return other.overlaps(*range); });
    if (twice == ports.end()) {
      ports.push_back(*range);
    } else {
      problems.error(item.mark,
                     fmt::format("{} lists ports twice: `{}` overlaps `{}`", what, range->text(),
                                 twice->text()),
                     "keep one");
    }
  }
  return ports;
}

std::optional<core::Cidr> read_cidr(const Node& node, const std::string& what, Problems& problems) {
  const auto text = scalar_text(node, what, problems);
  if (text.empty()) return std::nullopt;
  const auto cidr = core::Cidr::parse(text);
  if (!cidr) {
    problems.error(node.mark, fmt::format("{} is not a block of addresses: `{}`", what, text),
                   cidr_advice(text));
  }
  return cidr;
}

bool check_known(const Located& name, const std::vector<std::string>& known, std::string_view kind,
                 const std::string& where, Problems& problems) {
  if (std::ranges::find(known, name.text) != known.end()) return true;
  // Nobody sees suggestions once there are too many problems, and each takes its time.
  auto suggestion = problems.full() ? "" : did_you_mean(name.text, known);
  if (suggestion.empty() && known.empty()) suggestion = fmt::format("no {} is defined", kind);
  problems.error(name.mark, fmt::format("unknown {} `{}` in {}", kind, name.text, where),
                 suggestion);
  return false;
}

std::vector<std::string> texts(const std::vector<Located>& located) {
  std::vector<std::string> texts;
  texts.reserve(located.size());
  for (const auto& one : located) texts.push_back(one.text);
  return texts;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string line;
  for (const auto& part : parts) line += (line.empty() ? "" : ", ") + part;
  return line;
}

}  // namespace reachproof::scenarios
