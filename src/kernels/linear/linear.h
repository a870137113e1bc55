// QuantizeLinear and DequantizeLinear with any scales and zero points, and DynamicQuantizeLinear,
// as ONNX defines them (qmath/quantize.h). One tier: they stand where integers without parameters
// meet reals, which is at the border of a graph; what lies within has kernels/quantize.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace lowbit::kernels {

// The elements are [outer][length][inner]. The scale of element (o, l, i), and its zero point, is
// number l / block (length: of all outer ones the same), and (o * blocks + l / block) * inner + i
// where `block` is above 1; of a single one, length is 1.
struct LinearIndex {
  int64_t outer = 1;
  int64_t length = 1;
  int64_t inner = 1;
  int64_t block = 0;  // 0: none
};

// type: uint8 or int8, of the output and the zero point.
struct QuantizeLinear {
  const float* input = nullptr;
  const float* scale = nullptr;
  const std::byte* zero_point = nullptr;
  std::byte* output = nullptr;
  LinearIndex index;
  DType type = DType::kU8;
};
void quantize_linear(const QuantizeLinear& args);

// type: uint8, int8 or int32, of the input and the zero point.
struct DequantizeLinear {
  const std::byte* input = nullptr;
  const float* scale = nullptr;
  const std::byte* zero_point = nullptr;
  float* output = nullptr;
  LinearIndex index;
  DType type = DType::kU8;
};
void dequantize_linear(const DequantizeLinear& args);

// The uint8 parameters of the elements' range (asymmetric_params), and, where `integers` is given,
// the elements in them. NaN counts as no element, an infinity as the largest finite number.
struct DynamicQuantize {
  const float* input = nullptr;
  int64_t count = 0;
  uint8_t* integers = nullptr;
  float* scale = nullptr;
  uint8_t* zero_point = nullptr;
};
void dynamic_quantize(const DynamicQuantize& args);

}  // namespace lowbit::kernels
