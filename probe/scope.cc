#include "probe/scope.h"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "core/hex.h"

namespace reachproof::probe {
namespace {

using core::Cidr;

constexpr std::size_t kFileBytesMax = 1U << 20U;
constexpr std::size_t kTargetsMax = 65536;

struct Special {
  std::string_view block;
  std::string_view name;
  bool loopback;
};
constexpr std::array<Special, 13> kSpecial{{
    {"127.0.0.0/8", "loopback", true},
    {"::1/128", "loopback", true},
    {"::/128", "loopback by another name", true},
    {"169.254.0.0/16", "link-local, with the cloud metadata service", false},
    {"fe80::/10", "link-local", false},
    {"fd00:ec2::254/128", "the cloud metadata service", false},   // AWS
    {"fd20:ce::254/128", "the cloud metadata service", false},    // Google Cloud
    {"168.63.129.16/32", "the cloud's platform service", false},  // Azure
    {"100.100.100.200/32", "the cloud metadata service", false},  // Alibaba Cloud
    {"224.0.0.0/4", "multicast", false},
    {"ff00::/8", "multicast", false},
    {"255.255.255.255/32", "broadcast", false},
    {"0.0.0.0/8", "this network", false},
}};

const Special* special_of(const core::IpAddress& address) {
  for (const auto& special : kSpecial) {
    if (Cidr::parse(special.block)->contains(address)) return &special;
  }
  return nullptr;
}

std::string sha256_hex(std::string_view text) {
  std::array<std::uint8_t, 32> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return core::hex(digest);
}

bool whole_address(const Cidr& block) {
  return block.prefix_bits == static_cast<int>(block.base.size()) * 8;
}

}  // namespace

Result<Scope> Scope::parse(std::string_view text, std::string file) {
  Scope scope;
  scope.from_file_ = true;
  scope.digest_ = sha256_hex(text);
  std::istringstream lines{std::string(text)};
  std::string raw;
  std::string problems;
  for (int number = 1; std::getline(lines, raw); ++number) {
    std::istringstream words(raw.substr(0, raw.find('#')));
    std::string verb;
    std::string what;
    std::string ports;
    std::string extra;
    words >> verb >> what >> ports >> extra;
    if (verb.empty()) continue;
    if (verb == "ask") {
      std::istringstream all(raw.substr(0, raw.find('#')));
      problems += scope.take_ask_line(all, fmt::format("{}:{}", file, number));
      continue;
    }
    const auto complain = [&](std::string_view problem) {
      problems += fmt::format("{}:{}: {}\n", file, number, problem);
    };
    if (!extra.empty()) {
      complain("too many words");
    } else if (verb == "allow" || verb == "deny") {
      auto block = Cidr::parse(what);
      if (const auto single = core::IpAddress::parse(what); !block && single) {
        block = Cidr{*single, static_cast<int>(single->size()) * 8};
      }
      const auto range = core::PortRange::parse(ports);
      if (!block) complain(fmt::format("`{}` is neither an address nor a block", what));
      if (!ports.empty() && !range) {
        complain(fmt::format("`{}` is not a port range such as tcp/1-65535", ports));
      }
      if (block && (ports.empty() || range)) {
        (verb == "allow" ? scope.allowed_ : scope.denied_).push_back({*block, range});
      }
    } else if (verb == "rate" || verb == "per-target") {
      const auto rate = core::Rate::parse(what);
      if (!rate || !ports.empty()) complain(fmt::format("`{}` is not a rate such as 50/s", what));
      (verb == "rate" ? scope.rate_ : scope.per_target_) = rate;
    } else {
      complain(fmt::format("`{}` is not known; use allow, deny, rate, per-target or ask", verb));
    }
  }
  while (problems.ends_with('\n')) problems.pop_back();
  if (!problems.empty()) return fail(ErrorCode::Config, problems);
  return scope;
}

std::string Scope::take_ask_line(std::istream& words, const std::string& where) {
  std::string word;
  words >> word;  // `ask` itself
  if (!asks_) asks_.emplace();
  bool any = false;
  while (words >> word) {
    any = true;
    if (word == "none") continue;
    const bool known = word == "tls" || word == "http" || word == "dns" || word == "keepalive" ||
                       core::service_named(word) != nullptr;
    if (!known) {
      return fmt::format(
          "{}: `{}` is nothing that can be asked: none, tls, http, dns, keepalive, or a "
          "service such as ssh\n",
          where, word);
    }
    asks_->insert(word);
  }
  return any ? "" : fmt::format("{}: `ask` needs what may be asked, or `none`\n", where);
}

std::optional<std::string> Scope::objection_to_asking(const core::Ask& ask) const {
  if (!asks_) return std::nullopt;
  const auto what =
      ask.layer == core::Layer::Service ? ask.service : std::string(core::word(ask.layer));
  if (asks_->contains(what)) return std::nullopt;
  return fmt::format("to ask `{}`: no ask line of the scope file names {}", core::label_of(ask),
                     what);
}

Result<Scope> Scope::load(const std::string& path, bool required) {
  std::ifstream file(path, std::ios::binary);
  if (!file && !required) return Scope{};
  if (!file) return fail(ErrorCode::Config, fmt::format("cannot open the scope file `{}`", path));
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileBytesMax) {
    return fail(ErrorCode::Config, fmt::format("the scope file `{}` is too large", path));
  }
  return parse(text, path);
}

bool Scope::covers(const std::vector<Line>& lines, const core::IpAddress& address,
                   core::ProtocolPort port, bool exact_only) {
  return std::ranges::any_of(lines, [&](const Line& line) {
    return line.block.contains(address) && (!exact_only || whole_address(line.block)) &&
           (!line.ports || line.ports->contains(port.protocol, port.port));
  });
}

std::optional<std::string> Scope::objection(const core::IpAddress& as_ordered,
                                            core::ProtocolPort port) const {
  const auto address = as_ordered.unmapped();
  const auto where = fmt::format("{} {}", address.text(), port.text());
  if (covers(denied_, address, port, false)) {
    return fmt::format("{}: a deny line of the scope file", where);
  }
  const Special* special = special_of(address);
  const bool always_out = special != nullptr && (from_file_ || !special->loopback);
  if (always_out && !covers(allowed_, address, port, true)) {
    return fmt::format("{}: {}, which needs a scope line for that very address", where,
                       special->name);
  }
  if (from_file_ && !covers(allowed_, address, port, false)) {
    return fmt::format("{}: no allow line of the scope file covers it", where);
  }
  return std::nullopt;
}

bool Scope::Bucket::take(const core::Rate& rate, std::int64_t now_us) {
  const double per_us = static_cast<double>(rate.count) /
                        static_cast<double>(std::chrono::microseconds(rate.per).count());
  const double full =
      std::max(1.0, static_cast<double>(rate.count) / static_cast<double>(rate.per.count()));
  tokens = filled_us == 0
               ? full
               : std::min(full, tokens + static_cast<double>(now_us - filled_us) * per_us);
  filled_us = now_us;
  if (tokens < 1.0) return false;
  tokens -= 1.0;
  return true;
}

std::optional<std::string> Scope::over_budget(const core::IpAddress& target, std::int64_t now_us) {
  if (targets_.size() >= kTargetsMax) targets_.clear();
  if (per_target_ && !targets_[target].take(*per_target_, now_us)) {
    return fmt::format("more than {} tries in {} s at {}", per_target_->count,
                       per_target_->per.count(), target.text());
  }
  if (rate_ && !all_.take(*rate_, now_us)) {
    return fmt::format("more than {} tries in {} s", rate_->count, rate_->per.count());
  }
  return std::nullopt;
}

}  // namespace reachproof::probe
