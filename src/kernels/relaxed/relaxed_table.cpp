#include "kernels/kernels.h"

namespace lowbit::kernels {
namespace {

constexpr KernelTable make_table(Tier tier) {
  KernelTable table = kSimd128Table;
#define LOWBIT_RELAXED_KERNEL(suffix, name, Arguments)                        \
  if (std::string_view(#suffix) == "relaxed" || #suffix == tier_name(tier)) { \
    table.name = name##__##suffix;                                            \
  }
#include "kernels/relaxed.inc"
#undef LOWBIT_RELAXED_KERNEL
  return table;
}

}  // namespace

const KernelTable* relaxed_kernel_table(Tier tier) {
  static constexpr KernelTable kTables[] = {make_table(Tier::kRelaxed), make_table(Tier::kRelaxedU),
                                            make_table(Tier::kRelaxedS),
                                            make_table(Tier::kRelaxedP)};
  return &kTables[static_cast<int>(tier) - static_cast<int>(Tier::kRelaxed)];
}

}  // namespace lowbit::kernels
