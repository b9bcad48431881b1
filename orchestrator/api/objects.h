#pragma once

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orchestrator/api/call.h"
#include "orchestrator/api/views.h"

/// What routes of objects have in common: who may see one, who may change it, lists in parts.
namespace reachproof::orchestrator::api {

/// True where the caller may see an object of these segments; else that was answered: as missing,
/// and in the audit log.
[[nodiscard]] inline bool may_see(const CallPtr& call, const std::vector<std::string>& segments) {
  if (call->caller.reach.sees(segments)) return true;
  call->hidden();
  return false;
}

/// The same for a change, which wants all of the object's segments.
[[nodiscard]] inline bool may_change(const CallPtr& call,
                                     const std::vector<std::string>& segments) {
  if (!may_see(call, segments)) return false;
  if (call->caller.reach.owns(segments)) return true;
  call->not_yours();
  return false;
}

/// A completion that answers errors itself, and is quiet when the API is gone.
template <class T, class GoOn>
[[nodiscard]] Done<T> then(CallPtr call, GoOn go_on) {
  return [call = std::move(call), go_on = std::move(go_on)](Result<T> result) {
    if (!*call->open) return;
    if (!result) return call->error(result.error());
    go_on(std::move(result));
  };
}

/// Where a list comes from. `name` ties its cursors to it.
template <class T>
struct Listing {
  std::string_view name;
  std::function<std::vector<T>(const Page&, const Wanted<T>&)> list;
  Wanted<T> wanted;
  std::function<std::string(const T&)> id;
};

template <class T>
void answer_list(const CallPtr& call, const Listing<T>& listing) {
  auto page = page_of(call->query, listing.name);
  if (call->refuse_query()) return;
  const auto limit = page.limit++;
  auto objects = listing.list(page, listing.wanted);
  const bool more = objects.size() > limit;
  if (more) objects.resize(limit);
  boost::json::array items;
  for (const auto& object : objects) items.push_back(view(object));
  call->list(boost::json::serialize(items), listing.name,
             more ? listing.id(objects.back()) : std::string());
}

template <class T>
void answer_object(const CallPtr& call, const std::optional<T>& object) {
  if (!object) return call->missing();
  call->json(200, boost::json::serialize(view(*object)));
}

}  // namespace reachproof::orchestrator::api
