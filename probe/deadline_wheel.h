#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace reachproof::probe {

/// Deadlines of slots 0 to capacity-1, at most one each, in a hashed timer wheel: setting,
/// clearing and expiring cost a constant, and memory does not grow. A deadline fires up to
/// kTickUs late, never early, however long advance() was not called; one that has passed already
/// fires at the next advance().
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
  static constexpr std::int64_t kNotSet = -1;
  struct Link {
    std::uint32_t previous = kNone;
    std::uint32_t next = kNone;
    std::int64_t due_tick = kNotSet;
  };

  static std::size_t bucket_of(std::int64_t tick) {
    return static_cast<std::size_t>(tick % kTicks);
  }
  /// A slot of the bucket whose deadline has passed, kNone where there is none. Others may share
  /// the bucket after a pause longer than what is left of the wheel.
  [[nodiscard]] std::uint32_t due_in(std::size_t bucket, std::int64_t tick_now) const {
    std::uint32_t slot = heads_[bucket];
    while (slot != kNone && links_[slot].due_tick > tick_now) slot = links_[slot].next;
    return slot;
  }

  std::vector<Link> links_;
  std::vector<std::uint32_t> heads_;
  std::int64_t next_tick_;  ///< the first one that has not been expired
  std::size_t count_ = 0;
};

inline DeadlineWheel::DeadlineWheel(std::size_t capacity, std::int64_t now_us)
    : links_(capacity), heads_(kTicks, kNone), next_tick_(now_us / kTickUs) {}

inline void DeadlineWheel::set(std::uint32_t slot, std::int64_t deadline_us) {
  clear(slot);
  const std::int64_t due_tick = std::max(deadline_us / kTickUs + 1, next_tick_);
  std::uint32_t& head = heads_[bucket_of(due_tick)];
  links_[slot] = {.previous = kNone, .next = head, .due_tick = due_tick};
  if (head != kNone) links_[head].previous = slot;
  head = slot;
  ++count_;
}

inline void DeadlineWheel::clear(std::uint32_t slot) {
  Link& link = links_[slot];
  if (link.due_tick == kNotSet) return;
  if (link.previous != kNone) {
    links_[link.previous].next = link.next;
  } else {
    heads_[bucket_of(link.due_tick)] = link.next;
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
    const std::size_t bucket = bucket_of(next_tick_);
    while (true) {
      const std::uint32_t slot = due_in(bucket, tick_now);
      if (slot == kNone) break;
      clear(slot);
      expired(slot);
    }
  }
}

}  // namespace reachproof::probe
