#include <algorithm>

#include "engine/depthwise.h"
#include "engine/product.h"

namespace lowbit::engine {

namespace {

// The constant is [channels][1][taps], the kernel wants [taps][channels].
template <class Weight>
void arrange_weights(const Weight* source, int32_t taps, int32_t channels, Weight* target) {
  for (int32_t tap = 0; tap < taps; ++tap) {
    for (int32_t channel = 0; channel < channels; ++channel) {
      *target++ = source[int64_t{channel} * taps + tap];
    }
  }
}

template <class Bias>
void copy_bias(const Graph& graph, const Node& node, int32_t channels, Bias* target) {
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    const auto source = graph.value(node.inputs[2]).constant->template data<Bias>();
    std::copy_n(source.begin(), channels, target);
  } else {
    std::fill_n(target, channels, Bias{});
  }
}

template <class T>
T* data_of(const std::shared_ptr<Buffer>& buffer) {
  return reinterpret_cast<T*>(buffer->data());
}

template <class Call, class Element, class Weight, class Bias>
class DepthwiseStep : public Step {
 public:
  DepthwiseStep(void (*kernel)(const Call&), const Call& call, size_t index, Slot input,
                Slot output, std::shared_ptr<Buffer> weights, std::shared_ptr<Buffer> bias)
      : call_(call),
        kernel_(kernel),
        index_(index),
        input_(input),
        output_(output),
        weights_(std::move(weights)),
        bias_(std::move(bias)) {
    call_.weights = data_of<Weight>(weights_);
    call_.bias = data_of<Bias>(bias_);
  }

  void bind(const Memory& memory) override {
    call_.input = memory.at<Element>(input_);
    call_.output = memory.at<Element>(output_);
  }

  Status pack(PackContext& context) override {
    const Graph& graph = context.graph();
    const Node& node = graph.nodes[index_];
    const auto source = graph.value(node.inputs[1]).constant->template data<Weight>();
    arrange_weights(source.data(), taps(), channels(), data_of<Weight>(weights_));
    copy_bias(graph, node, channels(), data_of<Bias>(bias_));
    return success();
  }

  void run() const override { kernel_(call_); }

 protected:
  int32_t channels() const { return call_.window.channels; }
  int32_t taps() const { return call_.window.kernel_h * call_.window.kernel_w; }

  Call call_;

 private:
  void (*kernel_)(const Call&);
  size_t index_;
  Slot input_;
  Slot output_;
  std::shared_ptr<Buffer> weights_;
  std::shared_ptr<Buffer> bias_;
};

using DepthwiseStepF32 = DepthwiseStep<kernels::DepthwiseF32, float, float, float>;

class DepthwiseStepU8S8 final
    : public DepthwiseStep<kernels::DepthwiseU8S8, uint8_t, int8_t, int32_t> {
 public:
  DepthwiseStepU8S8(void (*kernel)(const kernels::DepthwiseU8S8&),
                    const kernels::DepthwiseU8S8& call, const IntegerNode& node, Slot input,
                    Slot output, std::shared_ptr<Buffer> weights, std::shared_ptr<Buffer> bias,
                    std::shared_ptr<Buffer> multiplier)
      : DepthwiseStep(kernel, call, node.index, input, output, std::move(weights),
                      std::move(bias)),
        node_(node),
        multiplier_(std::move(multiplier)) {
    call_.multiplier = data_of<float>(multiplier_);
  }

  Status pack(PackContext& context) override {
    LOWBIT_TRY(DepthwiseStep::pack(context));
    auto* multiplier = data_of<float>(multiplier_);
    for (int32_t channel = 0; channel < channels(); ++channel) {
      multiplier[channel] = node_.multiplier(channel);
      AccumulatorBound bound(call_.bias[channel], node_.input.zero_point);
      for (int32_t tap = 0; tap < taps(); ++tap) {
        bound.add(call_.weights[int64_t{tap} * channels() + channel]);
      }
      if (!bound.fits_int32()) {
        return accumulator_overflow(context.graph().nodes[node_.index], channel);
      }
    }
    return success();
  }

 private:
  IntegerNode node_;
  std::shared_ptr<Buffer> multiplier_;
};

}  // namespace

Status lower_depthwise(Lowering& lowering, size_t index, const kernels::Window& window) {
  LOWBIT_ASSIGN(const Precision precision, node_precision(lowering, index));
  const int64_t taps = int64_t{window.kernel_h} * window.kernel_w;
  const int64_t channels = window.channels;
  const Slot input = lowering.input_slot(index, 0);
  const Slot output = lowering.make_output_slot(index);
  if (precision == Precision::kF32) {
    LOWBIT_TRY(check_f32_constants(lowering, index));
    LOWBIT_ASSIGN(auto weights,
                  lowering.allocate_constant(index, taps * channels * int64_t{sizeof(float)}));
    LOWBIT_ASSIGN(auto bias, lowering.allocate_constant(index, channels * int64_t{sizeof(float)}));
    const ClipAttributes& activation = lowering.node(index).activation;
    const kernels::DepthwiseF32 call{
        .window = window, .min = activation.min, .max = activation.max};
    lowering.emit(
        std::make_unique<DepthwiseStepF32>(lowering.table().depthwise_f32, call, index, input,
                                           output, std::move(weights), std::move(bias)),
        {input, output});
    return success();
  }

  LOWBIT_ASSIGN(const IntegerNode node, integer_node(lowering, index));
  if (taps > kernels::kMaxMatmulU8S8Depth) {
    return lowering.refuse(index, ErrorCode::kAccumulatorOverflow,
                           "it adds " + std::to_string(taps) + " products; at most " +
                               std::to_string(kernels::kMaxMatmulU8S8Depth) +
                               " provably fit 32 bits");
  }
  LOWBIT_ASSIGN(auto weights, lowering.allocate_constant(index, taps * channels));
  LOWBIT_ASSIGN(auto bias, lowering.allocate_constant(index, channels * int64_t{sizeof(int32_t)}));
  LOWBIT_ASSIGN(auto multiplier,
                lowering.allocate_constant(index, channels * int64_t{sizeof(float)}));
  const kernels::DepthwiseU8S8 call{.window = window,
                                    .input_zero_point = node.input.zero_point,
                                    .output_zero_point = node.output.zero_point,
                                    .qmin = node.output.qmin,
                                    .qmax = node.output.qmax};
  lowering.emit(std::make_unique<DepthwiseStepU8S8>(lowering.table().depthwise_u8s8, call, node,
                                                    input, output, std::move(weights),
                                                    std::move(bias), std::move(multiplier)),
                {input, output});
  return success();
}

}  // namespace lowbit::engine
