// MaxPool, AveragePool, GlobalAveragePool.
#include "engine/steps.h"
#include "engine/window.h"

namespace lowbit::engine {

namespace {

// The integer maximum keeps its input's parameters; an output with others gets a table after it.
void lower_max_u8(Lowering& lowering, size_t index, const kernels::Window& window, Slot input) {
  const ActivationParams from = activation_params(lowering.input_value(index, 0));
  const ActivationParams to = activation_params(lowering.output_value(index));
  const bool is_same = from == to;
  const int64_t count = value_bytes(lowering.output_value(index));
  const Slot maximum =
      is_same ? lowering.make_output_slot(index) : lowering.make_scratch(count);
  lowering.emit(make_unary_step<uint8_t, uint8_t>(lowering.table().max_pool_u8,
                                                  kernels::MaxPoolU8{.window = window}, input,
                                                  maximum),
                {input, maximum});
  if (is_same) return;
  const Slot output = lowering.make_output_slot(index);
  lowering.emit(make_table_lookup(lowering.table(), {.input = maximum,
                                                     .output = output,
                                                     .table = rescale_table(from, to),
                                                     .columns = static_cast<int32_t>(count)}),
                {maximum, output});
}

Status lower_average(Lowering& lowering, size_t index, const NodeWindow& node,
                     bool count_include_pad) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Slot input = lowering.input_slot(index, 0);
  if (precision == Precision::kF32) {
    const Slot output = lowering.make_output_slot(index);
    const kernels::AveragePoolF32 call{.window = node.window,
                                       .count_include_pad = count_include_pad,
                                       .pad_bottom = node.pad_bottom,
                                       .pad_right = node.pad_right};
    lowering.emit(
        make_unary_step<float, float>(lowering.table().average_pool_f32, call, input, output),
        {input, output});
    return success();
  }
  constexpr int64_t kMaxTaps = int64_t{1} << 22;
  const int64_t taps = int64_t{node.window.kernel_h} * node.window.kernel_w;
  if (taps > kMaxTaps) {
    return lowering.refuse(index, ErrorCode::kAccumulatorOverflow,
                           "its window has " + std::to_string(taps) +
                               " elements; an integer average takes at most 2^22");
  }
  const ActivationParams from = activation_params(lowering.input_value(index, 0));
  const ActivationParams to = activation_params(lowering.output_value(index));
  const Slot output = lowering.make_output_slot(index);
  const kernels::AveragePoolU8 call{.window = node.window,
                                    .count_include_pad = count_include_pad,
                                    .pad_bottom = node.pad_bottom,
                                    .pad_right = node.pad_right,
                                    .params = {.input_scale = from.scale,
                                               .output_scale = to.scale,
                                               .input_zero_point = from.zero_point,
                                               .output_zero_point = to.zero_point,
                                               .qmin = to.qmin,
                                               .qmax = to.qmax}};
  lowering.emit(
      make_unary_step<uint8_t, uint8_t>(lowering.table().average_pool_u8, call, input, output),
      {input, output});
  return success();
}

}  // namespace

template <>
Status lower<Op::kMaxPool>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<PoolAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  LOWBIT_ASSIGN(const NodeWindow node,
                node_window(lowering, index, attributes.window, attributes.ceil_mode));
  const Slot input = lowering.input_slot(index, 0);
  if (precision == Precision::kU8) {
    lower_max_u8(lowering, index, node.window, input);
    return success();
  }
  const Slot output = lowering.make_output_slot(index);
  lowering.emit(make_unary_step<float, float>(lowering.table().max_pool_f32,
                                              kernels::MaxPoolF32{.window = node.window}, input,
                                              output),
                {input, output});
  return success();
}

template <>
Status lower<Op::kAveragePool>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<PoolAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const NodeWindow node,
                node_window(lowering, index, attributes.window, attributes.ceil_mode));
  return lower_average(lowering, index, node, attributes.count_include_pad);
}

template <>
Status lower<Op::kGlobalAveragePool>(Lowering& lowering, size_t index) {
  LOWBIT_ASSIGN(const NodeWindow node, global_window(lowering, index));
  return lower_average(lowering, index, node, false);
}

}  // namespace lowbit::engine
