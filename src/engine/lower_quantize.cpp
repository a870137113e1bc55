// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: between reals and integers.
#include "engine/steps.h"
#include "kernels/linear/linear.h"

namespace lowbit::engine {

namespace {

// How the scales of the node's first input lie, row-major.
kernels::LinearIndex linear_index(const Lowering& lowering, size_t index) {
  const auto& attributes = std::get<QuantizeAttributes>(lowering.node(index).attributes);
  const Shape& x = lowering.input_value(index, 0).shape;
  const Shape& scale = lowering.input_value(index, 1).shape;
  if (attributes.block_size == 0 && *scale.element_count() == 1) {
    return {.inner = *x.element_count()};
  }
  const auto axis =
      static_cast<int>(attributes.axis < 0 ? attributes.axis + x.rank() : attributes.axis);
  return {.outer = product(x, 0, axis),
          .length = x[axis],
          .inner = product(x, axis + 1, x.rank()),
          .block = attributes.block_size};
}

// Call: kernels::QuantizeLinear or kernels::DequantizeLinear; In, Out: its arrays' elements.
template <class In, class Out, class Call>
void emit_linear(Lowering& lowering, size_t index, void (*kernel)(const Call&), DType type) {
  const Slot input = lowering.input_slot(index, 0, Layout::kRowMajor);
  const Slot scale = lowering.input_slot(index, 1, Layout::kRowMajor);
  const Slot zero_point = lowering.input_slot(index, 2, Layout::kRowMajor);
  const Slot output = lowering.make_output_slot(index, Layout::kRowMajor);
  lowering.emit(make_step(kernel, Call{.index = linear_index(lowering, index), .type = type},
                          [=](Call& call, const Memory& memory) {
                            call.input = memory.at<In>(input);
                            call.scale = memory.at<float>(scale);
                            call.zero_point = memory.at<std::byte>(zero_point);
                            call.output = memory.at<Out>(output);
                          }),
                {input, scale, zero_point, output});
}

// `dequantizer` makes the reals that the node quantizes.
Status lower_byte_function(Lowering& lowering, size_t index, size_t dequantizer) {
  const ByteTable table = lowering.byte_functions()->table(index);
  bool is_identity = true;
  for (size_t byte = 0; byte < table.size(); ++byte) is_identity &= table[byte] == byte;
  if (is_identity) {
    lowering.share_slot_for_output(index, dequantizer);
    return success();
  }
  const Layout layout = lowering.input_layout(dequantizer, 0);
  TableLookup lookup{.input = lowering.input_slot(dequantizer, 0, layout),
                     .output = lowering.make_output_slot(index, layout),
                     .table = table};
  LOWBIT_ASSIGN(lookup.columns,
                lowering.to_int32(index, *lowering.output_value(index).shape.element_count(),
                                  "the number of elements"));
  lowering.emit(make_table_lookup(lowering.table(), lookup), {lookup.input, lookup.output});
  return success();
}

}  // namespace

template <>
Status lower<Op::kQuantizeLinear>(Lowering& lowering, size_t index) {
  if (const ByteFunctions* const functions = lowering.byte_functions()) {
    const size_t dequantizer = functions->dequantizer(index);
    if (dequantizer != ByteFunctions::kNone) {
      return lower_byte_function(lowering, index, dequantizer);
    }
  }
  const Value& to = lowering.output_value(index);
  if (!to.quant) {
    emit_linear<float, std::byte>(lowering, index, &kernels::quantize_linear, to.dtype);
    return success();
  }
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
  if (lowering.byte_functions() && lowering.byte_functions()->is_skipped(index)) return success();
  const Value& from = lowering.input_value(index, 0);
  if (!from.quant) {
    emit_linear<std::byte, float>(lowering, index, &kernels::dequantize_linear, from.dtype);
    return success();
  }
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

template <>
Status lower<Op::kDynamicQuantizeLinear>(Lowering& lowering, size_t index) {
  using enum DynamicQuantizeAttributes::Output;
  const auto& attributes = std::get<DynamicQuantizeAttributes>(lowering.node(index).attributes);
  const Layout layout = lowering.input_layout(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Slot output = attributes.output == kIntegers ? lowering.make_output_slot(index, layout)
                                                     : lowering.make_output_slot(index);
  const kernels::DynamicQuantize call{.count =
                                          *lowering.input_value(index, 0).shape.element_count()};
  lowering.emit(make_step(&kernels::dynamic_quantize, call,
                          [=, which = attributes.output](kernels::DynamicQuantize& arguments,
                                                         const Memory& memory) {
                            arguments.input = memory.at<float>(input);
                            if (which == kIntegers) arguments.integers = memory.at<uint8_t>(output);
                            if (which == kScale) arguments.scale = memory.at<float>(output);
                            if (which == kZeroPoint) {
                              arguments.zero_point = memory.at<uint8_t>(output);
                            }
                          }),
                {input, output});
  return success();
}

}  // namespace lowbit::engine
