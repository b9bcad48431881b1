#pragma once

#include <chrono>
#include <iosfwd>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/address.h"
#include "core/error.h"
#include "core/flow.h"
#include "core/layer.h"
#include "core/rate.h"

namespace reachproof::probe {

/// What this host's owner lets the probe do. Read once from a file that the orchestrator cannot
/// change; whatever lies outside is refused. docs/scope-file.md is the format:
///
///   allow 10.0.0.0/8 tcp/1-65535
///   deny  10.9.0.0/16
///   rate 100/s
///   per-target 10/s
///   ask tls ssh        (or: ask none)
///
/// Without a file everything is in scope except what is always out of it: link-local, multicast
/// and broadcast addresses and the clouds' metadata services. With a file those, and loopback,
/// are in scope only where a line names the very address (a /32 or /128).
class Scope {
 public:
  /// No file: the default.
  Scope() = default;
  static Result<Scope> parse(std::string_view text, std::string file);
  /// Reads the file. A missing one is an error only where `required`.
  static Result<Scope> load(const std::string& path, bool required);

  /// Why a destination is out of scope; nothing where it is in.
  [[nodiscard]] std::optional<std::string> objection(const core::IpAddress& as_ordered,
                                                     core::ProtocolPort port) const;
  /// Why that may not be asked above the network; nothing where it may.
  [[nodiscard]] std::optional<std::string> objection_to_asking(const core::Ask& ask) const;
  /// Why one more try now would break a rate of the file; nothing where it is within, and then it
  /// is counted.
  [[nodiscard]] std::optional<std::string> over_budget(const core::IpAddress& target,
                                                       std::int64_t now_us);
  /// SHA-256 of the file in hex, empty without one.
  [[nodiscard]] const std::string& digest() const { return digest_; }

 private:
  struct Line {
    core::Cidr block;
    std::optional<core::PortRange> ports;  ///< all ports where missing
  };
  /// A bucket that holds one second's worth of tries.
  struct Bucket {
    double tokens = 0;
    std::int64_t filled_us = 0;
    [[nodiscard]] bool take(const core::Rate& rate, std::int64_t now_us);
  };
  /// The problem, with the place first and a line end; empty where there is none.
  std::string take_ask_line(std::istream& words, const std::string& where);
  static bool covers(const std::vector<Line>& lines, const core::IpAddress& address,
                     core::ProtocolPort port, bool exact_only);

  bool from_file_ = false;
  std::string digest_;
  std::vector<Line> allowed_;
  std::vector<Line> denied_;
  std::optional<std::set<std::string>> asks_;  ///< all where missing
  std::optional<core::Rate> rate_;
  std::optional<core::Rate> per_target_;
  Bucket all_;
  std::map<core::IpAddress, Bucket> targets_;
};

}  // namespace reachproof::probe
