// One small struct of attributes per operator, with ONNX's defaults. Spatial lists are {height,
// width}; a one-dimensional operator would use height 1 (the reader refuses other ranks today).
#pragma once

#include <cstdint>
#include <limits>
#include <string>
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

// Flatten, Softmax, Concat, Gather. Negative counts from the end.
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

// Axis i of the output is axis permutation[i] of the input.
struct TransposeAttributes {
  std::vector<int64_t> permutation;
  bool operator==(const TransposeAttributes&) const = default;
};

// Along axes[i], the elements starts[i], starts[i] + steps[i], ... before ends[i]. Negative starts,
// ends and axes count from the end; what lies beyond an end is clamped (graph/slice_range.h).
struct SliceAttributes {
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  std::vector<int64_t> axes;
  std::vector<int64_t> steps;
  bool operator==(const SliceAttributes&) const = default;
};

enum class PadMode : uint8_t { kConstant, kReflect, kEdge, kWrap };

// pads: before each axis, then after each axis; negative ones cut.
struct PadAttributes {
  PadMode mode = PadMode::kConstant;
  std::vector<int64_t> pads;
  double value = 0;  // of kConstant; exact in the type of the elements
  bool operator==(const PadAttributes&) const = default;
};

// The shape that the input is broadcast to, and broadcasts to itself: a number, or -1 - k for the
// dimension k of the second input, of which nothing else is read: so a dimension stays symbolic.
struct ExpandAttributes {
  std::vector<int64_t> shape;
  bool operator==(const ExpandAttributes&) const = default;
};

struct TileAttributes {
  std::vector<int64_t> repeats;  // by axis
  bool operator==(const TileAttributes&) const = default;
};

// DepthToSpace and SpaceToDepth: squares of `block_size` x `block_size` pixels.
struct BlockAttributes {
  int64_t block_size = 1;
  bool depth_first = true;  // DepthToSpace: mode DCR, else CRD
  bool operator==(const BlockAttributes&) const = default;
};

enum class ResizeMode : uint8_t { kNearest, kLinear, kCubic };
enum class ResizeCoordinates : uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn,
  kTfCropAndResize
};
enum class ResizeRounding : uint8_t { kRoundPreferFloor, kRoundPreferCeil, kFloor, kCeil };
enum class ResizeAspect : uint8_t { kStretch, kNotLarger, kNotSmaller };

// Either scales or sizes are given, by axis; a size of 0 leaves the axis as it is.
struct ResizeAttributes {
  ResizeMode mode = ResizeMode::kNearest;
  ResizeCoordinates coordinates = ResizeCoordinates::kHalfPixel;
  ResizeRounding rounding = ResizeRounding::kRoundPreferFloor;
  ResizeAspect aspect = ResizeAspect::kStretch;  // of sizes
  std::vector<float> scales;
  std::vector<int64_t> sizes;
  std::vector<float> roi;  // of kTfCropAndResize: the start of each axis, then the end of each
  float cubic_a = -0.75f;
  float extrapolation_value = 0;  // of kTfCropAndResize, outside of the input
  bool exclude_outside = false;
  bool antialias = false;
  bool operator==(const ResizeAttributes&) const = default;
};

// The operators of qmath/reduce.inc, over the axes that are named, over all where none is. Negative
// counts from the end.
struct ReduceAttributes {
  std::vector<int64_t> axes;
  bool keep_dims = true;  // as dimensions of 1
  bool operator==(const ReduceAttributes&) const = default;
};

// ArgMax, ArgMin: where along the axis the number is, as int64. Negative counts from the end.
struct ArgAttributes {
  int64_t axis = 0;
  bool keep_dims = true;     // as a dimension of 1
  bool select_last = false;  // of equal numbers
  bool operator==(const ArgAttributes&) const = default;
};

// TopK: the first k numbers along the axis, of equal ones that with the lower index first, or their
// indices as int64. ONNX's operator has both as outputs.
struct TopKAttributes {
  int64_t axis = -1;
  int64_t k = 1;
  bool largest = true;
  bool gives_indices = false;
  bool operator==(const TopKAttributes&) const = default;
};

// Rows of a number of elements brought to mean 0 (not in RMSNormalization) and variance 1, then
// scaled and shifted. LayerNormalization, RMSNormalization: a row is all dimensions from `axis` on,
// negative counts from the end; scale and bias have those dimensions. InstanceNormalization: a row
// is a channel of a sample. GroupNormalization: one of `groups` equal parts of its channels. There
// scale and bias are [C].
struct NormalizationAttributes {
  int64_t axis = -1;
  int64_t groups = 1;
  float epsilon = 1e-5f;
  bool operator==(const NormalizationAttributes&) const = default;
};

// Inputs: X [N, C, H, W], W [C, M / groups, kh, kw], optional bias [M]. An output is
// stride * (input - 1) + output_padding + dilation * (kernel - 1) + 1 less the padding long; the
// window's auto_pad is kNotSet.
struct ConvTransposeAttributes {
  WindowAttributes window;
  int64_t groups = 1;
  Spatial output_padding{0, 0};
  bool operator==(const ConvTransposeAttributes&) const = default;
};

// A letter per dimension of the operands and of the output, "ab,bc->ac" (graph/einsum.h).
struct EinsumAttributes {
  std::string equation;
  bool operator==(const EinsumAttributes&) const = default;
};

using Attributes =
    std::variant<NoAttributes, ConvAttributes, GemmAttributes, ClipAttributes, PoolAttributes,
                 BatchNormalizationAttributes, AxisAttributes, ReshapeAttributes, UnaryAttributes,
                 AxesAttributes, CastAttributes, ShapeAttributes, ReduceAttributes, ArgAttributes,
                 TopKAttributes, NormalizationAttributes, ConvTransposeAttributes, EinsumAttributes,
                 TransposeAttributes, SliceAttributes, PadAttributes, ExpandAttributes,
                 TileAttributes, BlockAttributes, ResizeAttributes>;

}  // namespace lowbit
