#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/flow.h"
#include "core/scenario.h"

/// The short rules of a lab file: "reject admin-prohibited from vendor to data tcp/22".
///
/// A rule speaks of flows: from the initiator to the listener, the reply implied. The first that
/// fits decides. docs/lab-format.md lists the words.
namespace reachproof::lab {

struct Rule {
  enum class Action {
    Accept,
    Drop,
    RejectReset,  ///< TCP only
    RejectIcmp,
    DropReplies,  ///< accept the way there, lose the way back
    Lose,         ///< drop `loss_percent` of the packets, whatever the other rules say
    Dnat,         ///< send it to `into` instead
    Snat,         ///< make it come from `into`
    Masquerade,   ///< make it come from the router
    Raw,          ///< `raw`, in nft's own words
  };
  Action action = Action::Accept;
  std::string icmp;  ///< a word of icmp_codes()
  int loss_percent = 0;
  std::vector<std::string>
      from;  ///< names of segments, hosts, routers; addresses; CIDRs. None: any
  std::vector<std::string> to;
  std::vector<core::PortRange> ports;  ///< none: every protocol and port
  bool icmp_protocol = false;          ///< pings, too
  std::string into;                    ///< of Dnat and Snat: a host or an address
  core::Port into_port = 0;            ///< of Dnat; 0 keeps the port
  std::string raw;
  core::SourceMark mark;
};

/// One way to reject, and what each family sends for it.
struct IcmpCode {
  std::string_view word;
  std::string_view v4;  ///< nft's word after `reject with icmp`
  std::string_view v6;  ///< nft's word after `reject with icmpv6`
};

[[nodiscard]] const std::vector<IcmpCode>& icmp_codes();

/// The words that no segment, host or router may be named.
[[nodiscard]] bool is_rule_word(std::string_view word);

/// Reads one short rule. The error says what is wrong and what is known instead.
[[nodiscard]] Result<Rule> parse_rule(std::string_view text);

}  // namespace reachproof::lab
