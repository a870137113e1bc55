// Softmax and BatchNormalization: kernels that want their axis innermost, and may run in place.
// When it is not, the value is transposed there and back.
#include <cmath>

#include "base/text.h"
#include "engine/steps.h"
#include "qmath/softmax.h"

namespace lowbit::engine {

namespace {

// A value in memory order, split at an axis: [outer][axis][inner].
struct AxisSplit {
  int64_t outer = 1;
  int64_t axis = 1;
  int64_t inner = 1;
};

AxisSplit split_at(const Shape& shape, int64_t axis) {
  const Shape dims = memory_shape(shape);
  const int at = memory_axis(shape, axis);
  return {
      .outer = product(dims, 0, at), .axis = dims[at], .inner = product(dims, at + 1, dims.rank())};
}

// The places that a kernel with the axis innermost reads and writes.
struct InnermostPlaces {
  Slot input = kNoSlot;
  Slot output = kNoSlot;
};

InnermostPlaces bring_innermost(Lowering& lowering, size_t index, const AxisSplit& split) {
  const Slot input = lowering.input_slot(index, 0);
  if (split.inner == 1) return {input, lowering.make_output_slot_in_place(index)};
  const Value& value = lowering.input_value(index, 0);
  const Slot transposed = lowering.make_scratch(value_bytes(value));
  lowering.emit(make_transpose({.input = input,
                                .output = transposed,
                                .batch = split.outer,
                                .rows = split.axis,
                                .columns = split.inner,
                                .element_bytes = dtype_bytes(value.dtype)}),
                {input, transposed});
  return {transposed, transposed};
}

void bring_back(Lowering& lowering, size_t index, const AxisSplit& split, Slot computed) {
  if (split.inner == 1) return;
  const Slot output = lowering.make_output_slot(index);
  lowering.emit(make_transpose({.input = computed,
                                .output = output,
                                .batch = split.outer,
                                .rows = split.inner,
                                .columns = split.axis,
                                .element_bytes = dtype_bytes(lowering.output_value(index).dtype)}),
                {computed, output});
}

class SoftmaxU8Step final : public Step {
 public:
  SoftmaxU8Step(void (*kernel)(const kernels::SoftmaxU8&), const kernels::SoftmaxU8& call,
                float input_scale, const InnermostPlaces& places)
      : kernel_(kernel), call_(call), table_(softmax_table(input_scale)), places_(places) {}

  void bind(const Memory& memory) override {
    call_.input = memory.at<uint8_t>(places_.input);
    call_.output = memory.at<uint8_t>(places_.output);
    call_.params.table = table_.data();
  }
  void run() const override { kernel_(call_); }

 private:
  void (*kernel_)(const kernels::SoftmaxU8&);
  kernels::SoftmaxU8 call_;
  std::array<float, 256> table_;
  InnermostPlaces places_;
};

// y = x * scale + shift, with scale = gamma / sqrt(variance + epsilon) and shift = beta - mean *
// scale.
class BatchNormalizationStep final : public Step {
 public:
  BatchNormalizationStep(void (*kernel)(const kernels::ScaleShiftF32&), size_t index,
                         const AxisSplit& split, const InnermostPlaces& places,
                         std::shared_ptr<Buffer> packed)
      : kernel_(kernel), index_(index), places_(places), packed_(std::move(packed)) {
    call_.rows = split.outer * split.inner;
    call_.channels = static_cast<int32_t>(split.axis);
    call_.scale = scale();
    call_.shift = scale() + split.axis;
  }

  void bind(const Memory& memory) override {
    call_.input = memory.at<float>(places_.input);
    call_.output = memory.at<float>(places_.output);
  }

  Status pack(PackContext& context) override {
    const Graph& graph = context.graph();
    const Node& node = graph.nodes[index_];
    const auto parameter = [&](size_t input) {
      return graph.value(node.inputs[input]).constant->data<float>();
    };
    const auto gamma = parameter(1);
    const auto beta = parameter(2);
    const auto mean = parameter(3);
    const auto variance = parameter(4);
    const double epsilon = double{std::get<BatchNormalizationAttributes>(node.attributes).epsilon};
    float* shift = scale() + call_.channels;
    for (size_t c = 0; c < static_cast<size_t>(call_.channels); ++c) {
      const double spread = double{variance[c]} + epsilon;
      if (!(spread > 0.0)) {
        return make_error(ErrorCode::kInvalidModel,
                          format_text("node '{}': variance + epsilon of channel {} is not positive",
                                      node.name, c),
                          node.name);
      }
      const double factor = double{gamma[c]} / std::sqrt(spread);
      scale()[c] = static_cast<float>(factor);
      shift[c] = static_cast<float>(double{beta[c]} - double{mean[c]} * factor);
    }
    return success();
  }

  void run() const override { kernel_(call_); }

 private:
  float* scale() const { return reinterpret_cast<float*>(packed_->data()); }

  void (*kernel_)(const kernels::ScaleShiftF32&);
  size_t index_;
  InnermostPlaces places_;
  std::shared_ptr<Buffer> packed_;
  kernels::ScaleShiftF32 call_;
};

}  // namespace

template <>
Status lower<Op::kSoftmax>(Lowering& lowering, size_t index) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const Shape& shape = lowering.input_value(index, 0).shape;
  const AxisSplit split =
      split_at(shape, std::get<AxisAttributes>(lowering.node(index).attributes).axis);
  LOWBIT_ASSIGN(const int32_t columns,
                lowering.to_int32(index, split.axis, "the length of the axis"));
  const int64_t rows = split.outer * split.inner;
  const InnermostPlaces places = bring_innermost(lowering, index, split);
  if (precision == Precision::kF32) {
    lowering.emit(
        make_unary_step<float, float>(lowering.table().softmax_f32,
                                      kernels::SoftmaxF32{.rows = rows, .columns = columns},
                                      places.input, places.output),
        {places.input, places.output});
  } else {
    const ActivationParams to = activation_params(lowering.output_value(index));
    const kernels::SoftmaxU8 call{.rows = rows,
                                  .columns = columns,
                                  .params = {.output_scale = to.scale,
                                             .output_zero_point = to.zero_point,
                                             .qmin = to.qmin,
                                             .qmax = to.qmax}};
    lowering.emit(std::make_unique<SoftmaxU8Step>(
                      lowering.table().softmax_u8, call,
                      activation_params(lowering.input_value(index, 0)).scale, places),
                  {places.input, places.output});
  }
  bring_back(lowering, index, split, places.output);
  return success();
}

template <>
Status lower<Op::kBatchNormalization>(Lowering& lowering, size_t index) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  bool is_real = precision == Precision::kF32;
  for (size_t input = 1; input < 5; ++input) {
    is_real = is_real && lowering.input_value(index, input).dtype == DType::kF32;
  }
  if (!is_real) {
    return lowering.refuse(index, ErrorCode::kUnsupportedFeature,
                           "it has no integer form; fold it into the convolution before it");
  }
  const AxisSplit split = split_at(lowering.input_value(index, 0).shape, 1);
  LOWBIT_ASSIGN(auto packed, lowering.allocate_constant(
                                 index, 2 * static_cast<size_t>(split.axis) * sizeof(float)));
  const InnermostPlaces places = bring_innermost(lowering, index, split);
  lowering.emit(std::make_unique<BatchNormalizationStep>(lowering.table().scale_shift_f32, index,
                                                         split, places, std::move(packed)),
                {places.input, places.output});
  bring_back(lowering, index, split, places.output);
  return success();
}

}  // namespace lowbit::engine
