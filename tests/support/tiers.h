// The tiers that a conformance test compares with the reference.
#pragma once

#include <vector>

#include "kernels/probe.h"

namespace lowbit::test {

// Every tier of this binary whose integers this machine computes exactly. Natively that is all, as
// the relaxed ones are emulated.
inline std::vector<Tier> simd_tiers() {
  std::vector<Tier> tiers = {Tier::kSimd128};
#ifdef __EMSCRIPTEN__
  const Tier probed = kernels::probe_tier();
  if (probed != Tier::kSimd128) tiers.push_back(Tier::kRelaxed);
  if (probed > Tier::kRelaxed) tiers.push_back(probed);
#else
  tiers.insert(tiers.end(), {Tier::kRelaxed, Tier::kRelaxedU, Tier::kRelaxedS, Tier::kRelaxedP});
#endif
  return tiers;
}

}  // namespace lowbit::test
