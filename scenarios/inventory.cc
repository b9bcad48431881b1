// The inventory: which endpoints exist, whose they are, and how a probe gets there.
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "scenarios/draft.h"
#include "scenarios/fields.h"
#include "scenarios/load.h"
#include "scenarios/matches.h"

namespace reachproof::scenarios {
namespace {

constexpr std::size_t kEndpointsMax = 20000;
constexpr std::size_t kAddressesMax = 100;
constexpr std::size_t kCommandWordsMax = 100;

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  while (true) {
    const auto dot = text.find('.');
    const auto label = text.substr(0, dot);
    const bool sound = !label.empty() && label.size() <= 63 && label.front() != '-' &&
                       label.back() != '-' && is_name(label);
    if (!sound) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

/// Reads the endpoints one by one; remembers what may not be given twice.
class InventoryReader {
 public:
  InventoryReader(const core::Scenario& scenario, Problems& problems)
      : scenario_(scenario), problems_(problems) {
    for (const auto& workload : scenario.workloads) workloads_.push_back(workload.name);
  }

  std::vector<core::Endpoint> read(const Node& section) {
    std::vector<core::Endpoint> endpoints;
    if (section.kind != Node::Kind::Sequence) {
      problems_.error(section.mark, "`endpoints` must be a list");
    } else if (section.items.size() > kEndpointsMax) {
      problems_.error(section.mark, fmt::format("`endpoints` has {} entries; at most {} are read",
                                                section.items.size(), kEndpointsMax));
    } else {
      for (const auto& item : section.items) endpoints.push_back(read_endpoint(item));
      warn_of_missing(endpoints, section.mark);
    }
    return endpoints;
  }

 private:
  core::Endpoint read_endpoint(const Node& node) {
    const Node* name = node.find("name");
    const bool named = name != nullptr && name->kind == Node::Kind::Scalar && is_name(name->text);
    Fields keys(node, named ? "endpoint " + name->text : "an endpoint without a name", problems_);
    keys.require({"name", "addresses"});
    core::Endpoint endpoint{.mark = node.mark};
    endpoint.name = keys.name("name");
    claim(endpoint.name, "endpoint name", keys.mark_of("name"), names_);
    read_addresses(keys, endpoint);
    read_hostname(keys, endpoint);
    read_variants(keys, endpoint);
    endpoint.listens = keys.ports("listens");
    endpoint.keep_closed = keys.ports("keep-closed");
    endpoint.attributes = read_attributes(keys, problems_);
    read_probe(keys.optional("probe"), keys.what(), endpoint);
    const bool says_workload = keys.optional("workload") != nullptr;
    if (says_workload) {
      read_workload(keys, endpoint);
    } else if (keys.usable()) {
      find_workload(keys.what(), endpoint);
    }
    keys.finish();
    return endpoint;
  }

  void claim(const std::string& text, std::string_view kind, SourceMark mark,
             std::map<std::string, SourceMark>& taken) {
    if (text.empty()) return;
    const auto [first, fresh] = taken.emplace(text, mark);
    if (fresh) return;
    problems_.error(mark, fmt::format("the {} {} is used twice", kind, text),
                    fmt::format("the first is on line {}", first->second.line));
  }

  void read_addresses(Fields& keys, core::Endpoint& endpoint) {
    const Node* node = keys.optional("addresses");
    if (node == nullptr) return;
    if (node->kind != Node::Kind::Sequence || node->items.empty() ||
        node->items.size() > kAddressesMax) {
      problems_.error(node->mark, fmt::format("{} must be a list of 1 to {} addresses",
                                              keys.said("addresses"), kAddressesMax));
      return;
    }
    for (const auto& item : node->items) {
      const auto text = scalar_text(item, "an entry of " + keys.said("addresses"), problems_);
      if (text.empty()) continue;
      const auto address = core::IpAddress::parse(text);
      if (!address) {
        problems_.error(
            item.mark,
            fmt::format("an entry of {} is not an address: `{}`", keys.said("addresses"), text),
            "write one IPv4 or IPv6 address, without prefix, port or zone");
        continue;
      }
      claim(address->text(), "address", item.mark, addresses_);
      endpoint.addresses.push_back(*address);
    }
  }

  void read_hostname(Fields& keys, core::Endpoint& endpoint) {
    endpoint.hostname = keys.optional_text("hostname");
    if (endpoint.hostname.empty() || is_hostname(endpoint.hostname)) return;
    problems_.error(
        keys.mark_of("hostname"),
        fmt::format("{} is not a host name: `{}`", keys.said("hostname"), endpoint.hostname));
  }

  void read_variants(Fields& keys, core::Endpoint& endpoint) {
    const Node* list = keys.optional("variants");
    if (list == nullptr) return;
    if (list->kind != Node::Kind::Sequence || list->items.empty() ||
        list->items.size() > kAddressesMax) {
      problems_.error(list->mark, fmt::format("{} must be a list of 1 to {} variants",
                                              keys.said("variants"), kAddressesMax));
      return;
    }
    for (const auto& item : list->items) {
      Fields inner(item, "a variant of " + keys.what(), problems_);
      inner.require({"name", "address"});
      core::Variant variant{.name = inner.name("name")};
      const auto text = inner.optional_text("address");
      const auto address = core::IpAddress::parse(text);
      if (address) variant.address = *address;
      if (!address && !text.empty()) {
        problems_.error(inner.mark_of("address"),
                        fmt::format("{} is not an address: `{}`", inner.said("address"), text));
      }
      if (const Node* ports = inner.optional("ports")) read_variant_ports(*ports, inner, variant);
      inner.finish();
      endpoint.variants.push_back(std::move(variant));
    }
  }

  /// `{ tcp/443: tcp/30443 }`: the endpoint's port, and where it is reached.
  void read_variant_ports(const Node& node, Fields& keys, core::Variant& variant) {
    if (node.kind != Node::Kind::Map) {
      problems_.error(node.mark, keys.said("ports") + " must be a map of ports to ports");
      return;
    }
    for (const auto& [key, value] : node.entries) {
      const auto from = core::PortRange::parse(key.text);
      const auto to = read_port_range(value, "a value of " + keys.said("ports"), problems_);
      const bool single = from && to && from->size() == 1 && to->size() == 1 &&
                          from->protocol == to->protocol && from->protocol != core::Protocol::Icmp;
      if (single) {
        variant.ports[{from->protocol, from->first}] = to->first;
      } else if (to) {
        problems_.error(
            key.mark,
            fmt::format("{} must lead from one port to one of its protocol", keys.said("ports")),
            "as in { tcp/443: tcp/30443 }");
      }
    }
  }

  void read_probe(const Node* node, const std::string& what, core::Endpoint& endpoint) {
    if (node == nullptr) return;
    if (node->kind == Node::Kind::Scalar && node->text == "enrolled") {
      endpoint.launch.kind = core::Launch::Kind::Enrolled;
      endpoint.launch.enrolled = endpoint.name;
      return;
    }
    Fields keys(*node, fmt::format("`probe` of {}", what), problems_);
    const Node* launch = keys.optional("launch");
    endpoint.launch.enrolled = keys.name("enrolled");
    if (!endpoint.launch.enrolled.empty()) endpoint.launch.kind = core::Launch::Kind::Enrolled;
    if (launch != nullptr) {
      read_launch(*launch, fmt::format("`launch` of {}", what), endpoint.launch);
    }
    keys.finish();
    if (keys.usable() && node->entries.size() != 1) {
      problems_.error(node->mark, keys.what() + " must have exactly one of `launch`, `enrolled`");
    }
  }

  void read_launch(const Node& node, const std::string& what, core::Launch& launch) {
    Fields keys(node, what, problems_);
    const Node* local = keys.optional("local");
    const Node* command = keys.optional("command");
    launch.netns = keys.name("netns");
    if (!launch.netns.empty()) launch.kind = core::Launch::Kind::Netns;
    if (local != nullptr) {
      launch.kind = core::Launch::Kind::Local;
      if (!keys.optional_bool("local", true)) {
        problems_.error(local->mark, keys.said("local") + " can only be true");
      }
    }
    if (command != nullptr) {
      launch.kind = core::Launch::Kind::Command;
      launch.command = keys.optional_texts("command");
      check_command(*command, keys);
    }
    keys.finish();
    if (keys.usable() && node.entries.size() != 1) {
      problems_.error(node.mark, what + " must have exactly one of `local`, `netns`, `command`");
    }
  }

  void check_command(const Node& command, Fields& keys) {
    if (command.kind != Node::Kind::Sequence) return;
    if (!command.items.empty() && command.items.size() <= kCommandWordsMax) return;
    problems_.error(command.mark, fmt::format("{} must have 1 to {} words", keys.said("command"),
                                              kCommandWordsMax));
  }

  void read_workload(Fields& keys, core::Endpoint& endpoint) {
    endpoint.workload = keys.name("workload");
    if (endpoint.workload.empty()) return;
    const auto mark = keys.mark_of("workload");
    if (!check_known({endpoint.workload, mark}, workloads_, "workload", keys.what(), problems_)) {
      return;
    }
    for (const auto& other : matching(endpoint)) {
      if (other == endpoint.workload) continue;
      problems_.warning(mark, fmt::format("{} is said to be {}, but fits a match of {}",
                                          keys.what(), endpoint.workload, other));
    }
  }

  [[nodiscard]] std::vector<std::string> matching(const core::Endpoint& endpoint) const {
    std::vector<std::string> found;
    for (const auto& workload : scenario_.workloads) {
      const bool any = std::ranges::any_of(workload.match, [&](const core::Match& match) {
        return fits(match, endpoint.addresses, endpoint.attributes);
      });
      if (any) found.push_back(workload.name);
    }
    return found;
  }

  void find_workload(const std::string& what, core::Endpoint& endpoint) {
    const auto found = matching(endpoint);
    if (found.size() == 1) {
      endpoint.workload = found.front();
    } else if (found.size() > 1) {
      problems_.error(endpoint.mark,
                      fmt::format("{} fits more than one workload: {}", what, joined(found)),
                      "say which with `workload`, or narrow their `match`");
    } else if (!endpoint.addresses.empty()) {
      problems_.error(endpoint.mark, fmt::format("{} fits no workload", what),
                      "say which with `workload`, or correct its addresses or attributes");
    }
  }

  void warn_of_missing(const std::vector<core::Endpoint>& endpoints, SourceMark mark) {
    std::set<std::string> present;
    for (const auto& endpoint : endpoints) present.insert(endpoint.workload);
    for (const auto& workload : workloads_) {
      // Where metadata services answer is known without an inventory.
      if (present.contains(workload) || workload == kCloudMetadata) continue;
      problems_.warning(mark, fmt::format("workload {} has no endpoint", workload),
                        "nothing that concerns it can be tested");
    }
  }

  const core::Scenario& scenario_;
  Problems& problems_;
  std::vector<std::string> workloads_;
  std::map<std::string, SourceMark> names_;
  std::map<std::string, SourceMark> addresses_;
};

}  // namespace

Loaded<LoadedInventory> load_inventory(std::string_view yaml, std::string file,
                                       const core::Scenario& scenario) {
  Problems problems(file);
  const Node root = parse_document(yaml, problems);
  if (root.kind == Node::Kind::Null && problems.any_error()) {
    return tl::unexpected(problems.sorted());
  }
  LoadedInventory loaded;
  Fields keys(root, "the inventory", problems);
  keys.require({"version", "endpoints"});
  keys.version();
  if (const Node* endpoints = keys.optional("endpoints")) {
    loaded.inventory.endpoints = InventoryReader(scenario, problems).read(*endpoints);
  }
  keys.finish();
  if (problems.any_error()) return tl::unexpected(problems.sorted());
  loaded.inventory.file = std::move(file);
  loaded.inventory.text = yaml;
  loaded.warnings = problems.sorted();
  return loaded;
}

}  // namespace reachproof::scenarios
