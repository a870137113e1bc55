// Functions of two values: which there are (qmath/binary.inc) and what they give.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lowbit {

enum class BinaryFunction : uint8_t {
#define LOWBIT_BINARY(name, opset, result) k##name,
#include "qmath/binary.inc"
#undef LOWBIT_BINARY
  kAdd,  // of integers; that of reals has kernels of its own
};

enum class BinaryResult : uint8_t { kLike, kTruth, kLogic };

struct BinaryInfo {
  int64_t opset;
  BinaryResult result;
};

inline constexpr BinaryInfo kBinaryInfo[] = {
#define LOWBIT_BINARY(name, opset, result) {opset, BinaryResult::result},
#include "qmath/binary.inc"
#undef LOWBIT_BINARY
    {7, BinaryResult::kLike},
};

constexpr const BinaryInfo& binary_info(BinaryFunction function) {
  return kBinaryInfo[static_cast<size_t>(function)];
}

}  // namespace lowbit
