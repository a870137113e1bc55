// Whom a kernel of relaxed.inc or tiles.inc is for.
#pragma once

#include "kernels/tier.h"

namespace lowbit::kernels {

// The tier whose name is the suffix.
consteval Tier tier_of(std::string_view suffix) { return find_tier(suffix).value(); }

// kRelaxed stands for all relaxed tiers.
constexpr bool is_for(Tier tier, Tier of_suffix) {
  return of_suffix == Tier::kRelaxed ? tier >= Tier::kRelaxed : tier == of_suffix;
}

}  // namespace lowbit::kernels
