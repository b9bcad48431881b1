#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/scenario.h"

/// YAML as located text, and every problem of a file at once.
///
/// Scalars stay text here: the reader of each key decides what the text means, so that YAML 1.1's
/// guesses (`no`, `01:00`, `2025-12-12`) never reach a scenario. yaml-cpp is known to document.cc
/// alone. Anchors and aliases are refused: a reviewed file says what it says where it says it.
namespace reachproof::scenarios {

using core::SourceMark;

struct Node {
  enum class Kind { Null, Scalar, Sequence, Map };
  Kind kind = Kind::Null;
  SourceMark mark;
  std::string text;  ///< of a scalar
  bool quoted = false;
  std::vector<Node> items;  ///< of a sequence
  struct Entry;
  std::vector<Entry> entries;  ///< of a map, in file order, duplicates included

  /// The value under a key, or null where the key is missing.
  [[nodiscard]] const Node* find(std::string_view key) const;
};

/// A key and its value.
struct Node::Entry {
  Node first;
  Node second;
};

struct Problem {
  enum class Level { Error, Warning };
  Level level = Level::Error;
  std::string file;
  SourceMark mark;
  std::string message;     ///< what is wrong
  std::string suggestion;  ///< what to do about it, empty for none
};

/// "file:12:5: error: unknown key `form` in flow F01; did you mean `from`?"
[[nodiscard]] std::string text(const Problem& problem);

/// More problems than this in one file are counted, not kept: nobody reads on, and hostile input
/// must not fill the memory.
inline constexpr std::size_t kProblemsMax = 1000;

/// Collects the problems of one file, and of what it includes.
class Problems {
 public:
  explicit Problems(std::string file) : files_{std::move(file)} {}

  /// Another file, whose marks have the returned number.
  int add_file(std::string file);

  void error(SourceMark mark, std::string message, std::string suggestion = "");
  void warning(SourceMark mark, std::string message, std::string suggestion = "");
  [[nodiscard]] bool any_error() const;
  [[nodiscard]] bool full() const { return problems_.size() >= kProblemsMax; }
  /// Sorted by place in the file; the last one says how many were left out, if any were.
  [[nodiscard]] std::vector<Problem> sorted() const;
  [[nodiscard]] const std::string& file() const { return files_.front(); }
  /// "line 12", or "line 12 of catalog/databases" in what was included, for messages.
  [[nodiscard]] std::string line_of(SourceMark mark) const;

 private:
  void add(Problem problem);

  std::vector<std::string> files_;
  std::vector<Problem> problems_;
  std::size_t left_out_ = 0;
  bool error_left_out_ = false;
};

/// Largest file that is read, in bytes, and deepest nesting.
inline constexpr std::size_t kDocumentBytesMax = 4U << 20U;
inline constexpr int kDocumentDepthMax = 32;

/// Parses one document. A syntax error, a second document, an anchor, a tab, invalid UTF-8, too
/// much depth or size becomes a problem; the node is then Null. Duplicate keys are reported here.
/// `file` is the number that marks get, from Problems::add_file.
[[nodiscard]] Node parse_document(std::string_view yaml, Problems& problems, int file = 0);

/// Reads a whole file, bounded. The error names the file.
[[nodiscard]] Result<std::string> read_text_file(const std::string& path);

/// The nearest of `known` to a misspelt word as "did you mean `x`?", or "" if nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view word,
                                       const std::vector<std::string>& known);

/// Reads the keys of one map and reports, when finished, those that nobody asked for.
///
///   MapReader keys(node, "flow F01", problems);
///   const Node* from = keys.required("from");
///   keys.finish();
class MapReader {
 public:
  /// `what` names the thing in messages. A node that is not a map is a problem; then every key
  /// is missing, without further complaints.
  MapReader(const Node& node, std::string what, Problems& problems);

  [[nodiscard]] const Node* optional(std::string_view key);
  [[nodiscard]] const Node* required(std::string_view key);
  /// Scalars as text; a non-scalar or an empty one is a problem and gives "".
  [[nodiscard]] std::string optional_text(std::string_view key, std::string fallback = "");
  [[nodiscard]] std::string required_text(std::string_view key);
  /// Exactly `true` or `false`.
  [[nodiscard]] bool optional_bool(std::string_view key, bool fallback);
  [[nodiscard]] int optional_int(std::string_view key, int fallback, int min, int max);
  /// A list of scalars; a single scalar is not a list.
  [[nodiscard]] std::vector<std::string> optional_texts(std::string_view key);
  void finish();

  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] const std::string& what() const { return what_; }

 private:
  const Node& node_;
  std::string what_;
  Problems& problems_;
  bool usable_ = false;
  std::vector<std::string> asked_;
};

/// The text of a scalar node; anything else is a problem and gives "".
[[nodiscard]] std::string scalar_text(const Node& node, const std::string& what,
                                      Problems& problems);

}  // namespace reachproof::scenarios
