// Gemm: alpha and beta are folded into the packed weights and biases.
#include "base/text.h"
#include "engine/lower_integer_product.h"
#include "engine/product.h"

namespace lowbit::engine {

namespace {

// C of Gemm as one bias per column. Errors: kUnsupportedFeature when it varies over the rows.
Status set_gemm_bias(const Lowering& lowering, size_t index, int32_t columns,
                     ProductWeights& weights) {
  const Node& node = lowering.node(index);
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return success();
  const Shape& shape = lowering.value(node.inputs[2]).shape;
  const int64_t count = product(shape, 0, shape.rank());
  const int64_t last = shape.rank() == 0 ? 1 : shape[shape.rank() - 1];
  if (count != last || (last != 1 && last != columns)) {
    return lowering.refuse(
        index, ErrorCode::kUnsupportedFeature,
        format_text("C has shape {}; one value per column is supported", shape.to_string()));
  }
  weights.bias = node.inputs[2];
  weights.bias_stride = last == 1 ? 0 : 1;
  return success();
}

}  // namespace

template <>
Status lower<Op::kGemm>(Lowering& lowering, size_t index) {
  if (needs_integer_product(lowering, index)) return lower_integer_matmul(lowering, index);
  const Node& node = lowering.node(index);
  const auto& attributes = std::get<GemmAttributes>(node.attributes);
  const Shape& a = lowering.input_value(index, 0).shape;
  const Shape& output = lowering.output_value(index).shape;
  LOWBIT_ASSIGN(const int32_t row_count, lowering.to_int32(index, output[0], "the number of rows"));
  LOWBIT_ASSIGN(const int32_t columns,
                lowering.to_int32(index, output[1], "the number of columns"));
  LOWBIT_ASSIGN(const int32_t depth, lowering.to_int32(index, a[attributes.transpose_a ? 0 : 1],
                                                       "the length of the sums"));
  Product product;
  product.input = lowering.input_slot(index, 0);
  if (attributes.transpose_a) {
    const Value& value = lowering.input_value(index, 0);
    const Slot transposed = lowering.make_scratch(value_bytes(value));
    lowering.emit(make_transpose({.input = product.input,
                                  .output = transposed,
                                  .rows = depth,
                                  .columns = row_count,
                                  .element_bytes = dtype_bytes(value.dtype)}),
                  {product.input, transposed});
    product.input = transposed;
  }
  product.rows.count = row_count;
  product.rows.row_depth = depth;
  product.rows.row_stride = depth;
  product.target.row_stride = columns;

  ProductWeights& weights = product.weights;
  weights.weights = node.inputs[1];
  weights.column_stride = attributes.transpose_b ? depth : 1;
  weights.depth_stride = attributes.transpose_b ? 1 : columns;
  weights.columns = columns;
  weights.depth = depth;
  weights.factor = attributes.alpha;
  weights.bias_factor = attributes.beta;
  LOWBIT_TRY(set_gemm_bias(lowering, index, columns, weights));
  if (weights.bias == kNoValue) weights.bias_factor = 1;

  product.output = lowering.make_output_slot(index);
  return emit_product(lowering, index, product);
}

}  // namespace lowbit::engine
