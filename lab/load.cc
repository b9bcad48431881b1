#include "lab/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "lab/addresses.h"
#include "lab/check_lab.h"
#include "lab/load_parts.h"
#include "lab/places.h"

namespace reachproof::lab {
namespace {

using core::Family;
using core::IpAddress;
using scenarios::MapReader;
using scenarios::Node;
using scenarios::Problems;

constexpr std::size_t kHostsMax = 1000;  ///< a bridge has 1,023 ports
constexpr std::size_t kSegmentsMax = 250;
constexpr std::size_t kRoutersMax = 250;

/// Reads the document's keys into a Lab; checks what one value alone can be wrong about.
class LabReader {
 public:
  LabReader(Lab& lab, FileContext& context) : lab_(lab), context_(context) {}

  void read(const Node& root) {
    MapReader keys(root, "the lab", problems());
    const auto version = keys.required_text("version");
    if (!version.empty() && version != "1") {
      problems().error(root.find("version")->mark, "this program reads version 1");
    }
    lab_.name = keys.required_text("name");
    if (!lab_.name.empty() && !is_name(lab_.name)) {
      problems().error(root.find("name")->mark, fmt::format("`{}` cannot name a lab", lab_.name),
                       "use 1 to 32 letters, digits, `-` and `_`, beginning with a letter");
    }
    each(keys.required("segments"), "segments", kSegmentsMax,
         [&](const Node& key, const Node& value) { read_segment(key, value); });
    each(keys.optional("routers"), "routers", kRoutersMax,
         [&](const Node& key, const Node& value) { read_router(key, value); });
    each(keys.required("hosts"), "hosts", kHostsMax,
         [&](const Node& key, const Node& value) { read_host(key, value); });
    names_ = keys.optional("names");
    resolver_ = keys.optional_text("resolver");
    if (const Node* node = keys.optional("resolver")) resolver_mark_ = node->mark;
    keys.finish();
  }

  /// What can be told only when every host has its addresses.
  void resolve() {
    for (auto& host : lab_.hosts) {
      const auto& wanted = host.resolver.empty() ? resolver_ : host.resolver;
      if (wanted.empty()) continue;
      host.resolver =
          resolver_for(host, wanted, host.resolver.empty() ? resolver_mark_ : host.mark);
    }
    each(names_, "names", kHostsMax,
         [&](const Node& key, const Node& value) { read_dns_name(key, value); });
    for (const auto& host : lab_.hosts) {
      if (host.hostname.empty()) continue;
      lab_.names.try_emplace(lower(host.hostname), host.addresses);
    }
  }

 private:
  Problems& problems() { return context_.problems; }

  template <class Visit>
  void each(const Node* node, std::string_view what, std::size_t entries_max, const Visit& visit) {
    if (node == nullptr) return;
    if (node->kind != Node::Kind::Map) {
      problems().error(node->mark, fmt::format("`{}` must be a map from names", what));
      return;
    }
    if (node->entries.size() > entries_max) {
      problems().error(node->mark, fmt::format("a lab has at most {} {}", entries_max, what));
      return;
    }
    for (const auto& [key, value] : node->entries) visit(key, value);
  }

  void add_subnet(Segment& segment, const Node& node) {
    const auto block = core::Cidr::parse(node.text);
    if (!block) {
      problems().error(node.mark, fmt::format("`{}` is not a subnet", node.text),
                       "as in 10.10.0.0/24 or fd00:10::/64, with no bit set below the prefix");
      return;
    }
    if (segment.subnet(block->base.family()) != nullptr) {
      problems().error(node.mark,
                       fmt::format("segment {} has two subnets of one family", segment.name),
                       "make it two segments");
    }
    if (block->prefix_bits < 8) {
      problems().error(node.mark, fmt::format("{} is too large for a segment", block->text()));
    }
    segment.subnets.push_back(*block);
  }

  void read_subnets(Segment& segment, const Node& node) {
    if (node.kind == Node::Kind::Scalar) {
      add_subnet(segment, node);
    } else if (node.kind == Node::Kind::Sequence && !node.items.empty()) {
      for (const auto& item : node.items) add_subnet(segment, item);
    } else {
      problems().error(node.mark, fmt::format("segment {} needs a subnet", segment.name),
                       "as in `office: 10.10.0.0/24`");
    }
  }

  void read_segment(const Node& key, const Node& value) {
    Segment segment{.name = key.text, .mark = key.mark};
    if (value.kind == Node::Kind::Map) {
      MapReader keys(value, "segment " + key.text, problems());
      if (const Node* subnets = keys.required("subnets")) read_subnets(segment, *subnets);
      segment.isolated = keys.optional_bool("isolated", false);
      keys.finish();
    } else {
      read_subnets(segment, value);
    }
    lab_.segments.push_back(std::move(segment));
  }

  std::vector<IpAddress> read_addresses(const Node* node, const std::string& what) {
    std::vector<IpAddress> addresses;
    if (node == nullptr) return addresses;
    if (node->kind != Node::Kind::Sequence) {
      problems().error(node->mark, fmt::format("`addresses` of {} must be a list", what));
      return addresses;
    }
    for (const auto& item : node->items) {
      if (const auto address = IpAddress::parse(item.text))
        addresses.push_back(*address);
      else
        problems().error(item.mark, fmt::format("`{}` is not an address", item.text),
                         "as in 10.10.0.5 or fd00:10::5, without a prefix");
    }
    return addresses;
  }

  void read_router(const Node& key, const Node& value) {
    Router router{.name = key.text, .mark = key.mark};
    MapReader keys(value, "router " + key.text, problems());
    router.segments = keys.optional_texts("segments");
    router.transit = keys.optional_texts("transit");
    router.blackhole = keys.optional_texts("blackhole");
    router.addresses = read_addresses(keys.optional("addresses"), keys.what());
    router.firewall = read_firewall(keys, value, true, context_);
    keys.finish();
    lab_.routers.push_back(std::move(router));
  }

  void read_host(const Node& key, const Node& value) {
    Host host{.name = key.text, .mark = key.mark};
    MapReader keys(value, "host " + key.text, problems());
    host.segment = keys.required_text("segment");
    host.workload = keys.optional_text("workload");
    host.hostname = keys.optional_text("hostname");
    host.resolver = keys.optional_text("resolver");
    host.down = keys.optional_bool("down", false);
    host.probe = keys.optional_bool("probe", !host.down);
    host.gateway = keys.optional_bool("gateway", true);
    host.addresses = read_addresses(keys.optional("addresses"), keys.what());
    host.listeners = read_listeners(keys.optional("listeners"), keys.what(), context_);
    host.firewall = read_firewall(keys, value, false, context_);
    keys.finish();
    check_down(host);
    lab_.hosts.push_back(std::move(host));
  }

  void check_down(const Host& host) {
    if (!host.down) return;
    const auto serves = [](const Listener& it) { return it.kind != Listener::Kind::Closed; };
    if (host.probe) {
      problems().error(host.mark,
                       fmt::format("host {} is down, so no probe can run there", host.name),
                       "remove `probe: true`");
    }
    if (std::ranges::any_of(host.listeners, serves)) {
      problems().error(host.mark, fmt::format("host {} is down, so it serves nothing", host.name),
                       "remove its listeners");
    }
  }

  std::string resolver_for(const Host& host, const std::string& wanted, SourceMark mark) {
    if (const auto literal = IpAddress::parse(wanted)) return literal->text();
    const auto* server = lab_.host(wanted);
    if (server == nullptr) {
      std::vector<std::string> known;
      for (const auto& other : lab_.hosts) known.push_back(other.name);
      problems().error(mark,
                       fmt::format("the resolver `{}` is neither a host nor an address", wanted),
                       scenarios::did_you_mean(wanted, known));
      return "";
    }
    for (const auto& mine : host.addresses) {
      if (const auto its = address_of(lab_, wanted, mine.family())) return its->text();
    }
    return "";
  }

  void read_dns_name(const Node& key, const Node& value) {
    std::vector<const Node*> items;
    if (value.kind == Node::Kind::Scalar) items.push_back(&value);
    for (const auto& item : value.items) items.push_back(&item);
    auto& addresses = lab_.names[lower(key.text)];
    for (const auto* item : items) {
      if (const auto address = IpAddress::parse(item->text)) {
        addresses.push_back(*address);
      } else if (const auto* host = lab_.host(item->text)) {
        addresses.insert(addresses.end(), host->addresses.begin(), host->addresses.end());
      } else {
        problems().error(item->mark,
                         fmt::format("`{}` is neither a host nor an address", item->text));
      }
    }
    if (value.kind == Node::Kind::Map) {
      problems().error(value.mark, fmt::format("the name {} wants a list of addresses", key.text));
    }
  }

  static std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    return text;
  }

  Lab& lab_;
  FileContext& context_;
  const Node* names_ = nullptr;
  std::string resolver_;
  SourceMark resolver_mark_;
};

}  // namespace

bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  return !name.empty() && name.size() <= 32 && letter(name.front()) &&
         std::ranges::all_of(name, fits);
}

LabFile load_lab(std::string text, const std::string& file,
                 const std::filesystem::path& directory) {
  Problems problems(file);
  Lab lab{.file = file, .text = std::move(text)};
  const Node root = scenarios::parse_document(lab.text, problems);
  FileContext context{
      .file = lab.file, .text = lab.text, .directory = directory, .problems = problems};
  LabReader reader(lab, context);
  if (!problems.any_error()) {
    reader.read(root);
    check_names(lab, problems);
    const bool sound_names = !problems.any_error();
    assign_addresses(lab, problems);
    reader.resolve();
    if (sound_names) {
      check_reachability(lab, problems);
      check_rules(lab, problems);
    }
  }
  LabFile loaded{.problems = problems.sorted()};
  if (!problems.any_error()) loaded.lab = std::move(lab);
  return loaded;
}

Result<LabFile> load_lab_file(const std::string& path) {
  auto text = scenarios::read_text_file(path);
  if (!text) return tl::unexpected(text.error());
  return load_lab(std::move(*text), path, std::filesystem::absolute(path).parent_path());
}

std::string text(const std::vector<scenarios::Problem>& problems) {
  std::string all;
  for (const auto& problem : problems) {
    if (!all.empty()) all += '\n';
    all += scenarios::text(problem);
  }
  return all;
}

}  // namespace reachproof::lab
