#include "core/schedule_book.h"

#include <algorithm>

namespace reachproof::core {
namespace {

constexpr std::size_t kListedMax = 100;
/// More are not counted one by one: a schedule of every minute misses so many in two months.
constexpr std::size_t kWalkedMax = 100'000;
constexpr std::chrono::minutes kPunctual{1};

}  // namespace

std::vector<ScheduleTurn> turns(const ScheduleFacts& facts, WallTime now) {
  std::vector<WallTime> occurrences;
  auto next = facts.cron.next_after(facts.handled, facts.zone);
  while (next && *next <= now && occurrences.size() < kWalkedMax) {
    occurrences.push_back(*next);
    next = facts.cron.next_after(*next, facts.zone);
  }
  std::vector<ScheduleTurn> decided;
  if (occurrences.empty()) return decided;
  const auto patience = std::max<std::chrono::milliseconds>(facts.window, kPunctual);
  const auto newest = occurrences.back();
  for (const auto occurrence : occurrences) {
    ScheduleTurn turn{.occurrence = occurrence};
    if (occurrence != newest || now - occurrence > patience) {
      turn.what = ScheduleTurn::What::Missed;
    } else if (facts.running) {
      turn.what = ScheduleTurn::What::Overlapped;
    } else {
      turn.what = now - occurrence > kPunctual ? ScheduleTurn::What::Late : ScheduleTurn::What::Run;
    }
    decided.push_back(turn);
  }
  if (decided.size() > kListedMax) {
    const auto dropped = decided.size() - kListedMax;
    decided.erase(decided.begin(), decided.begin() + static_cast<std::ptrdiff_t>(dropped));
    decided.front().more = static_cast<int>(dropped);
  }
  return decided;
}

std::string_view word(ScheduleTurn::What what) {
  switch (what) {
    case ScheduleTurn::What::Run:
      return "started";
    case ScheduleTurn::What::Late:
      return "late";
    case ScheduleTurn::What::Missed:
      return "missed";
    case ScheduleTurn::What::Overlapped:
      return "overlapped";
  }
  return "?";
}

}  // namespace reachproof::core
