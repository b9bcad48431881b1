#pragma once

#include <chrono>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"
#include "core/rate.h"
#include "core/scenario.h"
#include "scenarios/document.h"

/// The kinds of value that the language knows, read by key. Each reader says what is wrong with a
/// value, once, and then gives back nothing: nobody downstream complains about it again.
namespace reachproof::scenarios {

/// A piece of text and where it stands.
struct Located {
  std::string text;
  SourceMark mark;
};

/// How long a value may be, both ends included.
struct DurationBounds {
  std::chrono::milliseconds min;
  std::chrono::milliseconds max;
};

/// More entries than this in one list of ports are refused.
inline constexpr std::size_t kPortRangesMax = 1000;

/// Letters, digits, `.`, `_` and `-`; at most 128: what names a workload, a segment, a rule.
[[nodiscard]] bool is_name(std::string_view text);

class Fields : public MapReader {
 public:
  Fields(const Node& node, std::string what, Problems& problems)
      : MapReader(node, std::move(what), problems), problems_(problems) {}

  /// Reports those of the keys that are missing.
  void require(std::initializer_list<std::string_view> keys);
  /// Reports a key of the language that this version does not act upon, and must not ignore.
  void refuse(std::string_view key, const std::string& message);

  /// Refuses any `version` but 1.
  void version();
  [[nodiscard]] std::string name(std::string_view key);
  [[nodiscard]] std::vector<Located> name_list(std::string_view key);
  [[nodiscard]] std::vector<Located> name_or_list(std::string_view key);
  /// One of `known`.
  [[nodiscard]] std::optional<std::string> word(std::string_view key,
                                                const std::vector<std::string>& known);
  [[nodiscard]] std::optional<core::Severity> severity(std::string_view key);
  [[nodiscard]] std::optional<core::Date> date(std::string_view key);
  [[nodiscard]] std::optional<core::HoursWindow> hours(std::string_view key);
  [[nodiscard]] std::optional<core::Rate> rate(std::string_view key);
  [[nodiscard]] std::optional<std::chrono::milliseconds> duration(std::string_view key,
                                                                  DurationBounds bounds);
  [[nodiscard]] std::vector<core::PortRange> ports(std::string_view key);

  /// "`key` of flow F01", for messages.
  [[nodiscard]] std::string said(std::string_view key) const;
  /// Where the value of a key stands, or nowhere.
  [[nodiscard]] SourceMark mark_of(std::string_view key);

 private:
  Problems& problems_;
};

[[nodiscard]] std::string read_name(const Node& node, const std::string& what, Problems& problems);
/// A name, or a list of them where that is allowed; at least one.
[[nodiscard]] std::vector<Located> read_names(const Node& node, const std::string& what,
                                              Problems& problems);
[[nodiscard]] std::optional<core::Severity> read_severity(const Node& node, const std::string& what,
                                                          Problems& problems);
[[nodiscard]] std::optional<core::PortRange> read_port_range(const Node& node,
                                                             const std::string& what,
                                                             Problems& problems);
/// A list of port ranges that do not overlap.
[[nodiscard]] std::vector<core::PortRange> read_ports(const Node& node, const std::string& what,
                                                      Problems& problems);
[[nodiscard]] std::optional<core::Cidr> read_cidr(const Node& node, const std::string& what,
                                                  Problems& problems);

/// True if `name` is among `known`; otherwise reports "unknown <kind> `name` in <where>".
bool check_known(const Located& name, const std::vector<std::string>& known, std::string_view kind,
                 const std::string& where, Problems& problems);
[[nodiscard]] std::vector<std::string> texts(const std::vector<Located>& located);
[[nodiscard]] std::string joined(const std::vector<std::string>& parts);

}  // namespace reachproof::scenarios
