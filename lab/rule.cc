#include "lab/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/address.h"
#include "scenarios/document.h"

namespace reachproof::lab {
namespace {

const std::vector<std::string>& action_words() {
  static const std::vector<std::string> words{"accept", "drop", "reject",     "drop-replies",
                                              "lose",   "dnat", "masquerade", "snat"};
  return words;
}

/// Words between blanks; commas count as blanks.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == ',' || c == '\n';
    if (!blank) word += c;
    if (blank && !word.empty()) words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

tl::unexpected<Error> wrong(std::string message) {
  return fail(ErrorCode::Config, std::move(message));
}

std::string hint(std::string_view word, const std::vector<std::string>& known) {
  const auto near = scenarios::did_you_mean(word, known);
  return near.empty() ? fmt::format("known are {}", fmt::join(known, ", ")) : near;
}

std::vector<std::string> reject_words() {
  std::vector<std::string> words{"rst"};
  for (const auto& code : icmp_codes()) words.emplace_back(code.word);
  return words;
}

/// Reads the words of one rule from left to right.
class RuleReader {
 public:
  explicit RuleReader(std::vector<std::string> words) : words_(std::move(words)) {}

  Result<Rule> read() {
    if (words_.empty()) return wrong("the rule is empty");
    if (auto done = read_action(); !done) return tl::unexpected(done.error());
    while (more()) {
      if (auto done = read_clause(); !done) return tl::unexpected(done.error());
    }
    if (auto done = check(); !done) return tl::unexpected(done.error());
    return rule_;
  }

 private:
  using Done = Result<bool>;

  [[nodiscard]] bool more() const { return next_ < words_.size(); }
  std::string take() { return more() ? words_[next_++] : std::string(); }

  Done read_action() {
    const auto word = take();
    if (word == "accept")
      rule_.action = Rule::Action::Accept;
    else if (word == "drop")
      rule_.action = Rule::Action::Drop;
    else if (word == "drop-replies")
      rule_.action = Rule::Action::DropReplies;
    else if (word == "dnat")
      rule_.action = Rule::Action::Dnat;
    else if (word == "snat")
      rule_.action = Rule::Action::Snat;
    else if (word == "masquerade")
      rule_.action = Rule::Action::Masquerade;
    else if (word == "lose")
      return read_loss();
    else if (word == "reject")
      return read_reject();
    else
      return wrong(fmt::format("unknown action `{}`; {}", word, hint(word, action_words())));
    return true;
  }

  Done read_loss() {
    rule_.action = Rule::Action::Lose;
    const auto word = take();
    const auto* end = word.data() + word.size();
    const auto [rest, error] = std::from_chars(word.data(), end, rule_.loss_percent);
    const bool percent = error == std::errc{} && std::string_view(rest, end) == "%";
    if (percent && rule_.loss_percent >= 1 && rule_.loss_percent <= 100) return true;
    return wrong(
        fmt::format("`lose` wants a share from 1% to 100%, not `{}`; as in `lose 30% "
                    "from a to b`",
                    word));
  }

  Done read_reject() {
    rule_.action = Rule::Action::RejectIcmp;
    rule_.icmp = "port-unreachable";
    if (!more() || words_[next_] == "from" || words_[next_] == "to" || is_port(words_[next_])) {
      return true;
    }
    const auto word = take();
    if (word == "rst") {
      rule_.action = Rule::Action::RejectReset;
      return true;
    }
    rule_.icmp = word;
    if (std::ranges::find(icmp_codes(), word, &IcmpCode::word) != icmp_codes().end()) return true;
    return wrong(fmt::format("unknown way to reject: `{}`; {}", word, hint(word, reject_words())));
  }

  Done read_clause() {
    const auto word = take();
    if (word == "from") return read_places("from", rule_.from);
    if (word == "to") return read_places("to", rule_.to);
    if (word == "into" && rule_.action == Rule::Action::Dnat) return read_into();
    if (word == "as" && rule_.action == Rule::Action::Snat) return read_as();
    return read_port(word);
  }

  Done read_places(std::string_view clause, std::vector<std::string>& places) {
    bool any = false;
    const auto before = places.size();
    while (more() && !is_clause(words_[next_]) && !is_port(words_[next_])) {
      auto word = take();
      if (word == "any")
        any = true;
      else
        places.push_back(std::move(word));
    }
    if (any && places.size() == before) return true;
    if (any) return wrong(fmt::format("`{} any` stands beside other names", clause));
    if (places.size() == before) return wrong(fmt::format("`{}` names nobody", clause));
    return true;
  }

  Done read_into() {
    rule_.into = take();
    if (more() && words_[next_] == "port") {
      take();
      const auto range = core::PortRange::parse("tcp/" + take());
      if (!range || range->size() != 1) return wrong("`into ... port` wants one port number");
      rule_.into_port = range->first;
    }
    if (!rule_.into.empty()) return true;
    return wrong("`into` wants a host; as in `dnat from a to b tcp/80 into decoy`");
  }

  Done read_as() {
    rule_.into = take();
    if (!rule_.into.empty()) return true;
    return wrong("`as` wants a host or an address");
  }

  Done read_port(const std::string& word) {
    if (word == "icmp" || word == "icmp/echo") {
      rule_.icmp_protocol = true;
    } else if (word == "tcp" || word == "udp") {
      rule_.ports.push_back({*core::protocol_of(word), 1, 65535});
    } else if (const auto range = core::PortRange::parse(word)) {
      rule_.ports.push_back(*range);
    } else {
      return wrong(
          fmt::format("`{}` is not understood here; a rule is `ACTION from NAMES to NAMES "
                      "PORTS`, its ports as in tcp/443, udp/8000-8010, tcp, udp or icmp",
                      word));
    }
    return true;
  }

  [[nodiscard]] Done check() const {
    using enum Rule::Action;
    const auto udp = [](const auto& range) { return range.protocol == core::Protocol::Udp; };
    const bool only_tcp = std::ranges::none_of(rule_.ports, udp) && !rule_.icmp_protocol;
    if (rule_.action == RejectReset && !only_tcp) return wrong("`reject rst` is for TCP only");
    if (rule_.action == Dnat && rule_.into.empty()) {
      return wrong("`dnat` lacks `into HOST`");
    }
    if (rule_.action == Dnat && rule_.to.empty()) return wrong("`dnat` lacks `to NAMES`");
    if (rule_.action == Dnat && rule_.into_port != 0 && rule_.ports.empty()) {
      return wrong("`into ... port` needs the ports that are sent there");
    }
    if (rule_.action == Snat && rule_.into.empty()) return wrong("`snat` lacks `as ADDRESS`");
    return true;
  }

  static bool is_clause(std::string_view word) {
    return word == "from" || word == "to" || word == "into" || word == "as";
  }
  static bool is_port(std::string_view word) {
    return word == "tcp" || word == "udp" || word == "icmp" || word.starts_with("tcp/") ||
           word.starts_with("udp/");
  }

  std::vector<std::string> words_;
  std::size_t next_ = 0;
  Rule rule_;
};

}  // namespace

const std::vector<IcmpCode>& icmp_codes() {
  static const std::vector<IcmpCode> codes{
      {"net-unreachable", "net-unreachable", "no-route"},
      {"host-unreachable", "host-unreachable", "addr-unreachable"},
      {"port-unreachable", "port-unreachable", "port-unreachable"},
      {"proto-unreachable", "prot-unreachable", "admin-prohibited"},
      {"net-prohibited", "net-prohibited", "admin-prohibited"},
      {"host-prohibited", "host-prohibited", "admin-prohibited"},
      {"admin-prohibited", "admin-prohibited", "admin-prohibited"},
      {"no-route", "net-unreachable", "no-route"},
      {"addr-unreachable", "host-unreachable", "addr-unreachable"},
  };
  return codes;
}

bool is_rule_word(std::string_view word) {
  static const std::vector<std::string_view> others{"from", "to",  "into", "as",  "port",
                                                    "any",  "tcp", "udp",  "icmp"};
  return std::ranges::find(others, word) != others.end();
}

Result<Rule> parse_rule(std::string_view text) {
  return RuleReader(words_of(text)).read();
}

}  // namespace reachproof::lab
