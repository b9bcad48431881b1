#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reachproof::evidence {

/// Writes the canonical JSON of record bodies: UTF-8, keys sorted, no spaces, no floating point.
/// The caller gives the keys in order; a key out of order is a broken invariant. Text that is not
/// valid UTF-8 is written byte by byte as \u00XX, so that no invalid UTF-8 gets into a body.
class JsonText {
 public:
  JsonText& begin_object();
  JsonText& end_object();
  JsonText& begin_array();
  JsonText& end_array();
  JsonText& key(std::string_view name);
  JsonText& text(std::string_view value);
  JsonText& integer(std::int64_t value);
  JsonText& boolean(bool value);

  template <std::integral T>
  JsonText& field(std::string_view name, T value) {
    return key(name).integer(static_cast<std::int64_t>(value));
  }
  JsonText& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonText& flag(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonText& texts(std::string_view name, const std::vector<std::string>& values);

  [[nodiscard]] std::size_t size() const { return out_.size(); }
  /// The finished text; everything must have been closed.
  [[nodiscard]] std::string take();

 private:
  void separate();
  struct Level {
    bool object = false;
    bool any = false;
    std::string last_key;
  };
  std::string out_;
  std::vector<Level> levels_;
  bool after_key_ = false;
};

}  // namespace reachproof::evidence
