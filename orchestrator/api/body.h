#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/problem.h"

namespace reachproof::orchestrator::api {

/// Reads the fields of a JSON object one by one, and collects everything that is wrong with it:
/// the caller asks for all that it knows, then for the problem. What nobody asked for is one.
class BodyReader {
 public:
  /// An empty body is an object without fields.
  explicit BodyReader(std::string_view body);
  ~BodyReader();
  BodyReader(const BodyReader&) = delete;
  BodyReader& operator=(const BodyReader&) = delete;

  struct TextRule {
    bool required = false;
    std::size_t bytes_max = 200;
  };
  /// Empty where it is missing. Without control characters.
  [[nodiscard]] std::string text(std::string_view name, TextRule rule);

  struct NumberRule {
    std::int64_t least = 0;
    std::int64_t most = 0;
    std::int64_t otherwise = 0;  ///< where it is missing
  };
  [[nodiscard]] std::int64_t number(std::string_view name, NumberRule rule);
  [[nodiscard]] bool flag(std::string_view name, bool otherwise);

  struct TextsRule {
    bool required = false;  ///< there, and not empty
    std::size_t items_max = 100;
    std::size_t bytes_max = 200;
  };
  /// Without repetitions.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, TextsRule rule);

  /// Something is wrong with this field for a reason that the caller knows.
  void refuse(std::string_view name, std::string what);

  /// Nothing where the body was as it should be; call it last.
  [[nodiscard]] std::optional<Problem> problem();

 private:
  struct Fields;
  std::unique_ptr<Fields> fields_;
  std::vector<Fault> faults_;
  bool unreadable_ = false;
};

}  // namespace reachproof::orchestrator::api
