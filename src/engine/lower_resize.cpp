// Resize: the nearest elements are copied by tables; neighbours are weighted along one axis after
// the other. Quantized values are interpolated as reals, and rounded once.
#include <algorithm>

#include "base/text.h"
#include "engine/copy_tables.h"
#include "engine/resize_taps.h"
#include "engine/steps.h"

namespace lowbit::engine {

namespace {

Result<std::vector<ResizeTaps>> taps_of(const Lowering& lowering, size_t index) {
  const auto& attributes = std::get<ResizeAttributes>(lowering.node(index).attributes);
  const Shape& shape = lowering.input_value(index, 0).shape;
  std::vector<ResizeTaps> taps;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const Result<ResizeAxis> resized = resolve_resize(attributes, shape, axis);
    if (!resized) return lowering.refuse(index, resized.error().code, resized.error().message);
    taps.emplace_back(attributes, shape, *resized, axis);
  }
  return taps;
}

Status lower_nearest(Lowering& lowering, size_t index, const std::vector<ResizeTaps>& taps) {
  const auto& attributes = std::get<ResizeAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  for (size_t axis = 0; axis < taps.size(); ++axis) {
    const int64_t stride = tables.stride(static_cast<int>(axis));
    tables.set(static_cast<int>(axis), [&](int64_t i) -> int64_t {
      const int32_t place = taps[axis].nearest(i);
      return place == ResizeTaps::kOutside ? CopyTables::kFill : place * stride;
    });
  }
  tables.set_fill(
      element_bytes_of(double{attributes.extrapolation_value}, lowering.output_value(index)));
  const Value& from = lowering.input_value(index, 0);
  const Value& to = lowering.output_value(index);
  if (from.quant && activation_params(from) != activation_params(to)) {
    const int64_t count = value_bytes(from);
    LOWBIT_ASSIGN(const int32_t columns, lowering.to_int32(index, count, "its input"));
    const Slot input = lowering.input_slot(index, 0, lowering.input_layout(index, 0));
    const Slot rescaled = lowering.make_scratch(count);
    lowering.emit(
        make_table_lookup(lowering.table(),
                          {.input = input,
                           .output = rescaled,
                           .table = rescale_table(activation_params(from), activation_params(to)),
                           .columns = columns}),
        {input, rescaled});
    tables.set_source(rescaled);
  }
  std::move(tables).emit();
  return success();
}

// One axis of floats.
Status emit_pass(Lowering& lowering, size_t index, const ResizeTaps& taps,
                 kernels::InterpolateF32 call, Slot input, Slot output) {
  call.taps = taps.tap_count();
  LOWBIT_ASSIGN(const int32_t bytes,
                lowering.to_int32(index, call.output_length * call.taps * int64_t{sizeof(float)},
                                  "the size of its tables"));
  LOWBIT_ASSIGN(auto places, lowering.allocate_constant(index, static_cast<size_t>(bytes)));
  LOWBIT_ASSIGN(auto weights, lowering.allocate_constant(index, static_cast<size_t>(bytes)));
  auto* const place = reinterpret_cast<int32_t*>(places->data());
  auto* const weight = reinterpret_cast<float*>(weights->data());
  for (int64_t i = 0; i < call.output_length; ++i) {
    taps.interpolate(i, place + i * call.taps, weight + i * call.taps);
  }
  call.places = place;
  call.weights = weight;
  lowering.emit(make_step(&kernels::interpolate_f32, call,
                          [input, output, places, weights](kernels::InterpolateF32& arguments,
                                                           const Memory& memory) {
                            arguments.input = memory.at<float>(input);
                            arguments.output = memory.at<float>(output);
                          }),
                {input, output});
  return success();
}

}  // namespace

template <>
Status lower<Op::kResize>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<ResizeAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(const std::vector<ResizeTaps> taps, taps_of(lowering, index));
  std::vector<int> axes;  // of the graph, those that change
  for (size_t axis = 0; axis < taps.size(); ++axis) {
    if (!taps[axis].is_identity()) axes.push_back(static_cast<int>(axis));
  }
  if (attributes.mode == ResizeMode::kNearest || axes.empty()) {
    return lower_nearest(lowering, index, taps);
  }

  LOWBIT_TRY(check_like_output(lowering, index, 0));
  // Shrinking first, so that nothing between is larger than both the input and the output.
  std::ranges::partition(axes, [&](int axis) {
    return lowering.output_value(index).shape[axis] < lowering.input_value(index, 0).shape[axis];
  });
  const Value& from = lowering.input_value(index, 0);
  const Value& to = lowering.output_value(index);
  const Layout layout = lowering.input_layout(index, 0);
  Shape shape = from.shape;
  Slot at = lowering.input_slot(index, 0, layout);
  const auto float_bytes = [](const Shape& of) {
    return *of.element_count() * static_cast<int64_t>(sizeof(float));
  };
  if (from.quant) {
    const Slot reals = lowering.make_scratch(float_bytes(shape));
    const ActivationParams params = activation_params(from);
    const kernels::DequantizeU8 call{
        .count = *shape.element_count(), .scale = params.scale, .zero_point = params.zero_point};
    lowering.emit(make_unary_step<uint8_t, float>(lowering.table().dequantize_u8, call, at, reals),
                  {at, reals});
    at = reals;
  }
  for (const int axis : axes) {
    const Shape before = shape;
    shape[axis] = to.shape[axis];
    const bool is_last = axis == axes.back();
    const Slot output = is_last && !from.quant ? lowering.make_output_slot(index, layout)
                                               : lowering.make_scratch(float_bytes(shape));
    const int64_t inner = axis_strides(before, layout)[static_cast<size_t>(axis)];
    const int64_t length = before[axis];
    LOWBIT_TRY(emit_pass(lowering, index, taps[static_cast<size_t>(axis)],
                         {.outer = *before.element_count() / (inner * length),
                          .input_length = length,
                          .output_length = shape[axis],
                          .inner = inner,
                          .fill = attributes.extrapolation_value},
                         at, output));
    at = output;
  }
  if (!to.quant) return success();
  const ActivationParams params = activation_params(to);
  const kernels::QuantizeU8 call{.count = *shape.element_count(),
                                 .scale = params.scale,
                                 .zero_point = params.zero_point,
                                 .qmin = params.qmin,
                                 .qmax = params.qmax};
  const Slot output = lowering.make_output_slot(index, layout);
  lowering.emit(make_unary_step<float, uint8_t>(lowering.table().quantize_u8, call, at, output),
                {at, output});
  return success();
}

}  // namespace lowbit::engine
