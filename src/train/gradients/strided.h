// Copies and sums over arrays whose axes lie at given distances in memory: the moves between NHWC
// and ONNX's order, and the sums that undo a broadcast.
#pragma once

#include <array>

#include "engine/engine.h"

namespace lowbit::gradient {

// Elements between neighbours along each of ONNX's axes.
using Strides = std::array<int64_t, kMaxRank>;

// Row-major, or NHWC when the shape is 4-D and channels_last.
Strides strides_of(const Shape& shape, bool channels_last);
inline Strides strides_of(const ValueView& view) {
  return strides_of(view.shape, view.channels_last);
}

// Strides that read `view` as if it had the shape `target`, to which it broadcasts (numpy's rule):
// 0 along repeated axes.
Strides broadcast_strides(const ValueView& view, const Shape& target);

// True when the elements lie in ONNX's order.
bool is_row_major(const ValueView& view);

// output[i] = input[i] for every index i of `shape`.
void copy_strided(const Shape& shape, const float* input, const Strides& input_strides,
                  float* output, const Strides& output_strides);
// output[i] += input[i]; strides of 0 in `output_strides` sum over an axis.
void add_strided(const Shape& shape, const float* input, const Strides& input_strides,
                 float* output, const Strides& output_strides);

// out[j] = sum over rows of x[row][j].
void sum_rows(const float* x, int64_t rows, int64_t columns, int64_t row_stride, float* out);

}  // namespace lowbit::gradient
