// The tiers that a conformance test compares with the reference.
#pragma once

#include <vector>

#include "kernels/probe.h"

namespace lowbit::test {

// Every tier of this binary whose integers this machine computes exactly. Natively that is all, as
// the relaxed ones are emulated.
inline std::vector<Tier> simd_tiers() {
  std::vector<Tier> tiers;
  for (const Tier tier :
       {Tier::kSimd128, Tier::kRelaxed, Tier::kRelaxedU, Tier::kRelaxedS, Tier::kRelaxedP}) {
    if (kernels::computes_exactly(tier)) tiers.push_back(tier);
  }
  return tiers;
}

}  // namespace lowbit::test
