#include <fmt/core.h>

#include <iterator>

#include "core/judge.h"
#include "core/judge_table.h"

namespace reachproof::core {
namespace {

void print_rows(std::string& out) {
  out +=
      "| # | attempts | witness | liveness | verdict | proof | reason |\n"
      "|---|---|---|---|---|---|---|\n";
  int number = 1;
  for (const auto& row : kJudgeTable) {
    fmt::format_to(std::back_inserter(out), "| {} | {} | {} | {} | {} | {} | `{}` |\n", number++,
                   row.attempts_text, row.witness_text, row.liveness_text, row.verdict_text,
                   row.proof == Proof::None ? "-" : word(row.proof), word(row.reason));
  }
  fmt::format_to(std::back_inserter(out),
                 "| {} | anything else | | | inconclusive, with the reason below | - | |\n\n",
                 number);
}

void print_results(std::string& out) {
  out += "| expectation |";
  constexpr std::array kAll{Reachability::Open, Reachability::OneWay, Reachability::Latent,
                            Reachability::Blocked, Reachability::Inconclusive};
  for (const auto reachability : kAll) {
    fmt::format_to(std::back_inserter(out), " {} |", word(reachability));
  }
  out += "\n|---|---|---|---|---|---|\n";
  for (const auto expected : {Expectation::Deny, Expectation::Allow, Expectation::Permit}) {
    fmt::format_to(std::back_inserter(out), "| {} |", word(expected));
    for (const auto reachability : kAll) {
      fmt::format_to(std::back_inserter(out), " {} |",
                     word(result_of(reachability, Proof::Proved, expected)));
    }
    out += "\n";
  }
  out += "\n";
}

void print_reasons(std::string& out) {
  out += "| reason | meaning |\n|---|---|\n";
  for (int i = 0; i <= static_cast<int>(Reason::CanaryFailed); ++i) {
    const auto reason = static_cast<Reason>(i);
    fmt::format_to(std::back_inserter(out), "| `{}` | {} |\n", word(reason), sentence(reason));
  }
}

}  // namespace

std::string verdict_table_markdown() {
  std::string out =
      "# Verdicts\n\n"
      "This file is generated from the table that the judge walks (`core/judge_table.h`); "
      "`tools/dev golden` writes it again, and a test compares the two. The "
      "[verdict lab](verdict-lab.md) holds it against real networks, cell by cell.\n\n"
      "The first row that fits decides. A row that says *reachable* or *inconclusive* fits when "
      "any one try of the path fits it: one success outweighs any number of failures. A row that "
      "says *blocked* fits only when every single try fits one of the *blocked* rows.\n\n";
  print_rows(out);
  out +=
      "*Armed* means: armed before the first try, disarmed after the last, no packet lost, the "
      "capture proven before and after by a packet that it saw, the links of its host up all the "
      "time, and a gateway that answered it at the beginning still answering at the end. A witness "
      "that cannot say all of that is *lost* and counts as none, except that nothing can then be "
      "called blocked. So is a witness on a host that does not have the endpoint's address, unless "
      "something arrived there.\n\n"
      "*Source alive* means: something beyond its own host answered the vantage in this run, or a "
      "witness saw a packet of it; and that, or an answer of its next hop (ARP, neighbour "
      "discovery), came after the path's last try had begun. Where nothing that listens is "
      "required "
      "to be reached, the next hop's answer alone is accepted.\n\n"
      "*The port proven listening* over UDP means that it answered the witness on its own host: a "
      "bound socket that stays mute proves nothing. *Shown not to be listening*, where no witness "
      "is, means that the network told a vantage that may connect, before or after, that no such "
      "host is there, and that the vantage had no other answer than that or silence.\n\n"
      "## What a verdict means for the expectation\n\n";
  print_results(out);
  out +=
      "An exception in force turns a violation into `excepted`; the true reachability stays "
      "beside it. With `--require-proof proved`, a pass or a break that is merely corroborated "
      "counts as unproven; a violation stays a violation.\n\n"
      "A check with several paths (endpoint pairs, IPv4 and IPv6) is decided so: *deny* by its "
      "worst path, where one unproven path leaves the check unproven; *allow* by the worst "
      "endpoint pair, each pair by its best address; *permit* by the most open path.\n\n"
      "A segment's *canary* names a forbid and a flow. Where the forbid's flow gets through, or "
      "the "
      "flow is not open in this run, no verdict of that segment counts as blocked: they are "
      "inconclusive, `canary-failed`, and the run says so.\n\n"
      "Where nothing of *n* tries got through, the rate of tries that would is below "
      "1 - 0.05^(1/n) with 95 % confidence: 63 % for 3 tries, 26 % for 10, 3 % for 100.\n\n"
      "## Above the network\n\n"
      "A rule with a `layer` asks the service once the connection stands "
      "([layers.md](layers.md)). The rows above are walked first, and their proof is kept:\n\n"
      "| network | the service's answers | verdict | reason |\n|---|---|---|---|\n"
      "| open | any try went on with us, or gave what the flow wants | open | `service-answered` "
      "|\n"
      "| open | every try that connected was refused by the service itself | blocked | "
      "`service-refused` |\n"
      "| open | for *allow*: some said nothing, closed, or spoke another protocol, and none went "
      "on "
      "| latent: the service is dead | `service-unclear` |\n"
      "| open | anything else: silence, a close, bytes that are not its protocol, a try that never "
      "left or was answered in between | inconclusive | `service-unclear` |\n"
      "| open | `keepalive`: a connection stood for its time (for *allow*: and none was cut) | "
      "open | "
      "`connection-stood` |\n"
      "| open | `keepalive`: a connection was cut (for *deny*: and each was) | blocked | "
      "`connection-cut` |\n"
      "| one-way, latent | - | inconclusive for *deny*: nothing shows that a service would refuse "
      "| `nothing-to-ask` |\n"
      "| blocked, inconclusive | - | as the network's | |\n\n"
      "## Reasons\n\n";
  print_reasons(out);
  out +=
      "\n## Beside nmap\n\n"
      "Tests hold every outcome of the probe against nmap's state and reason over the same network "
      "(`second_opinion_test`), and every service that a rule greets against nmap's version "
      "detection (`ServiceNames`). They agree wherever nmap can tell; these are the places where "
      "its words say less or something else:\n\n"
      "| the probe | nmap | why |\n|---|---|---|\n"
      "| *refused*, TCP | `closed`, of a raw scan and of a connect scan | nmap does not ask who "
      "sent "
      "the RST: a firewall's reads as a closed port |\n"
      "| *unreachable* 3/3 or 1/4, TCP | raw scan `filtered`, connect scan `closed` | a connect "
      "scan "
      "has errno alone, which is the same for a RST and for port-unreachable |\n"
      "| *unreachable* 3/13, IPv4 | raw scan `admin-prohibited`, connect scan `host-unreach` | "
      "errno "
      "has one value for both codes |\n"
      "| *timed-out*, UDP | `open\\|filtered` | both know nothing of a silent datagram |\n"
      "| *connected* over UDP | `open` only where nmap has a payload that the service answers | "
      "the "
      "probe's nonce is answered by a witness or an echo, its questions by the service |\n"
      "| *intercepted* | `open` | nmap has no witness: who answers is the target for it |\n"
      "| `speaks: rdp` | `ms-wbt-server` | names of the "
      "IANA "
      "registry; over TLS nmap writes `ssl/http` where a rule says `https` |\n"
      "| a service on an unusual port | often `unknown` unless `--version-all` is given | a rule "
      "says what to greet; nmap guesses by port |\n";
  return out;
}

}  // namespace reachproof::core
