#include "scenarios/document.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "core/utf8.h"

namespace reachproof::scenarios {
namespace {

SourceMark mark_in(int file, const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1, file};
}

/// Builds our tree from yaml-cpp's events, so that no YAML type leaves this file.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Node& root, Problems& problems, int file)
      : root_(root), problems_(problems), file_(file) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    place(Node{.kind = Node::Kind::Null, .mark = mark_of(mark)});
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.error(mark_of(mark), "aliases (`*name`) are not supported",
                    "write the value out, so that a reviewer sees it where it counts");
    place(Node{.kind = Node::Kind::Null, .mark = mark_of(mark)});
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    const bool quoted = tag == "!";
    const bool null = !quoted && (value.empty() || value == "~" || value == "null");
    place(Node{.kind = null ? Node::Kind::Null : Node::Kind::Scalar,
               .mark = mark_of(mark),
               .text = null ? "" : value,
               .quoted = quoted});
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::Sequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == 0) return;
    problems_.error(mark_of(mark), "anchors (`&name`) are not supported",
                    "write the value out, so that a reviewer sees it where it counts");
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_.error(mark_of(mark), fmt::format("the tag `{}` is not supported", tag),
                    "remove it: every key has its type already");
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (static_cast<int>(open_.size()) >= kDocumentDepthMax) {
      throw YAML::ParserException(mark,
                                  fmt::format("nested deeper than {} levels", kDocumentDepthMax));
    }
    open_.push_back(Node{.kind = kind, .mark = mark_of(mark)});
    keys_.push_back({});
  }

  void close() {
    Node finished = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    if (finished.kind == Node::Kind::Map) report_duplicates(finished);
    place(std::move(finished));
  }

  void place(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Node& parent = open_.back();
    if (parent.kind == Node::Kind::Sequence) {
      parent.items.push_back(std::move(node));
    } else if (auto& key = keys_.back(); !key) {
      if (node.kind != Node::Kind::Scalar) {
        problems_.error(node.mark, "a key must be plain text");
      }
      key = std::move(node);
    } else {
      parent.entries.push_back({std::move(*key), std::move(node)});
      key.reset();
    }
  }

  [[nodiscard]] SourceMark mark_of(const YAML::Mark& mark) const { return mark_in(file_, mark); }

  void report_duplicates(const Node& map) {
    std::map<std::string, SourceMark> seen;
    for (const auto& [key, value] : map.entries) {
      const auto [first, fresh] = seen.emplace(key.text, key.mark);
      if (fresh) continue;
      problems_.error(key.mark, fmt::format("the key `{}` stands here twice", key.text),
                      fmt::format("the first is on line {}; keep one", first->second.line));
    }
  }

  Node& root_;
  Problems& problems_;
  int file_;
  std::vector<Node> open_;
  std::vector<std::optional<Node>> keys_;
};

SourceMark mark_at(int file, std::string_view text, std::size_t offset) {
  SourceMark mark{1, 1, file};
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
  }
  return mark;
}

/// Says what byte-level rule the text breaks, if any. yaml-cpp accepts some of these silently.
bool bytes_are_sound(std::string_view text, Problems& problems, int file) {
  if (text.size() > kDocumentBytesMax) {
    problems.error({1, 1, file}, fmt::format("the file has {} bytes; at most {} are read",
                                             text.size(), kDocumentBytesMax));
    return false;
  }
  if (const auto bad = core::valid_utf8_prefix(text); bad != text.size()) {
    problems.error(mark_at(file, text, bad), "not valid UTF-8", "save the file as UTF-8");
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && c != '\n' && c != '\r' && c != '\t') {
      problems.error(mark_at(file, text, i), fmt::format("control character 0x{:02x}", c),
                     "remove it");
      return false;
    }
  }
  return true;
}

/// YAML forbids tabs in indentation; parsers differ on the rest, so none is accepted outside
/// comments and quotes at a line's beginning.
bool indentation_has_no_tab(std::string_view text, Problems& problems, int file) {
  bool sound = true;
  bool at_start = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      at_start = true;
    } else if (at_start && text[i] == '\t') {
      problems.error(mark_at(file, text, i), "a tab is used for indentation", "use spaces");
      sound = false;
      at_start = false;
    } else if (text[i] != ' ') {
      at_start = false;
    }
  }
  return sound;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name.text == key) return &value;
  }
  return nullptr;
}

std::string text(const Problem& problem) {
  std::string line = problem.file;
  if (problem.mark.line > 0) line += fmt::format(":{}:{}", problem.mark.line, problem.mark.column);
  line += problem.level == Problem::Level::Error ? ": error: " : ": warning: ";
  line += problem.message;
  if (!problem.suggestion.empty()) line += "; " + problem.suggestion;
  return line;
}

int Problems::add_file(std::string file) {
  files_.push_back(std::move(file));
  return static_cast<int>(files_.size()) - 1;
}

std::string Problems::line_of(SourceMark mark) const {
  if (mark.file == 0) return fmt::format("line {}", mark.line);
  return fmt::format("line {} of {}", mark.line, files_[static_cast<std::size_t>(mark.file)]);
}

void Problems::error(SourceMark mark, std::string message, std::string suggestion) {
  add({Problem::Level::Error, files_[static_cast<std::size_t>(mark.file)], mark, std::move(message),
       std::move(suggestion)});
}

void Problems::warning(SourceMark mark, std::string message, std::string suggestion) {
  add({Problem::Level::Warning, files_[static_cast<std::size_t>(mark.file)], mark,
       std::move(message), std::move(suggestion)});
}

void Problems::add(Problem problem) {
  if (!full()) {
    problems_.push_back(std::move(problem));
    return;
  }
  ++left_out_;
  error_left_out_ = error_left_out_ || problem.level == Problem::Level::Error;
}

bool Problems::any_error() const {
  return error_left_out_ || std::ranges::any_of(problems_, [](const Problem& p) {
           return p.level == Problem::Level::Error;
         });
}

std::vector<Problem> Problems::sorted() const {
  auto sorted = problems_;
  std::ranges::stable_sort(sorted, {}, &Problem::mark);
  if (left_out_ > 0) {
    const auto level = error_left_out_ ? Problem::Level::Error : Problem::Level::Warning;
    sorted.push_back(
        {level, file(), {}, fmt::format("{} more problems are not shown", left_out_), ""});
  }
  return sorted;
}

Node parse_document(std::string_view yaml, Problems& problems, int file) {
  if (!bytes_are_sound(yaml, problems, file)) return {};
  if (!indentation_has_no_tab(yaml, problems, file)) return {};
  Node root;
  try {
    std::istringstream stream{std::string(yaml)};
    YAML::Parser parser(stream);
    TreeBuilder builder(root, problems, file);
    if (!parser.HandleNextDocument(builder)) {
      problems.error({1, 1, file}, "the file is empty");
      return {};
    }
    Node second;
    Problems ignored(problems.file());
    TreeBuilder second_builder(second, ignored, 0);
    if (parser.HandleNextDocument(second_builder)) {
      second.mark.file = file;
      problems.error(second.mark, "a second YAML document begins here", "one document a file");
    }
  } catch (const YAML::Exception& error) {
    problems.error(mark_in(file, error.mark), fmt::format("not valid YAML: {}", error.msg));
    return {};
  }
  return root;
}

Result<std::string> read_text_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::Config, fmt::format("cannot open `{}`", path));
  std::string bytes(kDocumentBytesMax + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return fail(ErrorCode::Io, fmt::format("cannot read `{}`", path));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  if (bytes.size() > kDocumentBytesMax) {
    return fail(ErrorCode::Config,
                fmt::format("`{}` is larger than {} bytes", path, kDocumentBytesMax));
  }
  return bytes;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  if (word.size() > 200) return "";
  for (const auto& candidate : known) {
    const auto distance = edit_distance(word, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = &candidate;
      best_distance = distance;
    }
  }
  return best == nullptr ? "" : fmt::format("did you mean `{}`?", *best);
}

}  // namespace reachproof::scenarios
