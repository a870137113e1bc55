// The weights of Conv, Gemm and MatMul: their axes, and which of them may be quantized in blocks.
#pragma once

#include "graph/graph.h"

namespace lowbit {

// Conv, Gemm and MatMul.
constexpr bool is_product(Op op) { return op == Op::kConv || op == Op::kGemm || op == Op::kMatMul; }

// Conv [O, I, kh, kw]: 0 and 1. Gemm and MatMul: the axes of N and K.
int output_channel_axis(const Node& node, const Shape& weight);
int reduction_axis(const Node& node, const Shape& weight);

// Whether an integer or weight-only node may have weights in blocks of that size along its
// reduction axis: Gemm and MatMul always (the last block may be short); Conv when its input
// channels per group are a multiple of the size, so that a block is contiguous elements of one tap,
// and not a depthwise one. At most kMaxBlockSize (qmath/requantize_groups.h).
bool takes_blocks(const Node& node, const Shape& weight, int64_t block_size);

}  // namespace lowbit
