#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace reachproof::probe {

/// Deadlines of slots 0 to capacity-1, at most one each, in a hashed timer wheel: setting,
/// clearing and expiring cost a constant, and memory does not grow. A deadline fires up to
/// kTickUs late, never early.
class DeadlineWheel {
 public:
  static constexpr std::int64_t kTickUs = 4096;
  static constexpr std::uint32_t kTicks = 16384;  ///< 67 s: no deadline may lie further ahead

  DeadlineWheel(std::size_t capacity, std::int64_t now_us);

  void set(std::uint32_t slot, std::int64_t deadline_us);
  void clear(std::uint32_t slot);
  /// Calls `expired(slot)` for every slot whose deadline has passed; it may set and clear.
  template <class Expired>
  void advance(std::int64_t now_us, Expired expired);
  /// True where no deadline is set.
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  static constexpr std::uint32_t kNone = 0xffffffff;
  struct Link {
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    std::uint32_t tick = kNone;  ///< kNone: no deadline set
  };

  std::vector<Link> links_;
  std::vector<std::uint32_t> heads_;
  std::int64_t next_tick_;  ///< the first one that has not been expired
  std::size_t count_ = 0;
};

inline DeadlineWheel::DeadlineWheel(std::size_t capacity, std::int64_t now_us)
    : links_(capacity), heads_(kTicks, kNone), next_tick_(now_us / kTickUs) {}

inline void DeadlineWheel::set(std::uint32_t slot, std::int64_t deadline_us) {
  clear(slot);
  const auto tick = static_cast<std::uint32_t>((deadline_us / kTickUs + 1) % kTicks);
  links_[slot] = {.previous = kNone, .next = heads_[tick], .tick = tick};
  if (heads_[tick] != kNone) links_[heads_[tick]].previous = slot;
  heads_[tick] = slot;
  ++count_;
}

inline void DeadlineWheel::clear(std::uint32_t slot) {
  Link& link = links_[slot];
  if (link.tick == kNone) return;
  if (link.previous != kNone) {
    links_[link.previous].next = link.next;
  } else {
    heads_[link.tick] = link.next;
  }
  if (link.next != kNone) links_[link.next].previous = link.previous;
  link = {};
  --count_;
}

template <class Expired>
void DeadlineWheel::advance(std::int64_t now_us, Expired expired) {
  const std::int64_t tick_now = now_us / kTickUs;
  // After a pause longer than the wheel every deadline has passed: one turn finds them all.
  if (tick_now - next_tick_ >= kTicks) next_tick_ = tick_now - kTicks + 1;
  for (; next_tick_ <= tick_now; ++next_tick_) {
    const auto tick = static_cast<std::uint32_t>(next_tick_ % kTicks);
    while (heads_[tick] != kNone) {
      const std::uint32_t slot = heads_[tick];
      clear(slot);
      expired(slot);
    }
  }
}

}  // namespace reachproof::probe
