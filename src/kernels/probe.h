// What relaxed SIMD computes on this machine.
#pragma once

#include "kernels/tier.h"

namespace lowbit::kernels {

// The fastest tier that this binary has and whose results this machine computes exactly. kSimd128
// in a binary without relaxed kernels.
//
// The relaxed dot product is specified only for a second operand in 0..127; beyond that its result
// is the machine's choice, fixed for that machine. So vectors at which all known choices differ are
// tried: -128 * 255, -128 * -128, 127 * 255, with sums that are not zero. Any answer that is not
// exactly one of the known ones leaves the integers to simd128.
Tier probe_tier();

// Whether this binary has the tier and this machine computes its integers exactly.
bool computes_exactly(Tier tier);

}  // namespace lowbit::kernels
