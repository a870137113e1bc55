// The operators of most convolutional networks. Of the others the first part of the WebAssembly
// binary has neither readers nor kernels (tools/split_wasm.mjs): a page downloads the second where
// a model needs them.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

namespace lowbit {

inline constexpr std::string_view kCommonOps[] = {
    "Conv", "Gemm", "MatMul", "Add", "Relu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool",
    "BatchNormalization", "Flatten", "Reshape", "Softmax", "Concat", "Identity", "Dropout",
    "QuantizeLinear", "DequantizeLinear",
    // Of constants, in the quantized models that Lowbit saves.
    "Mul", "Cast"};

// `name`: of ops.inc, or an ONNX operator's.
constexpr bool is_common_op(std::string_view name) {
  return std::ranges::find(kCommonOps, name) != std::end(kCommonOps);
}

}  // namespace lowbit
