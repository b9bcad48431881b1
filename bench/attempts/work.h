#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

/// The work that all contenders do: one TCP attempt at each address of a /16.
namespace reachproof::bench {

inline constexpr std::uint32_t kAttempts = 65'536;
inline constexpr std::uint16_t kPort = 7777;
/// 10.99.0.0: the targets are this address and all that follow in its /16.
inline constexpr std::uint32_t kFirstTarget = 0x0a630000;

enum class Case : std::uint8_t { Open, Refused, Rejected, Silent };
inline constexpr std::array kCases{Case::Open, Case::Refused, Case::Rejected, Case::Silent};

[[nodiscard]] std::string_view word(Case of);
[[nodiscard]] std::optional<Case> case_of(std::string_view word);

/// One contest: how the targets answer, and how many tries are in flight at once.
struct Work {
  Case of = Case::Open;
  std::size_t window = 0;
};

/// The window where none is asked for. Against silence, window divided by timeout bounds the speed
/// as long as filling the window takes little of the timeout; both windows divide the attempts.
[[nodiscard]] constexpr std::size_t usual_window(Case of) {
  return of == Case::Silent ? 4096 : 1024;
}
[[nodiscard]] constexpr std::chrono::milliseconds timeout_of(Case of) {
  return std::chrono::milliseconds(of == Case::Silent ? 1000 : 5000);
}

/// Both return the number of attempts whose outcome was not that of the case.
[[nodiscard]] std::uint32_t run_engine(const Work& work);
[[nodiscard]] std::uint32_t run_bare_loop(const Work& work);

}  // namespace reachproof::bench
