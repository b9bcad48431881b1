#pragma once

#include <fmt/core.h>

#include <boost/json.hpp>
#include <cstdint>
#include <limits>
#include <set>

#include "core/error.h"
#include "core/hex.h"
#include "protocol/duplicate_keys.h"
#include "protocol/message.h"

/// Reading of JSON objects that a peer sent. Internal to protocol/: Boost.JSON goes no further.
namespace reachproof::protocol {

namespace json = boost::json;

/// Reads the fields of one object; the first thing that is wrong is kept, and everything after it
/// yields empty values. finish() refuses fields that nobody asked for.
class Fields {
 public:
  Fields(const json::object& object, std::string& problem) : object_(object), problem_(problem) {}

  const json::value* get(std::string_view name) {
    asked_.insert(std::string(name));
    const auto* value = object_.if_contains(name);
    if (value == nullptr) complain(name, "is missing");
    return value;
  }

  [[nodiscard]] bool sound() const { return problem_.empty(); }

  bool has(std::string_view name) {
    asked_.insert(std::string(name));
    return object_.contains(name);
  }

  std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max) {
    const auto* value = get(name);
    if (value == nullptr) return 0;
    // Numbers beyond a signed 64-bit integer are parsed as unsigned or floating, and refused here.
    const auto* number = value->if_int64();
    if (number == nullptr || *number < min || *number > max) {
      complain(name, "is not a whole number in its range");
      return 0;
    }
    return *number;
  }

  std::uint64_t id(std::string_view name) {
    return static_cast<std::uint64_t>(integer(name, 0, std::int64_t{1} << 53U));
  }
  core::Port port(std::string_view name, std::int64_t min) {
    return static_cast<core::Port>(integer(name, min, 65535));
  }

  bool boolean(std::string_view name) {
    const auto* value = get(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) complain(name, "is not true or false");
    return value->is_bool() && value->get_bool();
  }

  std::string text(std::string_view name, std::size_t bytes_max = kTextBytesMax) {
    const auto* value = get(name);
    if (value == nullptr) return "";
    if (!value->is_string() || value->get_string().size() > bytes_max) {
      complain(name, "is not a text of bounded length");
      return "";
    }
    return std::string(value->get_string());
  }

  template <class T, class Parse>
  T parsed(std::string_view name, Parse parse) {
    const auto raw = text(name);
    if (!problem_.empty()) return T{};
    const auto value = parse(raw);
    if (!value) {
      complain(name, "has a value that is not known");
      return T{};
    }
    return *value;
  }

  core::IpAddress address(std::string_view name) {
    return parsed<core::IpAddress>(name, core::IpAddress::parse);
  }

  core::ProtocolPort protocol_port(std::string_view name) {
    const auto range = parsed<core::PortRange>(name, core::PortRange::parse);
    if (range.first != range.last) complain(name, "is a range");
    return {range.protocol, range.first};
  }

  Nonce nonce(std::string_view name) {
    Nonce nonce{};
    const auto bytes = parsed<std::vector<std::uint8_t>>(name, core::from_hex);
    if (bytes.size() != nonce.size()) {
      complain(name, "does not have 32 bytes");
    } else {
      std::copy(bytes.begin(), bytes.end(), nonce.begin());
    }
    return nonce;
  }

  const json::object* object(std::string_view name) {
    const auto* value = get(name);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) complain(name, "is not an object");
    return value->if_object();
  }

  core::Moment moment(std::string_view name) {
    core::Moment moment;
    if (const auto* inner = object(name)) {
      Fields fields(*inner, problem_);
      moment.wall = fields.parsed<core::WallTime>("wall", core::parse_wall_time);
      moment.monotonic_us = fields.integer("us", 0, std::numeric_limits<std::int64_t>::max());
      fields.finish();
    }
    return moment;
  }

  /// Calls `read(Fields&)` for each object of a list.
  template <class Read>
  void each(std::string_view name, Read read) {
    const auto* value = get(name);
    if (value == nullptr) return;
    if (!value->is_array() || value->get_array().size() > kListMax) {
      complain(name, "is not a list of bounded length");
      return;
    }
    for (const auto& item : value->get_array()) {
      if (!item.is_object()) {
        complain(name, "holds something that is not an object");
        return;
      }
      Fields fields(item.get_object(), problem_);
      read(fields);
      fields.finish();
      if (!problem_.empty()) return;
    }
  }

  void complain(std::string_view name, std::string_view what) {
    if (problem_.empty()) problem_ = fmt::format("field `{}` {}", name, what);
  }

  void finish() {
    for (const auto& field : object_) {
      if (asked_.contains(std::string(field.key()))) continue;
      complain(std::string_view(field.key()).substr(0, 64), "is not known");
      return;
    }
  }

 private:
  const json::object& object_;
  std::string& problem_;
  std::set<std::string, std::less<>> asked_;
};

/// Parses one object of bounded depth; the error says what it is instead.
[[nodiscard]] inline Result<json::value> parse_object(std::string_view text,
                                                      std::size_t depth_max) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::error_code error;
  auto value = json::parse(text, error, {}, options);
  if (error) return fail(ErrorCode::Protocol, "not JSON: " + error.message());
  if (!value.is_object()) return fail(ErrorCode::Protocol, "not a JSON object");
  if (has_ambiguous_keys(text)) return fail(ErrorCode::Protocol, "a field is there twice");
  return value;
}

}  // namespace reachproof::protocol
