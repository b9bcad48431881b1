#include "core/schedule_book.h"

#include <algorithm>

namespace reachproof::core {
namespace {

constexpr std::size_t kListedMax = 100;
/// More are not counted one by one: a schedule of every minute misses so many in two months.
constexpr std::size_t kWalkedMax = 100'000;
constexpr std::chrono::minutes kPunctual{1};

}  // namespace

std::uint64_t jitter_seed(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::chrono::milliseconds jitter_of(const ScheduleFacts& facts, WallTime occurrence) {
  if (facts.jitter.count() <= 0) return std::chrono::milliseconds(0);
  const auto when = static_cast<std::uint64_t>(occurrence.time_since_epoch().count());
  auto mixed = facts.seed + when * 0x9e3779b97f4a7c15ULL;  // SplitMix64
  mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
  mixed ^= mixed >> 31U;
  return std::chrono::milliseconds(mixed % static_cast<std::uint64_t>(facts.jitter.count()));
}

std::vector<ScheduleTurn> turns(const ScheduleFacts& facts, WallTime now) {
  std::vector<WallTime> occurrences;
  auto next = facts.cron.next_after(facts.handled, facts.zone);
  while (next && *next + jitter_of(facts, *next) <= now && occurrences.size() < kWalkedMax) {
    occurrences.push_back(*next);
    next = facts.cron.next_after(*next, facts.zone);
  }
  std::vector<ScheduleTurn> decided;
  if (occurrences.empty()) return decided;
  const auto patience = std::max<std::chrono::milliseconds>(facts.window, kPunctual);
  const auto newest = occurrences.back();
  for (const auto occurrence : occurrences) {
    ScheduleTurn turn{.occurrence = occurrence};
    const auto waited = now - occurrence - jitter_of(facts, occurrence);
    if (facts.paused) {
      turn.what = ScheduleTurn::What::Paused;
    } else if (occurrence != newest || waited > patience) {
      turn.what = ScheduleTurn::What::Missed;
    } else if (facts.running) {
      turn.what = ScheduleTurn::What::Overlapped;
    } else {
      if (facts.waiting) continue;
      turn.what = waited > kPunctual ? ScheduleTurn::What::Late : ScheduleTurn::What::Run;
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
    case ScheduleTurn::What::Paused:
      return "paused";
  }
  return "?";
}

}  // namespace reachproof::core
