#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "scenarios/document.h"

/// `include`: rules that stand in other documents, ready ones of the catalog or files of one's own,
/// with parameters. docs/scenario-format.md#include is what people read.
///
/// An included document is taken apart into nodes, its parameters are put in, its names get their
/// prefix, and its sections are added to the scenario's own before anything is read: the readers of
/// the sections know nothing of it, except that marks tell the files apart.
namespace reachproof::scenarios {

/// The text of an included document by the name that the scenario gives it.
using ReadIncluded = std::function<Result<std::string>(const std::string& name)>;

inline constexpr std::size_t kIncludesMax = 100;
inline constexpr std::size_t kIncludedBytesMax = 256U << 10U;

/// A scenario's text with what it includes behind it, so that it can be kept, signed and loaded
/// again as one. Each included document follows a line `--- # include: NAME`.
struct AttachedText {
  std::string_view scenario;
  struct Part {
    std::string_view name;
    std::string_view text;
  };
  std::vector<Part> parts;
};
[[nodiscard]] AttachedText take_apart(std::string_view text);
[[nodiscard]] std::string attached(
    std::string_view scenario, const std::vector<std::pair<std::string, std::string>>& included);

/// Adds what `root` includes to its sections. `read` is asked for what is not attached. Returns the
/// names and texts in the order of their marks' file numbers.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> expand_includes(
    Node& root, const AttachedText& text, const ReadIncluded& read, Problems& problems);

/// One parameter of an included document.
struct Parameter {
  std::string name;
  std::string about;
  bool required = false;
  const Node* fallback = nullptr;  ///< its default, null for none
  SourceMark mark;
};

/// The parameters that a document declares; what is wrong with them becomes a problem.
[[nodiscard]] std::vector<Parameter> read_parameters(const Node& document, Problems& problems);

}  // namespace reachproof::scenarios
