// Relu, Clip, the functions of qmath/unary.inc: each element on its own.
#include "engine/steps.h"
#include "kernels/unary/unary.h"

namespace lowbit::engine {

namespace {

// Where the node's only input lies and its output goes, in the layout that the input has.
struct Places {
  Slot input;
  Slot output;
};

Places places_of(Lowering& lowering, size_t index) {
  const Layout layout = lowering.input_layout(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  return {input, lowering.make_output_slot_in_place(index, layout)};
}

void emit_table(Lowering& lowering, size_t index, const ByteTable& table) {
  const int64_t count = *lowering.output_value(index).shape.element_count();
  const auto [input, output] = places_of(lowering, index);
  lowering.emit(make_table_lookup(lowering.table(), {.input = input,
                                                     .output = output,
                                                     .table = table,
                                                     .columns = static_cast<int32_t>(count),
                                                     .output_stride = count}),
                {input, output});
}

// `arguments` have the count.
template <class Arguments>
void emit_f32(Lowering& lowering, size_t index, void (*kernel)(const Arguments&),
              const Arguments& arguments) {
  const auto [input, output] = places_of(lowering, index);
  lowering.emit(make_unary_step<float, float>(kernel, arguments, input, output), {input, output});
}

Status lower_clamp(Lowering& lowering, size_t index, const ClipAttributes& bounds) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Value& from = lowering.input_value(index, 0);
  const Value& to = lowering.output_value(index);
  if (precision == Precision::kU8) {
    emit_table(lowering, index,
               rescale_table(activation_params(from), narrowed(activation_params(to), bounds)));
  } else {
    emit_f32(lowering, index, lowering.table().clamp_f32,
             kernels::ClampF32{
                 .count = *to.shape.element_count(), .min = bounds.min, .max = bounds.max});
  }
  return success();
}

// The table of qmath/unary.h, f by the kernel that computes it on reals.
ByteTable unary_table(const ActivationParams& from, const ActivationParams& to,
                      kernels::UnaryF32 f) {
  std::array<float, 256> reals;
  ByteTable table;
  for (size_t q = 0; q < reals.size(); ++q) {
    reals[q] = dequantize(static_cast<int32_t>(q), from.scale, from.zero_point);
  }
  f.input = f.output = reals.data();
  f.count = reals.size();
  kernels::unary_f32(f);
  for (size_t q = 0; q < table.size(); ++q) {
    table[q] = static_cast<uint8_t>(quantize(reals[q], to.scale, to.zero_point, to.qmin, to.qmax));
  }
  return table;
}

Status lower_unary(Lowering& lowering, size_t index, UnaryFunction function) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Value& to = lowering.output_value(index);
  const auto& attributes = std::get<UnaryAttributes>(lowering.node(index).attributes);
  if (function == UnaryFunction::kGelu && attributes.approximate) {
    function = UnaryFunction::kGeluTanh;
  }
  const kernels::UnaryF32 call{.count = *to.shape.element_count(),
                               .function = function,
                               .parameters = attributes.parameters};
  if (precision == Precision::kU8) {
    const ActivationParams from = activation_params(lowering.input_value(index, 0));
    emit_table(lowering, index, unary_table(from, activation_params(to), call));
  } else {
    emit_f32(lowering, index, &kernels::unary_f32, call);
  }
  return success();
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

#define LOWBIT_UNARY(name, opset, first, alpha, second, beta)    \
  template <>                                                    \
  Status lower<Op::k##name>(Lowering & lowering, size_t index) { \
    return lower_unary(lowering, index, UnaryFunction::k##name); \
  }
#include "qmath/unary.inc"
#undef LOWBIT_UNARY

}  // namespace lowbit::engine
