// All kernels of one tier, as a table of functions. Activations are NHWC, dense, batch outermost.
// A kernel sees pointers and sizes, never a Graph; it neither allocates nor fails: the plan has
// checked everything. Pointers of one call do not overlap unless its header says so. Integer
// kernels give the same bits in every tier.
#pragma once

#include <optional>

#include "kernels/add/add.h"
#include "kernels/depthwise/depthwise.h"
#include "kernels/elementwise/elementwise.h"
#include "kernels/matmul/matmul.h"
#include "kernels/outer_product/outer_product.h"
#include "kernels/pool/pool.h"
#include "kernels/quantize/quantize.h"
#include "kernels/softmax/softmax.h"
#include "kernels/tier.h"
#include "kernels/tiles.h"

namespace lowbit::kernels {

#define LOWBIT_KERNEL(folder, name, Arguments) \
  void name##__reference(const Arguments&);    \
  void name##__simd128(const Arguments&);
#include "kernels/kernels.inc"
#include "kernels/training_kernels.inc"
#undef LOWBIT_KERNEL

#define LOWBIT_RELAXED_KERNEL(tier, name, Arguments) void name##__##tier(const Arguments&);
#include "kernels/relaxed.inc"
#undef LOWBIT_RELAXED_KERNEL

#define LOWBIT_TILED_KERNEL(tier, name, Arguments, rows) \
  template <int kTileRows>                               \
  void name##__##tier(const Arguments&);
#include "kernels/tiles.inc"
#undef LOWBIT_TILED_KERNEL

struct KernelTable {
#define LOWBIT_KERNEL(folder, name, Arguments) void (*name)(const Arguments&);
#include "kernels/kernels.inc"
#undef LOWBIT_KERNEL
};

struct TrainingKernelTable {
#define LOWBIT_KERNEL(folder, name, Arguments) void (*name)(const Arguments&);
#include "kernels/training_kernels.inc"
#undef LOWBIT_KERNEL
};

inline constexpr KernelTable kReferenceTable = {
#define LOWBIT_KERNEL(folder, name, Arguments) name##__reference,
#include "kernels/kernels.inc"
#undef LOWBIT_KERNEL
};

inline constexpr KernelTable kSimd128Table = {
#define LOWBIT_KERNEL(folder, name, Arguments) name##__simd128,
#include "kernels/kernels.inc"
#undef LOWBIT_KERNEL
};

// The kernels of a tier up to kSimd128, or of a relaxed one in a binary that has them (probe.h).
KernelTable kernel_table(Tier tier, const Tiles& tiles = {});
// A relaxed tier trains with the kernels of kSimd128.
const TrainingKernelTable& training_kernel_table(Tier tier);

// Of a relaxed tier; none in a binary without relaxed kernels. Callers use kernel_table().
std::optional<KernelTable> relaxed_kernel_table(Tier tier, const Tiles& tiles);

}  // namespace lowbit::kernels
