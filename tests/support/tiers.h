// The tiers that a conformance test compares with the reference.
#pragma once

#include <vector>

#include "kernels/probe.h"
#include "kernels/tiles.h"

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

// Each of the tiles that a kernel has in the tier; where it has no choice, the only one.
inline std::vector<Tiles> tiles_of(Tier tier, int32_t Tiles::* kernel) {
  std::vector<Tiles> all;
  const auto add = [&](Tier owner, int32_t Tiles::* owned, int32_t rows) {
    if (owned != kernel || (owner != Tier::kRelaxed && owner != tier) || tier < Tier::kRelaxed)
      return;
    all.emplace_back().*kernel = rows;
  };
#define LOWBIT_TILED_KERNEL(suffix, name, Arguments, rows) \
  add(*find_tier(#suffix), &Tiles::name, rows);
#include "kernels/tiles.inc"
#undef LOWBIT_TILED_KERNEL
  if (all.empty()) all.emplace_back();
  return all;
}

}  // namespace lowbit::test
