#pragma once

#include <string>
#include <string_view>

#include "core/verdict.h"

namespace reachproof::reports {

/// How a terminal shows things: a symbol and a word always, colour only where it is wanted. The
/// colours are told apart by colour-blind people, and never carry meaning alone.
struct Look {
  bool colour = false;
};

enum class Paint { Plain, Good, Bad, Broken, Unsure, Dim, Bold };
[[nodiscard]] std::string painted(const Look& look, Paint paint, std::string_view text);

/// The symbol of a verdict: `.` blocked as it must be, `:` the same but corroborated only, `+` open
/// as it must be, `X` open but denied, `x` one-way or latent but denied, `B` broken, `?` unproven,
/// `u` in use, `i` idle, `E` excepted.
[[nodiscard]] std::string symbol(const core::Verdict& verdict);
[[nodiscard]] Paint paint_of(core::CheckResult result);

/// What the symbols mean, one line.
[[nodiscard]] std::string legend();

/// Text from outside (a probe's words, names in a file) without control characters, so that it
/// cannot steer a terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace reachproof::reports
