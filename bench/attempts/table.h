#pragma once

#include "bench/attempts/contest.h"

namespace reachproof::bench {

void print_heading();
/// Prints the rows of one case, then its bars. Returns the number of bars that were missed.
int print_case(const Work& work, const Measures& measures);

}  // namespace reachproof::bench
