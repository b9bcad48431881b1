#include "orchestrator/api/auth_limiter.h"

#include <algorithm>
#include <array>

namespace reachproof::orchestrator::api {
namespace {

constexpr std::chrono::hours kTrust{1};

core::IpAddress network_of(const core::IpAddress& peer) {
  const auto plain = peer.unmapped();
  if (plain.family() == core::Family::V4) return plain;
  std::array<std::uint8_t, 16> bytes{};
  std::copy_n(plain.bytes(), 8, bytes.begin());
  return core::IpAddress::v6(bytes.data());
}

}  // namespace

AuthLimiter::Bucket& AuthLimiter::bucket_of(const core::IpAddress& peer, Time now) {
  const auto network = network_of(peer);
  if (!buckets_.contains(network) && buckets_.size() >= limits_.addresses_max) forget_one();
  const auto [place, fresh] = buckets_.try_emplace(network);
  auto& bucket = place->second;
  if (fresh) {
    bucket.left = limits_.per_address;
    bucket.filled = now;
  }
  return bucket;
}

/// The address that has been quiet longest: its allowance is the fullest.
void AuthLimiter::forget_one() {
  const auto oldest =
      std::ranges::min_element(buckets_, {}, [](const auto& entry) { return entry.second.filled; });
  buckets_.erase(oldest);
}

bool AuthLimiter::begin(const core::IpAddress& peer, Time now) {
  const auto fill = [now](Bucket& bucket, double most, double per_second) {
    const auto passed = std::chrono::duration<double>(now - bucket.filled).count();
    bucket.left = std::min(most, bucket.left + std::max(0.0, passed) * per_second);
    bucket.filled = now;
  };
  auto& own = bucket_of(peer, now);
  fill(own, limits_.per_address, limits_.per_address_per_second);
  fill(overall_, limits_.overall, limits_.overall_per_second);
  own.overall_taken = false;
  if (own.left < 1) return false;
  if (now >= own.trusted_until) {
    if (overall_.left < 1) return false;
    overall_.left -= 1;
    own.overall_taken = true;
  }
  own.left -= 1;
  return true;
}

void AuthLimiter::succeeded(const core::IpAddress& peer, Time now) {
  auto& own = bucket_of(peer, now);
  own.left = std::min(limits_.per_address, own.left + 1);
  if (own.overall_taken) overall_.left = std::min(limits_.overall, overall_.left + 1);
  own.overall_taken = false;
  own.trusted_until = now + kTrust;
}

}  // namespace reachproof::orchestrator::api
