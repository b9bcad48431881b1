#include "protocol/message.h"

#include "core/words.h"

namespace reachproof::protocol {
namespace {

using core::Words;

constexpr Words<Listener, 5> kListeners{{
    {Listener::Own, "own"},
    {Listener::Service, "service"},
    {Listener::Mute, "mute"},
    {Listener::Closed, "closed"},
    {Listener::Unknown, "unknown"},
}};
constexpr Words<Refused::Why, 6> kWhys{{
    {Refused::Why::Scope, "scope"},
    {Refused::Why::Budget, "budget"},
    {Refused::Why::Unsupported, "unsupported"},
    {Refused::Why::Stopped, "stopped"},
    {Refused::Why::Window, "window"},
    {Refused::Why::Signature, "signature"},
}};
constexpr Words<Done::What, 2> kDones{
    {{Done::What::Watch, "watch"}, {Done::What::Stopped, "stopped"}}};

}  // namespace

std::string_view word(Listener listener) {
  return core::word_in(kListeners, listener);
}
std::string_view word(Refused::Why why) {
  return core::word_in(kWhys, why);
}
std::string_view word(Done::What what) {
  return core::word_in(kDones, what);
}
std::optional<Listener> listener_of(std::string_view w) {
  return core::value_in(kListeners, w);
}
std::optional<Refused::Why> refused_why_of(std::string_view w) {
  return core::value_in(kWhys, w);
}
std::optional<Done::What> done_what_of(std::string_view w) {
  return core::value_in(kDones, w);
}

}  // namespace reachproof::protocol
