// Quantization parameters: what makes an integer tensor stand for real numbers.
//
//   real = scale * (q - zero_point),   qmin <= q <= qmax
//
// scale is a positive normal float32; zero_point an integer in [qmin, qmax], so 0.0 is always exact
// (Jacob et al. 2018, section 2.1). One pair per tensor (axis < 0), one per index along `axis`, or
// one per block: `block_size` elements along `axis`, the last block may have fewer, and one index
// of all other axes (ONNX DequantizeLinear, opset 21).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace lowbit {

struct QuantParams {
  DType storage = DType::kU8;  // the container: kU8, kI8 or kI32
  int32_t qmin = 0;
  int32_t qmax = 255;
  int axis = -1;
  std::vector<float> scale{1.0f};  // row-major, in the shape of scale_shape()
  std::vector<int32_t> zero_point{0};
  int64_t block_size = 0;  // 0: none

  bool per_tensor() const { return axis < 0; }
  bool operator==(const QuantParams&) const = default;
};

// The shape of the scales of a tensor: [] per tensor, [n] along an axis; in blocks the tensor's
// own, with the axis divided by the block size, rounded up. The axis must be one of the tensor's.
Shape scale_shape(const QuantParams& params, const Shape& tensor);

// The index of the scale of an element, both in row-major order.
class ScaleIndex {
 public:
  ScaleIndex(const QuantParams& params, const Shape& tensor);

  size_t of(size_t element) const {
    const size_t at = element / inner_ % length_;
    if (block_size_ == 0) return at;
    return (element / inner_ / length_ * blocks_ + at / block_size_) * inner_ + element % inner_;
  }

 private:
  // The tensor is seen as [outer][length][inner] around the axis of its parameters.
  size_t length_ = 1;
  size_t inner_ = 1;
  size_t block_size_ = 0;
  size_t blocks_ = 1;
};

// One scale per index along `channel_axis`, the largest where an index has several.
std::vector<float> channel_scales(const QuantParams& params, const Shape& tensor, int channel_axis);

struct IntegerRange {
  int32_t min;
  int32_t max;
};

// What a container holds; nothing for a type that is none.
constexpr std::optional<IntegerRange> storage_range(DType storage) {
  switch (storage) {
    case DType::kU8:
      return IntegerRange{0, 255};
    case DType::kI8:
      return IntegerRange{-128, 127};
    case DType::kI32:
      return IntegerRange{std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()};
    case DType::kF32:
    case DType::kI64:
    case DType::kBool:
      break;
  }
  return std::nullopt;
}

// The law's widths: activations unsigned [0, 2^bits - 1], weights signed [-(2^(bits-1) - 1),
// 2^(bits-1) - 1]. bits in 2..8.
constexpr int32_t activation_qmax(int bits) { return (1 << bits) - 1; }
constexpr int32_t weight_qmax(int bits) { return (1 << (bits - 1)) - 1; }
// Biases are int32 in [-kBiasQmax, kBiasQmax]: half of the accumulator's range is left for the
// products.
inline constexpr int32_t kBiasQmax = (1 << 30) - 1;

struct ScaleAndZeroPoint {
  float scale;
  int32_t zero_point;
};

// Asymmetric parameters for activations in [low, high] (finite, low <= high), widened to contain 0:
// scale = (high - low) / (qmax - qmin), zero_point = rne(qmin - low / scale), clamped.
// An all-zero range gives scale 1 and zero point 0 (clamped into [qmin, qmax]).
ScaleAndZeroPoint asymmetric_params(float low, float high, int32_t qmin, int32_t qmax);

// Symmetric parameters for weights: scale = max_abs / qmax, zero_point = 0. max_abs = 0 gives
// scale 1.
ScaleAndZeroPoint symmetric_params(float max_abs, int32_t qmax);

// The range of per-tensor parameters narrowed to the integers of [low, high]; nothing where it
// would not hold the zero point and another integer.
std::optional<QuantParams> narrowed(const QuantParams& params, float low, float high);

}  // namespace lowbit
