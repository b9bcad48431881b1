#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "core/address.h"

namespace reachproof::orchestrator::api {

/// Bounds failed authentications, for each address and in all. Pure.
///
/// An attempt is counted before it is looked at, and taken back when it succeeded: parallel
/// requests cannot slip through together. An address is an IPv4 address or an IPv6 /64. Whoever
/// has shown a good token within the hour is not held up by what others do.
class AuthLimiter {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Limits {
    double per_address = 10;              ///< failures at once
    double per_address_per_second = 0.2;  ///< and that many more with time
    double overall = 200;
    double overall_per_second = 20;
    std::size_t addresses_max = 4096;
  };

  AuthLimiter() : AuthLimiter(Limits{}) {}
  explicit AuthLimiter(Limits limits) : limits_(limits), overall_{limits.overall, {}} {}

  /// Counts an attempt. False: refuse it unseen.
  [[nodiscard]] bool begin(const core::IpAddress& peer, Time now);
  /// The attempt was good.
  void succeeded(const core::IpAddress& peer, Time now);

 private:
  struct Bucket {
    double left = 0;
    Time filled;
    Time trusted_until{};
    bool overall_taken = false;
  };
  [[nodiscard]] Bucket& bucket_of(const core::IpAddress& peer, Time now);
  void forget_one();

  Limits limits_;
  Bucket overall_;
  std::map<core::IpAddress, Bucket> buckets_;
};

}  // namespace reachproof::orchestrator::api
