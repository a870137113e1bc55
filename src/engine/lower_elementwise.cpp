// Relu, Clip, QuantizeLinear, DequantizeLinear: each element on its own.
#include "base/text.h"
#include "engine/steps.h"

namespace lowbit::engine {

namespace {

Status lower_clamp(Lowering& lowering, size_t index, const ClipAttributes& bounds) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Value& from = lowering.input_value(index, 0);
  const Value& to = lowering.output_value(index);
  const Layout layout = lowering.input_layout(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Slot output = lowering.make_output_slot_in_place(index, layout);
  const int64_t count = *to.shape.element_count();
  if (precision == Precision::kU8) {
    lowering.emit(make_table_lookup(lowering.table(), {.input = input,
                                                       .output = output,
                                                       .table = rescale_table(
                                                           activation_params(from),
                                                           narrowed(activation_params(to), bounds)),
                                                       .columns = static_cast<int32_t>(count),
                                                       .output_stride = count}),
                  {input, output});
    return success();
  }
  lowering.emit(
      make_unary_step<float, float>(
          lowering.table().clamp_f32,
          kernels::ClampF32{.count = count, .min = bounds.min, .max = bounds.max}, input, output),
      {input, output});
  return success();
}

// Errors: kUnsupportedFeature.
Status check_dtypes(const Lowering& lowering, size_t index, DType input, DType output) {
  const Value& from = lowering.input_value(index, 0);
  if (from.dtype == input && from.quant.has_value() == (input == DType::kU8) &&
      lowering.output_value(index).dtype == output) {
    return success();
  }
  return lowering.refuse(
      index, ErrorCode::kUnsupportedFeature,
      format_text("it goes from {} to {}; only {} to {} is supported", dtype_name(from.dtype),
                  dtype_name(lowering.output_value(index).dtype), dtype_name(input),
                  dtype_name(output)));
}

}  // namespace

template <>
Status lower<Op::kRelu>(Lowering& lowering, size_t index) {
  return lower_clamp(lowering, index, {.min = 0.0f});
}

template <>
Status lower<Op::kClip>(Lowering& lowering, size_t index) {
  return lower_clamp(lowering, index, std::get<ClipAttributes>(lowering.node(index).attributes));
}

template <>
Status lower<Op::kQuantizeLinear>(Lowering& lowering, size_t index) {
  LOWBIT_TRY(check_dtypes(lowering, index, DType::kF32, DType::kU8));
  const Value& to = lowering.output_value(index);
  const ActivationParams params = activation_params(to);
  // In the layout that the input has: bytes are moved into another one faster than floats.
  const Layout layout = lowering.input_layout(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Slot output = lowering.make_output_slot(index, layout);
  const kernels::QuantizeU8 call{.count = *to.shape.element_count(),
                                 .scale = params.scale,
                                 .zero_point = params.zero_point,
                                 .qmin = params.qmin,
                                 .qmax = params.qmax};
  lowering.emit(make_unary_step<float, uint8_t>(lowering.table().quantize_u8, call, input, output),
                {input, output});
  return success();
}

template <>
Status lower<Op::kDequantizeLinear>(Lowering& lowering, size_t index) {
  LOWBIT_TRY(check_dtypes(lowering, index, DType::kU8, DType::kF32));
  const Value& from = lowering.input_value(index, 0);
  const ActivationParams params = activation_params(from);
  // What leaves the graph is moved into its layout as bytes, before they become floats.
  const Layout layout =
      lowering.only_leaves(index) ? Layout::kRowMajor : activation_layout(from.shape);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Slot output = lowering.make_output_slot(index, layout);
  const kernels::DequantizeU8 call{
      .count = *from.shape.element_count(), .scale = params.scale, .zero_point = params.zero_point};
  lowering.emit(
      make_unary_step<uint8_t, float>(lowering.table().dequantize_u8, call, input, output),
      {input, output});
  return success();
}

}  // namespace lowbit::engine
