#include "kernels/binary/blocks.h"

#include <algorithm>

#include "base/first_part.h"
#include "qmath/binary_functions.h"

namespace lowbit::kernels {

namespace {

// The blocks tell the compiler that nothing overlaps.
template <BinaryFunction function>
[[gnu::flatten]] void run_block(const float* a, const float* b, void* output, int64_t count) {
  if constexpr (binary_info(function).result == BinaryResult::kLike) {
    float y[kBlock];
    for (int64_t i = 0; i < kBlock; ++i) y[i] = lowbit::binary<function>(a[i], b[i]);
    std::copy_n(y, count, static_cast<float*>(output));
  } else {
    bool y[kBlock];
    for (int64_t i = 0; i < kBlock; ++i) y[i] = compare<function>(a[i], b[i]);
    std::copy_n(y, count, static_cast<bool*>(output));
  }
}

// Of these only Mul is a common operator (graph/common_ops.h).
constexpr bool is_there(BinaryFunction function) {
  return !kIsFirstPart || function == BinaryFunction::kMul;
}

constexpr BlockFunction kBlockFunctions[] = {
#define LOWBIT_BINARY(name, opset, result, integer) \
  is_there(BinaryFunction::k##name) ? run_block<BinaryFunction::k##name> : nullptr,
#include "qmath/binary.inc"
#undef LOWBIT_BINARY
    run_block<BinaryFunction::kAdd>,
};

}  // namespace

BlockFunction binary_block(BinaryFunction function) {
  return kBlockFunctions[static_cast<size_t>(function)];
}

}  // namespace lowbit::kernels
