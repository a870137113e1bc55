#include "graph/product_weights.h"

#include "qmath/requantize_groups.h"

namespace lowbit {

int output_channel_axis(const Node& node, const Shape& weight) {
  switch (node.op) {
    case Op::kGemm:
      return std::get<GemmAttributes>(node.attributes).transpose_b ? 0 : 1;
    case Op::kMatMul:
      return weight.rank() - 1;
    default:
      return 0;
  }
}

int reduction_axis(const Node& node, const Shape& weight) {
  switch (node.op) {
    case Op::kGemm:
      return std::get<GemmAttributes>(node.attributes).transpose_b ? 1 : 0;
    case Op::kMatMul:
      return weight.rank() - 2;
    default:
      return 1;
  }
}

bool takes_blocks(const Node& node, const Shape& weight, int64_t block_size) {
  if (block_size < 1 || block_size > kMaxBlockSize) return false;
  if (node.op == Op::kGemm || node.op == Op::kMatMul) return true;
  return node.op == Op::kConv && weight[1] > 1 && weight[1] % block_size == 0;
}

}  // namespace lowbit
