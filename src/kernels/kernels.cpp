#include "kernels/kernels.h"

#include <cassert>

#include "base/first_part.h"

namespace lowbit::kernels {

KernelTable kernel_table(Tier tier, const Tiles& tiles) {
  if (tier == Tier::kReference && !kIsFirstPart) return kReferenceTable;
  if (tier == Tier::kSimd128) return kSimd128Table;
  const std::optional<KernelTable> table = relaxed_kernel_table(tier, tiles);
  assert(table);
  return *table;
}

const TrainingKernelTable& training_kernel_table(Tier tier) {
  static constexpr TrainingKernelTable kReference = {
#define LOWBIT_KERNEL(folder, name, Arguments) name##__reference,
#include "kernels/training_kernels.inc"
#undef LOWBIT_KERNEL
  };
  static constexpr TrainingKernelTable kSimd128 = {
#define LOWBIT_KERNEL(folder, name, Arguments) name##__simd128,
#include "kernels/training_kernels.inc"
#undef LOWBIT_KERNEL
  };
  return tier == Tier::kReference ? kReference : kSimd128;
}

}  // namespace lowbit::kernels
