// Flatten, Reshape, Squeeze, Unsqueeze, Identity, Dropout (at inference) and Concat: elements move,
// or only change their quantization parameters.
#include "engine/steps.h"

namespace lowbit::engine {

namespace {

// The input's elements with the output's parameters. `is_own` tells that the place may be
// overwritten.
struct Source {
  Slot slot = kNoSlot;
  bool is_own = false;
};

Source rescaled_input(Lowering& lowering, size_t index, Precision precision, Layout layout) {
  const Value& from = lowering.input_value(index, 0);
  const Slot input = lowering.input_slot(index, 0, layout);
  const Source unchanged{input, lowering.may_overwrite(index, lowering.node(index).inputs[0])};
  if (precision == Precision::kF32) return unchanged;
  const ActivationParams before = activation_params(from);
  const ActivationParams after = activation_params(lowering.output_value(index));
  if (before == after) return unchanged;
  const int64_t count = value_bytes(from);
  const Slot rescaled = lowering.make_scratch(count);
  lowering.emit(make_table_lookup(lowering.table(), {.input = input,
                                                     .output = rescaled,
                                                     .table = rescale_table(before, after),
                                                     .columns = static_cast<int32_t>(count)}),
                {input, rescaled});
  return {rescaled, true};
}

// The elements keep their order in ONNX's axes; what they are called may change.
Status lower_reshape(Lowering& lowering, size_t index) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Shape& from = lowering.input_value(index, 0).shape;
  const Value& to = lowering.output_value(index);
  const Layout layout = from == to.shape ? lowering.input_layout(index, 0) : Layout::kRowMajor;
  const Source source = rescaled_input(lowering, index, precision, layout);
  if (source.is_own) {
    lowering.reuse_slot_for_output(index, source.slot, layout);
    return success();
  }
  const Slot output = lowering.make_output_slot(index, layout);
  lowering.emit(make_copy({.input = source.slot, .output = output, .row_bytes = value_bytes(to)}),
                {source.slot, output});
  return success();
}

}  // namespace

template <>
Status lower<Op::kFlatten>(Lowering& lowering, size_t index) {
  return lower_reshape(lowering, index);
}

template <>
Status lower<Op::kReshape>(Lowering& lowering, size_t index) {
  return lower_reshape(lowering, index);
}

template <>
Status lower<Op::kIdentity>(Lowering& lowering, size_t index) {
  return lower_reshape(lowering, index);
}

template <>
Status lower<Op::kDropout>(Lowering& lowering, size_t index) {
  return lower_reshape(lowering, index);
}

template <>
Status lower<Op::kSqueeze>(Lowering& lowering, size_t index) {
  return lower_reshape(lowering, index);
}

template <>
Status lower<Op::kUnsqueeze>(Lowering& lowering, size_t index) {
  return lower_reshape(lowering, index);
}

template <>
Status lower<Op::kConcat>(Lowering& lowering, size_t index) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Value& to = lowering.output_value(index);
  const int64_t axis = std::get<AxisAttributes>(lowering.node(index).attributes).axis;
  const Shape dims = memory_shape(to.shape);
  const int at = memory_axis(to.shape, axis);
  const int64_t rows = product(dims, 0, at);
  const auto element_bytes = static_cast<int64_t>(dtype_bytes(to.dtype));
  const int64_t output_stride = product(dims, at, dims.rank()) * element_bytes;

  const Slot output = lowering.make_output_slot(index);
  int64_t offset = 0;
  for (size_t i = 0; i < lowering.node(index).inputs.size(); ++i) {
    const Value& from = lowering.input_value(index, i);
    LOWBIT_TRY(check_like_output(lowering, index, i));
    const Slot input = lowering.input_slot(index, i);
    const int64_t row_bytes = value_bytes(from) / rows;
    const bool is_copy =
        precision == Precision::kF32 || activation_params(from) == activation_params(to);
    if (is_copy) {
      lowering.emit(make_copy({.input = input,
                               .output = output,
                               .rows = rows,
                               .row_bytes = row_bytes,
                               .output_stride = output_stride,
                               .output_offset = offset}),
                    {input, output});
    } else {
      lowering.emit(
          make_table_lookup(lowering.table(),
                            {.input = input,
                             .output = output,
                             .table = rescale_table(activation_params(from), activation_params(to)),
                             .rows = rows,
                             .columns = static_cast<int32_t>(row_bytes),
                             .output_stride = output_stride,
                             .output_offset = offset}),
          {input, output});
    }
    offset += row_bytes;
  }
  return success();
}

}  // namespace lowbit::engine
