// The relaxed tiers of a binary that has none.
#include "kernels/kernels.h"
#include "kernels/probe.h"
#include "kernels/tune.h"

namespace lowbit::kernels {

std::optional<KernelTable> relaxed_kernel_table(Tier, const Tiles&) { return std::nullopt; }

Tier probe_tier() { return Tier::kSimd128; }

Tiles tune(Tier, double) { return {}; }

bool computes_exactly(Tier tier) { return tier <= Tier::kSimd128; }

}  // namespace lowbit::kernels
