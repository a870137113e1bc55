#include "kernels/kernels.h"

namespace lowbit::kernels {

const KernelTable& kernel_table(Tier tier) {
  static constexpr KernelTable kReference = {
#define LOWBIT_KERNEL(folder, name, Arguments) name##__reference,
#include "kernels/kernels.inc"
#undef LOWBIT_KERNEL
  };
  static constexpr KernelTable kSimd128 = {
#define LOWBIT_KERNEL(folder, name, Arguments) name##__simd128,
#include "kernels/kernels.inc"
#undef LOWBIT_KERNEL
  };
  return tier == Tier::kReference ? kReference : kSimd128;
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
