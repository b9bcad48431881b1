#include "orchestrator/api/body.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

namespace reachproof::orchestrator::api {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 8;
constexpr std::size_t kFaultsMax = 50;

/// What is wrong with a text; nothing where it is good.
std::optional<std::string> objection(std::string_view text, bool required, std::size_t bytes_max) {
  if (required && text.empty()) return "must not be empty";
  if (text.size() > bytes_max) return fmt::format("is longer than {} bytes", bytes_max);
  const bool control = std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (control) return "holds control characters";
  return std::nullopt;
}

std::string pointer(std::string_view name) {
  std::string out = "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

struct BodyReader::Fields {
  json::object object;
  std::set<std::string, std::less<>> asked;

  const json::value* find(std::string_view name) {
    asked.emplace(name);
    return object.if_contains(name);
  }
};

BodyReader::BodyReader(std::string_view body) : fields_(std::make_unique<Fields>()) {
  if (body.empty()) return;
  json::parse_options options;
  options.max_depth = kDepthMax;
  boost::system::error_code failed;
  auto value = json::parse(body, failed, {}, options);
  unreadable_ = failed.failed() || !value.is_object();
  if (!unreadable_) fields_->object = std::move(value.get_object());
}

BodyReader::~BodyReader() = default;

void BodyReader::refuse(std::string_view name, std::string what) {
  if (faults_.size() < kFaultsMax) faults_.push_back({pointer(name), std::move(what)});
}

std::string BodyReader::text(std::string_view name, TextRule rule) {
  const auto* value = fields_->find(name);
  if (value == nullptr) {
    if (rule.required) refuse(name, "is missing");
    return {};
  }
  if (!value->is_string()) {
    refuse(name, "must be a text");
    return {};
  }
  const std::string text(value->get_string());
  if (auto wrong = objection(text, rule.required, rule.bytes_max)) refuse(name, *wrong);
  return text;
}

std::int64_t BodyReader::number(std::string_view name, NumberRule rule) {
  const auto* value = fields_->find(name);
  if (value == nullptr) return rule.otherwise;
  if (!value->is_int64() || value->get_int64() < rule.least || value->get_int64() > rule.most) {
    refuse(name, fmt::format("must be a whole number from {} to {}", rule.least, rule.most));
    return rule.otherwise;
  }
  return value->get_int64();
}

bool BodyReader::flag(std::string_view name, bool otherwise) {
  const auto* value = fields_->find(name);
  if (value == nullptr) return otherwise;
  if (value->is_bool()) return value->get_bool();
  refuse(name, "must be true or false");
  return otherwise;
}

std::vector<std::string> BodyReader::texts(std::string_view name, TextsRule rule) {
  std::vector<std::string> texts;
  const auto* value = fields_->find(name);
  if (value == nullptr) {
    if (rule.required) refuse(name, "is missing");
    return texts;
  }
  if (!value->is_array() || value->get_array().size() > rule.items_max ||
      (rule.required && value->get_array().empty())) {
    refuse(name,
           fmt::format("must be a list of {} to {} texts", rule.required ? 1 : 0, rule.items_max));
    return texts;
  }
  for (const auto& item : value->get_array()) {
    if (!item.is_string()) {
      refuse(name, "must hold texts only");
      return texts;
    }
    std::string text(item.get_string());
    if (auto wrong = objection(text, true, rule.bytes_max)) refuse(name, "an entry " + *wrong);
    if (std::ranges::find(texts, text) != texts.end()) refuse(name, "names something twice");
    texts.push_back(std::move(text));
  }
  return texts;
}

std::optional<Problem> BodyReader::problem() {
  if (unreadable_) return Problem{.status = 400, .detail = "the body is not a JSON object"};
  for (const auto& entry : fields_->object) {
    if (!fields_->asked.contains(entry.key())) refuse(entry.key(), "is not known here");
  }
  if (faults_.empty()) return std::nullopt;
  return Problem{.status = 422, .detail = "the body is not as it should be", .faults = faults_};
}

}  // namespace reachproof::orchestrator::api
