// The part of document.h that reads the keys of one map.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "scenarios/document.h"

namespace reachproof::scenarios {

MapReader::MapReader(const Node& node, std::string what, Problems& problems)
    : node_(node), what_(std::move(what)), problems_(problems) {
  usable_ = node.kind == Node::Kind::Map;
  if (!usable_) problems_.error(node.mark, what_ + " must be a map of keys and values");
}

const Node* MapReader::optional(std::string_view key) {
  asked_.emplace_back(key);
  return usable_ ? node_.find(key) : nullptr;
}

const Node* MapReader::required(std::string_view key) {
  const Node* value = optional(key);
  if (usable_ && value == nullptr) {
    problems_.error(node_.mark, fmt::format("{} lacks the key `{}`", what_, key));
  }
  return value;
}

std::string MapReader::optional_text(std::string_view key, std::string fallback) {
  const Node* value = optional(key);
  if (value == nullptr) return fallback;
  return scalar_text(*value, fmt::format("`{}` of {}", key, what_), problems_);
}

std::string MapReader::required_text(std::string_view key) {
  const Node* value = required(key);
  if (value == nullptr) return "";
  return scalar_text(*value, fmt::format("`{}` of {}", key, what_), problems_);
}

bool MapReader::optional_bool(std::string_view key, bool fallback) {
  const Node* value = optional(key);
  if (value == nullptr) return fallback;
  const bool plain = value->kind == Node::Kind::Scalar && !value->quoted;
  if (plain && value->text == "true") return true;
  if (plain && value->text == "false") return false;
  problems_.error(value->mark, fmt::format("`{}` of {} must be true or false", key, what_));
  return fallback;
}

int MapReader::optional_int(std::string_view key, int fallback, int min, int max) {
  const Node* value = optional(key);
  if (value == nullptr) return fallback;
  int number = 0;
  const auto& digits = value->text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = value->kind == Node::Kind::Scalar && !value->quoted && !digits.empty() &&
                     error == std::errc{} && end == digits.data() + digits.size();
  if (whole && number >= min && number <= max) return number;
  problems_.error(value->mark, fmt::format("`{}` of {} must be a whole number from {} to {}", key,
                                           what_, min, max));
  return fallback;
}

std::vector<std::string> MapReader::optional_texts(std::string_view key) {
  const Node* value = optional(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->kind != Node::Kind::Sequence) {
    problems_.error(value->mark, fmt::format("`{}` of {} must be a list", key, what_));
    return texts;
  }
  for (const auto& item : value->items) {
    auto text = scalar_text(item, fmt::format("an entry of `{}` of {}", key, what_), problems_);
    if (!text.empty()) texts.push_back(std::move(text));
  }
  return texts;
}

void MapReader::finish() {
  if (!usable_) return;
  std::set<std::string> reported;
  for (const auto& [key, value] : node_.entries) {
    if (std::ranges::find(asked_, key.text) != asked_.end()) continue;
    if (!reported.insert(key.text).second) continue;
    problems_.error(key.mark, fmt::format("unknown key `{}` in {}", key.text, what_),
                    did_you_mean(key.text, asked_));
  }
}

std::string scalar_text(const Node& node, const std::string& what, Problems& problems) {
  if (node.kind == Node::Kind::Scalar && !node.text.empty()) return node.text;
  problems.error(node.mark, node.kind == Node::Kind::Null || node.kind == Node::Kind::Scalar
                                ? what + " is empty"
                                : what + " must be plain text");
  return "";
}

}  // namespace reachproof::scenarios
