// The relaxed tiers of a binary that has none.
#include "kernels/kernels.h"
#include "kernels/probe.h"

namespace lowbit::kernels {

const KernelTable* relaxed_kernel_table(Tier) { return nullptr; }

Tier probe_tier() { return Tier::kSimd128; }

bool computes_exactly(Tier tier) { return tier <= Tier::kSimd128; }

}  // namespace lowbit::kernels
