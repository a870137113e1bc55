// MaxPool, AveragePool, GlobalAveragePool.
#include "base/text.h"
#include "engine/steps.h"
#include "engine/window.h"

namespace lowbit::engine {

namespace {

// The integer maximum keeps its input's parameters; an output with others goes through a table.
void lower_max_u8(Lowering& lowering, size_t index, const kernels::Window& window) {
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  lowering.emit(
      make_unary_step<uint8_t, uint8_t>(lowering.table().max_pool_u8,
                                        kernels::MaxPoolU8{.window = window}, input, output),
      {input, output});
  const ActivationParams from = activation_params(lowering.input_value(index, 0));
  const ActivationParams to = activation_params(lowering.output_value(index));
  if (from == to) return;
  const auto count = static_cast<int32_t>(value_bytes(lowering.output_value(index)));
  lowering.emit(make_table_lookup(lowering.table(), {.input = output,
                                                     .output = output,
                                                     .table = rescale_table(from, to),
                                                     .columns = count,
                                                     .output_stride = count}),
                {output});
}

AveragePoolParams average_params(const Lowering& lowering, size_t index) {
  const ActivationParams from = activation_params(lowering.input_value(index, 0));
  const ActivationParams to = activation_params(lowering.output_value(index));
  return {.input_scale = from.scale,
          .output_scale = to.scale,
          .input_zero_point = from.zero_point,
          .output_zero_point = to.zero_point,
          .qmin = to.qmin,
          .qmax = to.qmax};
}

void lower_average_f32(Lowering& lowering, size_t index, const NodeWindow& node,
                       bool count_include_pad) {
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  const kernels::AveragePoolF32 call{.window = node.window,
                                     .count_include_pad = count_include_pad,
                                     .pad_bottom = node.pad_bottom,
                                     .pad_right = node.pad_right};
  lowering.emit(
      make_unary_step<float, float>(lowering.table().average_pool_f32, call, input, output),
      {input, output});
}

}  // namespace

template <>
Status lower<Op::kMaxPool>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<PoolAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  LOWBIT_ASSIGN(const NodeWindow node,
                node_window(lowering, index, attributes.window, attributes.ceil_mode));
  if (precision == Precision::kU8) {
    lower_max_u8(lowering, index, node.window);
    return success();
  }
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  lowering.emit(
      make_unary_step<float, float>(lowering.table().max_pool_f32,
                                    kernels::MaxPoolF32{.window = node.window}, input, output),
      {input, output});
  return success();
}

template <>
Status lower<Op::kAveragePool>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<PoolAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  LOWBIT_ASSIGN(const NodeWindow node,
                node_window(lowering, index, attributes.window, attributes.ceil_mode));
  if (precision == Precision::kF32) {
    lower_average_f32(lowering, index, node, attributes.count_include_pad);
    return success();
  }
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  const kernels::AveragePoolU8 call{.window = node.window,
                                    .count_include_pad = attributes.count_include_pad,
                                    .pad_bottom = node.pad_bottom,
                                    .pad_right = node.pad_right,
                                    .params = average_params(lowering, index)};
  lowering.emit(
      make_unary_step<uint8_t, uint8_t>(lowering.table().average_pool_u8, call, input, output),
      {input, output});
  return success();
}

template <>
Status lower<Op::kGlobalAveragePool>(Lowering& lowering, size_t index) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  LOWBIT_ASSIGN(const NodeWindow node, global_window(lowering, index));
  if (precision == Precision::kF32) {
    lower_average_f32(lowering, index, node, false);
    return success();
  }
  const kernels::Window& window = node.window;
  const int64_t pixels = int64_t{window.input_h} * window.input_w;
  if (pixels > kMaxGlobalAverageCount) {
    return lowering.refuse(
        index, ErrorCode::kAccumulatorOverflow,
        format_text("an image has {} pixels; an integer average takes at most {}", pixels,
                    kMaxGlobalAverageCount));
  }
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  const kernels::GlobalAveragePoolU8 call{.batch = window.batch,
                                          .pixels = static_cast<int32_t>(pixels),
                                          .channels = window.channels,
                                          .params = average_params(lowering, index)};
  lowering.emit(make_unary_step<uint8_t, uint8_t>(lowering.table().global_average_pool_u8, call,
                                                  input, output),
                {input, output});
  return success();
}

}  // namespace lowbit::engine
