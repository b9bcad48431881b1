#pragma once

#include <cstdio>
#include <cstdlib>

/// A broken invariant is our bug: say where, and stop. Stays on in release builds, because a tool
/// that goes on after its own invariant broke cannot be believed about anybody's network.
#define CHECK(condition)                                                                      \
  do {                                                                                        \
    if (!(condition)) [[unlikely]] {                                                          \
      std::fprintf(stderr, "reachproof: broken invariant at %s:%d: %s\n", __FILE__, __LINE__, \
                   #condition);                                                               \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)
