#include "kernels/kernels.h"

#include <cassert>

namespace lowbit::kernels {

const KernelTable& kernel_table(Tier tier) {
  if (tier == Tier::kReference) return kReferenceTable;
  if (tier == Tier::kSimd128) return kSimd128Table;
  const KernelTable* table = relaxed_kernel_table(tier);
  assert(table != nullptr);
  return *table;
}

}  // namespace lowbit::kernels
