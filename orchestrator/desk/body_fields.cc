#include "orchestrator/desk/body_fields.h"

#include <boost/json.hpp>

namespace reachproof::orchestrator {

namespace json = boost::json;

struct BodyFields::Object {
  json::value value;
  bool sound = false;
  [[nodiscard]] const json::value* find(std::string_view name) const {
    return sound ? value.get_object().if_contains(name) : nullptr;
  }
};

BodyFields::BodyFields(std::string_view text) : object_(std::make_unique<Object>()) {
  json::error_code error;
  object_->value = json::parse(text, error);
  object_->sound = !error && object_->value.is_object();
}
BodyFields::~BodyFields() = default;

bool BodyFields::sound() const {
  return object_->sound;
}

std::string BodyFields::text(std::string_view name) const {
  const auto* value = object_->find(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::int64_t BodyFields::number(std::string_view name, std::int64_t fallback) const {
  const auto* value = object_->find(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : fallback;
}

bool BodyFields::flag(std::string_view name) const {
  const auto* value = object_->find(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::vector<std::string> BodyFields::texts(std::string_view name) const {
  std::vector<std::string> list;
  const auto* value = object_->find(name);
  if (value == nullptr || !value->is_array()) return list;
  for (const auto& item : value->get_array()) {
    if (item.is_string()) list.emplace_back(item.get_string());
  }
  return list;
}

}  // namespace reachproof::orchestrator
