// One small struct of attributes per operator, with ONNX's defaults. Spatial lists are {height,
// width}; a one-dimensional operator would use height 1 (the reader refuses other ranks today).
#pragma once

#include <cstdint>
#include <limits>
#include <variant>
#include <vector>

#include "qmath/unary.h"
#include "tensor/dtype.h"

namespace lowbit {

struct NoAttributes {
  bool operator==(const NoAttributes&) const = default;
};

struct Spatial {
  int64_t h = 1;
  int64_t w = 1;
  bool operator==(const Spatial&) const = default;
};

struct Padding {
  int64_t top = 0;
  int64_t left = 0;
  int64_t bottom = 0;
  int64_t right = 0;
  bool operator==(const Padding&) const = default;
};

// ONNX auto_pad; kSameUpper and kSameLower ignore `padding` and give ceil(input / stride) outputs.
enum class AutoPad : uint8_t { kNotSet, kSameUpper, kSameLower, kValid };

// A moving window, shared by convolution and pooling.
struct WindowAttributes {
  Spatial kernel;
  Spatial stride;
  Spatial dilation;
  Padding padding;
  AutoPad auto_pad = AutoPad::kNotSet;
  bool operator==(const WindowAttributes&) const = default;
};

// Inputs: X [N, C, H, W], W [M, C / groups, kh, kw], optional bias [M].
struct ConvAttributes {
  WindowAttributes window;
  int64_t groups = 1;
  bool operator==(const ConvAttributes&) const = default;
};

// Y = alpha * A' * B' + beta * C; A' = A or its transpose, [M, K]; B' [K, N]; C broadcasts to
// [M, N].
struct GemmAttributes {
  float alpha = 1.0f;
  float beta = 1.0f;
  bool transpose_a = false;
  bool transpose_b = false;
  bool operator==(const GemmAttributes&) const = default;
};

// Bounds of Clip; and of the activation fused into a node. No bound: minus or plus infinity.
struct ClipAttributes {
  float min = -std::numeric_limits<float>::infinity();
  float max = std::numeric_limits<float>::infinity();
  bool operator==(const ClipAttributes&) const = default;
};

struct PoolAttributes {
  WindowAttributes window;
  bool ceil_mode = false;
  bool count_include_pad = false;  // AveragePool only
  bool operator==(const PoolAttributes&) const = default;
};

// Inputs: X [N, C, ...], scale, bias, mean, variance, each [C].
struct BatchNormalizationAttributes {
  float epsilon = 1e-5f;
  float momentum = 0.9f;  // running = running * momentum + batch * (1 - momentum), in training
  bool operator==(const BatchNormalizationAttributes&) const = default;
};

// Flatten, Softmax, Concat. Negative counts from the end.
struct AxisAttributes {
  int64_t axis = 1;
  bool operator==(const AxisAttributes&) const = default;
};

// ONNX's Reshape with its constant shape input moved here: 0 copies the input's dimension (unless
// allow_zero), one -1 is inferred.
struct ReshapeAttributes {
  std::vector<int64_t> shape;
  bool allow_zero = false;
  bool operator==(const ReshapeAttributes&) const = default;
};

// The operators of qmath/unary.inc, which has their defaults.
struct UnaryAttributes {
  UnaryParameters parameters;
  bool approximate = false;  // Gelu only: "tanh"
  bool operator==(const UnaryAttributes&) const = default;
};

// Squeeze: the axes of length 1 that go, all of them where none is named. Unsqueeze: where axes of
// length 1 come, counted in the output. Negative counts from the end.
struct AxesAttributes {
  std::vector<int64_t> axes;
  bool operator==(const AxesAttributes&) const = default;
};

// Cast: to bool every number but 0 is true; from float32 to an integer the fraction is dropped, and
// what the integer cannot hold is clamped, NaN to 0.
struct CastAttributes {
  DType to = DType::kF32;
  bool to_half = false;  // to float16: rounded to what that holds, and kept as float32
  bool operator==(const CastAttributes&) const = default;
};

// Shape: the dimensions [start, end) of the input, negative counts from the end.
struct ShapeAttributes {
  int64_t start = 0;
  int64_t end = std::numeric_limits<int64_t>::max();
  bool operator==(const ShapeAttributes&) const = default;
};

using Attributes =
    std::variant<NoAttributes, ConvAttributes, GemmAttributes, ClipAttributes, PoolAttributes,
                 BatchNormalizationAttributes, AxisAttributes, ReshapeAttributes, UnaryAttributes,
                 AxesAttributes, CastAttributes, ShapeAttributes>;

}  // namespace lowbit
