// A Conv (of any number of groups, depthwise too), Gemm or MatMul with constant weights, seen as
// what algorithms on weights work on, a matrix product for each group g of the convolution:
//
//   y[r, c] = sum_k W[g][c, k] x[g][r, k] + b[g * columns + c],    k = tap * channels + channel
//
// A row r is an output pixel of a convolution, or a row of the input; k is in the order in which
// the engine's kernels sum.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace lowbit {

struct LinearLayer {
  size_t node = 0;  // its index in the graph
  int32_t groups = 1;
  int32_t columns = 0;   // output channels of one group
  int32_t taps = 1;      // elements of a convolution's window
  int32_t channels = 0;  // input channels of one group
  // Where weight (output channel g * columns + c, k) lies in the constant, in elements.
  int64_t column_stride = 0;
  int64_t tap_stride = 0;
  int64_t channel_stride = 1;

  int32_t depth() const { return taps * channels; }
  int32_t output_channels() const { return groups * columns; }
  int32_t input_channels() const { return groups * channels; }
  size_t weight_index(int32_t output_channel, int32_t k) const {
    return static_cast<size_t>(output_channel * column_stride + k / channels * tap_stride +
                               k % channels * channel_stride);
  }
  // The channel of the layer's input that weight k of an output channel meets.
  int32_t input_channel(int32_t output_channel, int32_t k) const {
    return output_channel / columns * channels + k % channels;
  }
};

// Nothing for a node of another kind: one whose weights are no constant matrix, a Gemm with factors
// (optimize() folds them), with a transposed A or with a bias for each row.
std::optional<LinearLayer> linear_layer(const Graph& graph, size_t node);

// Whether a Conv or Gemm has its optional third input.
bool has_bias(const Node& node);

// The real weights of one group, [columns][depth]; of integers those that they stand for.
std::vector<float> read_weights(const Graph& graph, const LinearLayer& layer, int32_t group);

// The scales of one group's integers, one per column; of weights in blocks [columns][blocks], block
// after block along k.
std::vector<float> read_scales(const Graph& graph, const LinearLayer& layer, int32_t group);

// The layer's constant with other integers: integers[g] is [columns][depth] of group g. Errors:
// kOutOfMemory.
Result<Tensor> write_integers(const Graph& graph, const LinearLayer& layer,
                              std::span<const std::vector<int8_t>> integers);

// The real bias of every output channel; zeros where the layer has none.
std::vector<double> read_bias(const Graph& graph, const LinearLayer& layer);

}  // namespace lowbit
