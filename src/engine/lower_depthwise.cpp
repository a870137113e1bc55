#include "engine/depthwise.h"
#include "engine/product.h"
#include "qmath/quantize.h"

namespace lowbit::engine {

namespace {

// The constant is [channels][1][taps], packing wants [taps][channels].
template <class Weight>
const Weight* arranged_weights(PackContext& context, const Node& node, int32_t taps,
                               int32_t channels) {
  const Weight* source =
      context.graph().value(node.inputs[1]).constant->template data<Weight>().data();
  Weight* arranged = context.take<Weight>(int64_t{taps} * channels);
  Weight* target = arranged;
  for (int32_t tap = 0; tap < taps; ++tap) {
    for (int32_t channel = 0; channel < channels; ++channel) {
      *target++ = source[int64_t{channel} * taps + tap];
    }
  }
  return arranged;
}

template <class Bias>
const Bias* bias_of(const PackContext& context, const Node& node) {
  if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return nullptr;
  return context.graph().value(node.inputs[2]).constant->template data<Bias>().data();
}

// Call: kernels::DepthwiseF32 or kernels::DepthwiseU8S8.
template <class Call, class Element>
class DepthwiseStep : public Step {
 public:
  DepthwiseStep(void (*kernel)(const Call&), const Call& call, size_t index, Slot input,
                Slot output, std::shared_ptr<Buffer> packed)
      : call_(call),
        kernel_(kernel),
        index_(index),
        input_(input),
        output_(output),
        packed_(std::move(packed)) {
    call_.packed = packed_->data();
  }

  void bind(const Memory& memory) override {
    call_.input = memory.at<Element>(input_);
    call_.output = memory.at<Element>(output_);
  }

  void run() const override { kernel_(call_); }

 protected:
  const Node& node(const PackContext& context) const { return context.graph().nodes[index_]; }
  Call& call() { return call_; }
  const kernels::Window& window() const { return call_.window; }
  int32_t channels() const { return call_.window.channels; }
  int32_t taps() const { return call_.window.kernel_h * call_.window.kernel_w; }
  void* packed() const { return packed_->data(); }

 private:
  Call call_;
  void (*kernel_)(const Call&);
  size_t index_;
  Slot input_;
  Slot output_;
  std::shared_ptr<Buffer> packed_;
};

class DepthwiseStepF32 final : public DepthwiseStep<kernels::DepthwiseF32, float> {
 public:
  DepthwiseStepF32(const kernels::KernelTable& table, const kernels::DepthwiseF32& call,
                   size_t index, Slot input, Slot output, std::shared_ptr<Buffer> packed)
      : DepthwiseStep(table.depthwise_f32, call, index, input, output, std::move(packed)),
        pack_(table.pack_depthwise_f32) {}

  Status pack(PackContext& context) override {
    pack_({.window = window(),
           .weights = arranged_weights<float>(context, node(context), taps(), channels()),
           .bias = bias_of<float>(context, node(context)),
           .packed = packed()});
    return success();
  }

 private:
  void (*pack_)(const kernels::PackDepthwiseF32&);
};

// Float activations with integer weights.
class DepthwiseStepF32S8 final : public DepthwiseStep<kernels::DepthwiseF32, float> {
 public:
  DepthwiseStepF32S8(const kernels::KernelTable& table, const kernels::DepthwiseF32& call,
                     size_t index, Slot input, Slot output, std::shared_ptr<Buffer> packed)
      : DepthwiseStep(table.depthwise_f32s8, call, index, input, output, std::move(packed)),
        pack_(table.pack_depthwise_f32) {}

  Status pack(PackContext& context) override {
    const auto* integers = arranged_weights<int8_t>(context, node(context), taps(), channels());
    const Value& constant = context.graph().value(node(context).inputs[1]);
    const std::vector<float> scales = channel_scales(*constant.quant, constant.shape, 0);
    float* weights = context.take<float>(int64_t{taps()} * channels());
    for (int32_t i = 0; i < taps() * channels(); ++i) {
      weights[i] = dequantize(integers[i], scales[static_cast<size_t>(i % channels())], 0);
    }
    const float* bias = bias_of<float>(context, node(context));
    float* sums = context.take<float>(channels());
    for (int32_t c = 0; c < channels(); ++c) {
      sums[c] = bias == nullptr ? 0.0f : bias[c] + 0.0f;  // -0.0 becomes 0.0
    }
    pack_({.window = window(), .weights = weights, .bias = sums, .packed = packed()});
    return success();
  }

 private:
  void (*pack_)(const kernels::PackDepthwiseF32&);
};

// Weights of fewer bits are packed as bytes, too: a channel has no more than its taps, and halving
// so few saves nothing that matters.
class DepthwiseStepU8S8 final : public DepthwiseStep<kernels::DepthwiseU8S8, uint8_t> {
 public:
  DepthwiseStepU8S8(const kernels::KernelTable& table, const kernels::DepthwiseU8S8& call,
                    const IntegerNode& node, Slot input, Slot output,
                    std::shared_ptr<Buffer> packed)
      : DepthwiseStep(table.depthwise_u8s8, call, node.index, input, output, std::move(packed)),
        pack_(table.pack_depthwise_u8s8),
        integers_(node) {}

  Status pack(PackContext& context) override {
    const auto* weights = arranged_weights<int8_t>(context, node(context), taps(), channels());
    const auto* bias = bias_of<int32_t>(context, node(context));
    float* multiplier = context.take<float>(channels());
    call().is_bounded = true;
    for (int32_t channel = 0; channel < channels(); ++channel) {
      multiplier[channel] =
          integers_.multiplier(integers_.weight_scales[static_cast<size_t>(channel)]);
      AccumulatorBound bound =
          accumulator_bound(bias == nullptr ? 0 : bias[channel], integers_.input);
      for (int32_t tap = 0; tap < taps(); ++tap) {
        bound.add(weights[int64_t{tap} * channels() + channel]);
      }
      if (!bound.fits_int32()) return accumulator_overflow(node(context), channel);
      call().is_bounded &= is_bounded(bound, multiplier[channel]);
    }
    pack_({.window = window(),
           .weights = weights,
           .bias = bias,
           .multiplier = multiplier,
           .input_zero_point = integers_.input.zero_point,
           .packed = packed()});
    return success();
  }

 private:
  void (*pack_)(const kernels::PackDepthwiseU8S8&);
  IntegerNode integers_;
};

// StepF32: DepthwiseStepF32 or DepthwiseStepF32S8.
template <class StepF32>
Status emit_f32(Lowering& lowering, size_t index, const kernels::Window& window, int32_t taps) {
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  const size_t bytes = kernels::packed_depthwise_f32_bytes(lowering.tier(), window);
  LOWBIT_ASSIGN(auto packed, lowering.allocate_constant(index, bytes));
  lowering.reserve_pack_room(
      2 * PackContext::pack_room(int64_t{taps} * window.channels, sizeof(float)) +
      PackContext::pack_room(window.channels, sizeof(float)));
  const ClipAttributes& activation = lowering.node(index).activation;
  const kernels::DepthwiseF32 call{.window = window, .min = activation.min, .max = activation.max};
  lowering.emit(
      std::make_unique<StepF32>(lowering.table(), call, index, input, output, std::move(packed)),
      {input, output});
  return success();
}

Status lower_f32(Lowering& lowering, size_t index, const kernels::Window& window, int32_t taps) {
  if (lowering.input_value(index, 1).quant) {
    return emit_f32<DepthwiseStepF32S8>(lowering, index, window, taps);
  }
  LOWBIT_TRY(check_f32_constants(lowering, index));
  return emit_f32<DepthwiseStepF32>(lowering, index, window, taps);
}

Status lower_u8s8(Lowering& lowering, size_t index, const kernels::Window& window, int32_t taps) {
  LOWBIT_ASSIGN(const IntegerNode node, integer_node(lowering, index));
  LOWBIT_TRY(check_reduction_length(lowering, index, taps));
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  const size_t bytes = kernels::packed_depthwise_u8s8_bytes(lowering.tier(), window);
  LOWBIT_ASSIGN(auto packed, lowering.allocate_constant(index, bytes));
  lowering.reserve_pack_room(
      PackContext::pack_room(int64_t{taps} * window.channels, sizeof(int8_t)) +
      PackContext::pack_room(window.channels, sizeof(float)));
  const kernels::DepthwiseU8S8 call{.window = window,
                                    .input_zero_point = node.input.zero_point,
                                    .output_zero_point = node.output.zero_point,
                                    .qmin = node.output.qmin,
                                    .qmax = node.output.qmax};
  lowering.emit(std::make_unique<DepthwiseStepU8S8>(lowering.table(), call, node, input, output,
                                                    std::move(packed)),
                {input, output});
  return success();
}

}  // namespace

Status lower_depthwise(Lowering& lowering, size_t index, const kernels::Window& window) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  // The weights' constant has this many elements per channel, so it fits.
  const int32_t taps = window.kernel_h * window.kernel_w;
  return precision == Precision::kF32 ? lower_f32(lowering, index, window, taps)
                                      : lower_u8s8(lowering, index, window, taps);
}

}  // namespace lowbit::engine
