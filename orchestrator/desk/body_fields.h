#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reachproof::orchestrator {

/// The fields of a record's body, or of a request's: what is missing or of another kind is empty.
class BodyFields {
 public:
  explicit BodyFields(std::string_view text);
  ~BodyFields();
  BodyFields(const BodyFields&) = delete;
  BodyFields& operator=(const BodyFields&) = delete;

  [[nodiscard]] bool sound() const;  ///< it is an object of JSON
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t fallback = 0) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;

 private:
  struct Object;
  std::unique_ptr<Object> object_;
};

}  // namespace reachproof::orchestrator
