#include "kernels/kernels.h"
#include "kernels/relaxed/suffix.h"

namespace lowbit::kernels {
namespace {

constexpr KernelTable make_table(Tier tier) {
  KernelTable table = kSimd128Table;
#define LOWBIT_RELAXED_KERNEL(suffix, name, Arguments) \
  if (is_for(tier, tier_of(#suffix))) table.name = name##__##suffix;
#include "kernels/relaxed.inc"
#undef LOWBIT_RELAXED_KERNEL
  return table;
}

}  // namespace

std::optional<KernelTable> relaxed_kernel_table(Tier tier, const Tiles& tiles) {
  static constexpr KernelTable kTables[] = {make_table(Tier::kRelaxed), make_table(Tier::kRelaxedU),
                                            make_table(Tier::kRelaxedS),
                                            make_table(Tier::kRelaxedP)};
  KernelTable table = kTables[static_cast<int>(tier) - static_cast<int>(Tier::kRelaxed)];
  // The first of each kernel's lines is its default.
#define LOWBIT_TILED_KERNEL(suffix, name, Arguments, rows)        \
  if (is_for(tier, tier_of(#suffix)) &&                           \
      (table.name == kSimd128Table.name || tiles.name == rows)) { \
    table.name = name##__##suffix<rows>;                          \
  }
#include "kernels/tiles.inc"
#undef LOWBIT_TILED_KERNEL
  return table;
}

}  // namespace lowbit::kernels
