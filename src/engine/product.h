// A matrix product whose second operand is a constant: the common form of Conv, Gemm and MatMul,
// float32, uint8 x int8 and float32 x int8 (weight-only), with weights in groups or without.
//
//   C[r, i, j] = output_stage(sum_t sum_d A[r, i, t, d] * W[j, t, d] + bias[j])       see
//   kernels/matmul/matmul.h
//
// r counts repeats: the images of a batch, which share one table of offsets.
#pragma once

#include <memory>

#include "engine/steps.h"
#include "qmath/accumulator_bound.h"

namespace lowbit::engine {

// Where the weights and biases of a product's columns lie in their constants, in elements.
struct ProductWeights {
  ValueId weights = kNoValue;
  int64_t offset = 0;
  int64_t column_stride = 0;
  int64_t tap_stride = 0;
  int64_t depth_stride = 0;
  int32_t columns = 0;
  int32_t taps = 1;
  int32_t depth = 0;
  float factor = 1;  // alpha; float32 only

  ValueId bias = kNoValue;
  float bias_factor = 1;      // beta; float32 only
  int64_t bias_stride = 1;    // 0: one bias for all columns
  int64_t first_channel = 0;  // the output channel of column 0: index of its bias and its scale
};

// A row of A is `row_taps` pieces of `row_depth` elements, row_taps * row_depth = taps * depth. The
// two splits differ when taps that are neighbours in the input are read as one piece.
struct ProductRows {
  int32_t count = 0;
  int32_t row_taps = 1;
  int32_t row_depth = 0;
  int32_t row_stride = 0;
  std::vector<int32_t> tap_offsets{0};  // [row_taps], in elements from the row's start
  std::shared_ptr<Buffer> offsets;      // of the rows: int32_t [count], or null
  int64_t repeats = 1;
  int64_t repeat_stride = 0;
  int64_t offset = 0;
};

struct ProductOutput {
  int32_t row_stride = 0;
  int64_t repeat_stride = 0;
  int64_t offset = 0;
};

struct Product {
  Slot input = kNoSlot;
  Slot output = kNoSlot;
  ProductRows rows;
  ProductWeights weights;
  ProductOutput target;
};

// Emits the product of node `index`, whose first input is A. Errors: kOutOfMemory;
// kUnsupportedFeature and kAccumulatorOverflow for integers that the law of arithmetic does not
// cover.
Status emit_product(Lowering& lowering, size_t index, const Product& product);

// Errors: kUnsupportedFeature for a constant that is not float32, in a node that computes on
// float32.
Status check_f32_constants(const Lowering& lowering, size_t index);

// What an integer product or depthwise convolution needs from the graph.
struct IntegerNode {
  size_t index = 0;
  ActivationParams input;
  ActivationParams output;           // narrowed to the fused activation
  std::vector<float> weight_scales;  // per channel, see channel_scales()

  // (Sx * Sw) / Sy, in the law's order.
  float multiplier(float weight_scale) const;
};
Result<IntegerNode> integer_node(const Lowering& lowering, size_t index);

// kAccumulatorOverflow when an integer kernel may not add that many products.
Status check_reduction_length(const Lowering& lowering, size_t index, int64_t length);

// Of one output channel, over all that the input's container holds. Activations of fewer bits are
// no exception: an input of the graph is not checked to keep to them.
AccumulatorBound accumulator_bound(int32_t bias, const ActivationParams& input);

// Whether what the bound holds, times the multiplier, keeps within kernels::kMaxScaledSum.
bool is_bounded(const AccumulatorBound& bound, float multiplier);

// kAccumulatorOverflow, naming the node and its channel.
Failure accumulator_overflow(const Node& node, int64_t channel);

}  // namespace lowbit::engine
