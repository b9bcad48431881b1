#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "orchestrator/api/backend.h"
#include "orchestrator/evidence_keeper.h"

/// Desks: what people and schedules ask of the service, one class for each kind of thing. They
/// answer the API and the control socket alike, and change nothing that is not on disk first.
namespace reachproof::orchestrator {

using api::Actor;
using api::Done;

/// A fixed sentence and its particulars, for the journal.
using Say = std::function<void(std::string_view sentence, const std::string& detail)>;

/// Keeps records, then says how that went.
inline void keep(EvidenceKeeper& keeper, std::vector<evidence::Record> records, Done<void> done) {
  keeper.append(std::move(records), [done = std::move(done)](Result<evidence::LeafIndex> kept) {
    if (!done) return;
    done(kept ? Result<void>() : tl::unexpected(kept.error()));
  });
}

/// A part of a map whose keys are the ids.
template <class T, class Map, class View>
std::vector<T> page_of_map(const Map& map, const api::Page& page, const api::Wanted<T>& wanted,
                           const View& view) {
  std::vector<T> out;
  for (auto it = map.upper_bound(page.after); it != map.end() && out.size() < page.limit; ++it) {
    auto seen = view(it->first, it->second);
    if (!wanted || wanted(seen)) out.push_back(std::move(seen));
  }
  return out;
}

}  // namespace reachproof::orchestrator
