#pragma once

#include <fmt/core.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"

/// Reading the JSON of record bodies; for the .cc files of evidence/ that do. What a body lacks or
/// has wrong is thrown, and caught where the record's number is known.
namespace reachproof::evidence::body {

struct BadBody {
  std::string what;
};

inline const boost::json::value& need(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr) throw BadBody{fmt::format("`{}` is missing", name)};
  return *value;
}

inline std::string as_text(const boost::json::value& value) {
  if (!value.is_string()) throw BadBody{"a text was expected"};
  return std::string(value.get_string());
}
inline std::int64_t as_number(const boost::json::value& value) {
  if (!value.is_int64()) throw BadBody{"a whole number was expected"};
  return value.get_int64();
}
inline const boost::json::array& as_array(const boost::json::value& value) {
  if (!value.is_array()) throw BadBody{"a list was expected"};
  return value.get_array();
}
inline const boost::json::object& as_object(const boost::json::value& value) {
  if (!value.is_object()) throw BadBody{"an object was expected"};
  return value.get_object();
}

inline std::string text_in(const boost::json::object& object, std::string_view name) {
  return as_text(need(object, name));
}
inline std::string text_or_empty(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value == nullptr ? "" : as_text(*value);
}
inline std::int64_t number_in(const boost::json::object& object, std::string_view name) {
  return as_number(need(object, name));
}
inline bool flag_in(const boost::json::object& object, std::string_view name) {
  const auto& value = need(object, name);
  if (!value.is_bool()) throw BadBody{fmt::format("`{}` is not true or false", name)};
  return value.get_bool();
}
inline std::vector<std::string> texts_or_none(const boost::json::object& object,
                                              std::string_view name) {
  std::vector<std::string> texts;
  const auto* value = object.if_contains(name);
  if (value == nullptr) return texts;
  for (const auto& item : as_array(*value)) texts.push_back(as_text(item));
  return texts;
}

template <class Parse>
auto parsed(const std::string& word, Parse parse) {
  auto value = parse(word);
  if (!value) throw BadBody{fmt::format("`{}` is not known", word)};
  return *value;
}

inline core::WallTime time_in(const boost::json::object& object, std::string_view name) {
  return parsed(text_in(object, name), core::parse_wall_time);
}

/// The object that a text is.
inline boost::json::object object_in(std::string_view text) {
  boost::json::error_code error;
  auto value = boost::json::parse(text, error);
  if (error) throw BadBody{"not JSON"};
  return as_object(value);
}

}  // namespace reachproof::evidence::body
