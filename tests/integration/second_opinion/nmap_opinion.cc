#include "tests/integration/second_opinion/nmap_opinion.h"

#include <fmt/format.h>

#include <cstdlib>

namespace reachproof::second_opinion {
namespace {

/// The value of ` name="..."` in an element; none of these values holds an entity.
std::string attribute(std::string_view element, const std::string& name) {
  const auto key = " " + name + "=\"";
  const auto at = element.find(key);
  if (at == std::string_view::npos) return "";
  const auto begin = at + key.size();
  return std::string(element.substr(begin, element.find('"', begin) - begin));
}

std::vector<std::string> command_of(Scan scan, const Question& question) {
  std::string ports;
  for (const auto port : question.ports)
    ports += fmt::format("{}{}", ports.empty() ? "" : ",", port);
  // Without IPV6_RECVERR, connect() hears of an ICMP error only after the second SYN, a second
  // later; and -sT does not set it.
  const bool late = scan == Scan::Connect && question.address.family() == core::Family::V6;
  const auto patience = fmt::format("{}ms", question.patience.count() + (late ? 1500 : 0));
  std::vector<std::string> command{"nmap",
                                   "-n",
                                   "-Pn",
                                   "--reason",
                                   "-oX",
                                   "-",
                                   "-p",
                                   ports,
                                   "--max-retries",
                                   "0",
                                   "--initial-rtt-timeout",
                                   patience,
                                   "--max-rtt-timeout",
                                   patience,
                                   "--min-rtt-timeout",
                                   patience};
  command.emplace_back(scan == Scan::Syn ? "-sS" : scan == Scan::Connect ? "-sT" : "-sU");
  if (question.address.family() == core::Family::V6) command.emplace_back("-6");
  command.push_back(question.address.text());
  return command;
}

}  // namespace

std::map<core::Port, PortOpinion> ports_in(std::string_view xml) {
  std::map<core::Port, PortOpinion> ports;
  for (auto at = xml.find("<port "); at != std::string_view::npos;
       at = xml.find("<port ", at + 1)) {
    const auto port = xml.substr(at, xml.find("</port>", at) - at);
    const auto state = port.substr(std::min(port.find("<state "), port.size()));
    ports[static_cast<core::Port>(std::atoi(attribute(port, "portid").c_str()))] = {
        .state = attribute(state, "state"),
        .reason = attribute(state, "reason"),
        .reason_ip = attribute(state, "reason_ip")};
  }
  return ports;
}

bool nmap_is_here() {
  return std::system("nmap --version > /dev/null 2>&1") == 0;  // NOLINT: a fixed command
}

NmapOpinion::NmapOpinion(const lab::Lab& lab, const std::string& host, Scan scan,
                         const Question& question)
    : task_(lab, host, command_of(scan, question)) {}

}  // namespace reachproof::second_opinion
