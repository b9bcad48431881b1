#include "orchestrator/api/stored.h"

#include <algorithm>

namespace reachproof::orchestrator::api {

tl::expected<std::shared_ptr<const evidence::StoredRun>, EvidenceDesk::Answer> visible_run(
    EvidenceShelf& shelf, const std::string& id, const Reach& reach) {
  auto run = shelf.run(id);
  if (!run) return tl::unexpected(error_answer(run.error()));
  const bool any =
      reach.everything() || std::ranges::any_of((*run)->checks, [&](const auto& stored) {
        return sees(reach, stored.check);
      });
  if (!any) return tl::unexpected(hidden_answer());
  return std::move(*run);
}

}  // namespace reachproof::orchestrator::api
