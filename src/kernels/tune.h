// Which tiles are fastest on this machine.
#pragma once

#include "kernels/tier.h"
#include "kernels/tiles.h"

namespace lowbit::kernels {

// The tiles of a tier that this binary has; 0 for a kernel that has no choice in it. All that there
// are take turns at one small product of zeros, for no longer than the budget. Without a budget or
// memory, and where nothing can be told, the answer is the defaults.
//
// An engine that compiles twice runs slow code first, whose times say nothing, and fast code only
// some milliseconds later. So the times are believed once all are at most half of the first ones
// and get no shorter any more; and another tile than the default must be faster by a margin.
Tiles tune(Tier tier, double budget_ms);

}  // namespace lowbit::kernels
