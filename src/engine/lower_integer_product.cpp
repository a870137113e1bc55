#include "engine/lower_integer_product.h"

#include <algorithm>

#include "base/text.h"
#include "engine/matrix_stacks.h"
#include "engine/steps.h"
#include "engine/window.h"
#include "graph/product_weights.h"
#include "kernels/integer_product/integer_product.h"
#include "qmath/requantize.h"

namespace lowbit::engine {

namespace {

// Where a matrix of a stack begins, in elements, and its first output channel.
struct MatrixAt {
  int64_t a = 0;
  int64_t b = 0;
  int64_t channel = 0;
};

// One operand: bytes, and zero points of the same type, from a place or known.
struct OperandBytes {
  Slot slot = kNoSlot;
  Slot zero_slot = kNoSlot;
  std::vector<uint8_t> zero_points{0};
  uint8_t flip = 0;
};

struct IntegerProduct {
  OperandBytes a;
  OperandBytes b;
  // Everything but pointers, of one matrix.
  kernels::WidenMatrix widen_a;
  kernels::WidenMatrix widen_b;
  kernels::WidenWindows windows;  // in place of widen_b
  bool has_windows = false;
  kernels::MultiplyInt16 multiply;
  std::vector<MatrixAt> matrices;
  // Of a node that makes quantized activations.
  std::optional<kernels::RequantizeSums> requantize;
  std::vector<float> multipliers;
  Slot bias = kNoSlot;
  Slot output = kNoSlot;
  Slot wide_a = kNoSlot;
  Slot wide_b = kNoSlot;
  Slot sums = kNoSlot;  // the output, where nothing is requantized
};

class IntegerProductStep final : public Step {
 public:
  explicit IntegerProductStep(IntegerProduct product) : product_(std::move(product)) {}

  void bind(const Memory& memory) override {
    IntegerProduct& p = product_;
    p.widen_a.source = memory.at<uint8_t>(p.a.slot);
    p.widen_a.zero_points = zero_points(p.a, memory);
    p.widen_a.target = memory.at<int16_t>(p.wide_a);
    p.widen_b.source = p.windows.source = memory.at<uint8_t>(p.b.slot);
    p.widen_b.zero_points = p.windows.zero_point = zero_points(p.b, memory);
    p.widen_b.target = p.windows.target = memory.at<int16_t>(p.wide_b);
    p.multiply.a = p.widen_a.target;
    p.multiply.b = p.widen_b.target;
    p.multiply.c = memory.at<int32_t>(p.sums);
    if (!p.requantize) return;
    p.requantize->sums = p.multiply.c;
    p.requantize->bias = p.bias == kNoSlot ? nullptr : memory.at<int32_t>(p.bias);
    p.requantize->multipliers = p.multipliers.data();
    p.requantize->output = memory.at<uint8_t>(p.output);
  }

  void run() const override {
    const IntegerProduct& p = product_;
    kernels::MultiplyInt16 multiply = p.multiply;
    const int64_t count = multiply.rows * multiply.columns;
    for (size_t i = 0; i < p.matrices.size(); ++i) {
      const MatrixAt& at = p.matrices[i];
      kernels::WidenMatrix a = p.widen_a;
      a.source += at.a;
      a.zero_points += at.channel * a.zero_row_step;
      kernels::widen_matrix(a);
      if (p.has_windows) {
        kernels::WidenWindows b = p.windows;
        b.source += at.b;
        kernels::widen_windows(b);
      } else {
        kernels::WidenMatrix b = p.widen_b;
        b.source += at.b;
        kernels::widen_matrix(b);
      }
      kernels::multiply_int16(multiply);
      if (!p.requantize) {
        multiply.c += count;
        continue;
      }
      kernels::RequantizeSums requantize = *p.requantize;
      const int64_t first = at.channel * requantize.row_step;
      if (requantize.bias) requantize.bias += first;
      requantize.multipliers += first;
      requantize.output += static_cast<int64_t>(i) * count;
      kernels::requantize_sums(requantize);
    }
  }

 private:
  static const uint8_t* zero_points(const OperandBytes& operand, const Memory& memory) {
    return operand.zero_slot == kNoSlot ? operand.zero_points.data()
                                        : memory.at<uint8_t>(operand.zero_slot);
  }

  IntegerProduct product_;
};

int64_t zero_point_count(const Lowering& lowering, size_t index, size_t input) {
  const Node& node = lowering.node(index);
  if (lowering.input_value(index, input).quant) {
    return static_cast<int64_t>(lowering.input_value(index, input).quant->zero_point.size());
  }
  const size_t zero = input + 2;
  if (node.inputs.size() <= zero || node.inputs[zero] == kNoValue) return 1;
  return *lowering.input_value(index, zero).shape.element_count();
}

OperandBytes operand_bytes(Lowering& lowering, size_t index, size_t input) {
  const Node& node = lowering.node(index);
  const Value& value = lowering.input_value(index, input);
  OperandBytes operand{.slot = lowering.input_slot(index, input, Layout::kRowMajor),
                       .zero_slot = kNoSlot,
                       .flip = static_cast<uint8_t>(value.dtype == DType::kI8 ? 0x80 : 0)};
  if (value.quant) {
    const std::vector<int32_t>& zero_points = value.quant->zero_point;
    operand.zero_points.clear();
    for (const int32_t zero : zero_points) {
      operand.zero_points.push_back(static_cast<uint8_t>(zero));
    }
  } else if (node.inputs.size() > input + 2 && node.inputs[input + 2] != kNoValue) {
    operand.zero_slot = lowering.input_slot(index, input + 2, Layout::kRowMajor);
  }
  return operand;
}

// Zero points, weights' scales and biases are told apart by output channel, which is a row of the
// product where `by_row`, else a column.
Status emit_integer_product(Lowering& lowering, size_t index, IntegerProduct product, bool by_row) {
  const Node& node = lowering.node(index);
  const Value& output = lowering.output_value(index);
  const auto [a, b, c, rows, depth, columns] = product.multiply;
  if (depth > kernels::kMaxIntegerProductDepth) {
    return lowering.refuse(index, ErrorCode::kAccumulatorOverflow,
                           format_text("it adds {} products; at most {} provably fit 32 bits",
                                       depth, kernels::kMaxIntegerProductDepth));
  }
  const int64_t sum_bytes = rows * columns * int64_t{sizeof(int32_t)};
  product.wide_a = lowering.make_scratch(rows * depth * int64_t{sizeof(int16_t)});
  product.wide_b = lowering.make_scratch(depth * columns * int64_t{sizeof(int16_t)});
  product.output = lowering.make_output_slot(index, Layout::kRowMajor);
  product.sums = product.output;
  Slot bias = product.output;
  if (output.quant) {
    const ActivationParams to = narrowed(activation_params(output), node.activation);
    product.sums = lowering.make_scratch(sum_bytes);
    product.requantize = kernels::RequantizeSums{.rows = rows,
                                                 .columns = columns,
                                                 .row_step = by_row ? 1 : 0,
                                                 .column_step = by_row ? 0 : 1,
                                                 .zero_point = to.zero_point,
                                                 .qmin = to.qmin,
                                                 .qmax = to.qmax};
    const Value& weights = lowering.input_value(index, 1);
    const float input_scale = lowering.input_value(index, 0).quant->scale[0];
    const int axis = output_channel_axis(node, weights.shape);
    for (const float scale : channel_scales(*weights.quant, weights.shape, axis)) {
      product.multipliers.push_back(requantize_multiplier(input_scale, scale, to.scale));
    }
    if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
      product.bias = bias = lowering.input_slot(index, 2, Layout::kRowMajor);
    }
  }
  const std::initializer_list<Slot> touched{
      product.a.slot,
      product.b.slot,
      product.a.zero_slot == kNoSlot ? product.a.slot : product.a.zero_slot,
      product.b.zero_slot == kNoSlot ? product.b.slot : product.b.zero_slot,
      product.wide_a,
      product.wide_b,
      product.sums,
      product.output,
      bias};
  lowering.emit(std::make_unique<IntegerProductStep>(std::move(product)), touched);
  return success();
}

}  // namespace

bool needs_integer_product(const Lowering& lowering, size_t index) {
  if (!lowering.output_value(index).quant) return false;
  const Value& weights = lowering.input_value(index, 1);
  if (!weights.constant) return true;
  if (!weights.quant || weights.dtype != DType::kI8) return false;
  if (std::ranges::any_of(weights.quant->zero_point, [](int32_t zero) { return zero != 0; })) {
    return true;
  }
  return lowering.node(index).op == Op::kMatMul &&
         product(weights.shape, 0, weights.shape.rank() - 2) > 1;
}

// Rows are output channels, columns are pixels: A is the weights, B the windows.
Status lower_integer_conv(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<ConvAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const NodeWindow resolved, node_window(lowering, index, attributes.window, false));
  const kernels::Window& window = resolved.window;
  const int64_t channels = lowering.input_value(index, 1).shape[0];
  const int64_t groups = attributes.groups;
  const int64_t group_channels = window.channels / groups;
  IntegerProduct product;
  product.a = operand_bytes(lowering, index, 1);
  product.b = operand_bytes(lowering, index, 0);
  product.has_windows = true;
  product.multiply.rows = channels / groups;
  product.multiply.depth = group_channels * window.kernel_h * window.kernel_w;
  product.multiply.columns = int64_t{window.output_h} * window.output_w;
  product.widen_a = {.rows = product.multiply.rows,
                     .columns = product.multiply.depth,
                     .row_stride = product.multiply.depth,
                     .column_stride = 1,
                     .zero_row_step = zero_point_count(lowering, index, 1) > 1 ? 1 : 0,
                     .flip = product.a.flip};
  product.windows = {.window = window, .flip = product.b.flip};
  product.windows.window.channels = static_cast<int32_t>(group_channels);
  const int64_t plane = int64_t{window.input_h} * window.input_w;
  for (int64_t image = 0; image < window.batch; ++image) {
    for (int64_t group = 0; group < groups; ++group) {
      product.matrices.push_back({.a = group * product.multiply.rows * product.multiply.depth,
                                  .b = (image * window.channels + group * group_channels) * plane,
                                  .channel = group * product.multiply.rows});
    }
  }
  return emit_integer_product(lowering, index, std::move(product), true);
}

Status lower_integer_matmul(Lowering& lowering, size_t index) {
  const Shape& a = lowering.input_value(index, 0).shape;
  const Shape& b = lowering.input_value(index, 1).shape;
  const auto* const gemm = std::get_if<GemmAttributes>(&lowering.node(index).attributes);
  const bool transposes_a = gemm && gemm->transpose_a;
  const bool transposes_b = gemm && gemm->transpose_b;
  IntegerProduct product;
  product.a = operand_bytes(lowering, index, 0);
  product.b = operand_bytes(lowering, index, 1);
  MatrixStacks stacks = matrix_stacks(a, b);
  if (transposes_a) std::swap(stacks.rows, stacks.depth);
  if (transposes_b) stacks.columns = b[0];
  product.multiply.rows = stacks.rows;
  product.multiply.depth = stacks.depth;
  product.multiply.columns = stacks.columns;
  product.widen_a = {.rows = stacks.rows,
                     .columns = stacks.depth,
                     .row_stride = transposes_a ? 1 : stacks.depth,
                     .column_stride = transposes_a ? stacks.rows : 1,
                     .zero_row_step = zero_point_count(lowering, index, 0) > 1 ? 1 : 0,
                     .flip = product.a.flip};
  product.widen_b = {.rows = stacks.depth,
                     .columns = stacks.columns,
                     .row_stride = transposes_b ? 1 : stacks.columns,
                     .column_stride = transposes_b ? stacks.depth : 1,
                     .zero_column_step = zero_point_count(lowering, index, 1) > 1 ? 1 : 0,
                     .flip = product.b.flip};
  const std::vector<int64_t> of_a = operand_matrices(stacks.batch_a, stacks.batch);
  const std::vector<int64_t> of_b = operand_matrices(stacks.batch_b, stacks.batch);
  for (size_t i = 0; i < of_a.size(); ++i) {
    product.matrices.push_back(
        {.a = of_a[i] * stacks.rows * stacks.depth, .b = of_b[i] * stacks.depth * stacks.columns});
  }
  return emit_integer_product(lowering, index, std::move(product), false);
}

template <>
Status lower<Op::kConvInteger>(Lowering& lowering, size_t index) {
  return lower_integer_conv(lowering, index);
}

template <>
Status lower<Op::kMatMulInteger>(Lowering& lowering, size_t index) {
  return lower_integer_matmul(lowering, index);
}

}  // namespace lowbit::engine
