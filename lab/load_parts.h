#pragma once

#include <filesystem>

#include "lab/model.h"
#include "scenarios/document.h"

/// The parts of a lab file that hosts and routers share: listeners and firewalls.
namespace reachproof::lab {

/// What the readers of the parts need to know about the file.
struct FileContext {
  const std::string& file;
  const std::string& text;
  const std::filesystem::path& directory;
  scenarios::Problems& problems;
};

/// Reads `tcp/5432: accept` and its like.
[[nodiscard]] std::vector<Listener> read_listeners(const scenarios::Node* node,
                                                   const std::string& what, FileContext& context);

/// Reads the keys `input`, `output`, `nft`, `nft-file`; of a router `policy` and `rules`, too.
[[nodiscard]] Firewall read_firewall(scenarios::MapReader& keys, const scenarios::Node& node,
                                     bool router, FileContext& context);

}  // namespace reachproof::lab
