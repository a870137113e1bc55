// One operator on integers, or on floats with integer weights, whose form, parameters and data the
// bytes choose: every tier computes what the reference does, bit for bit.
#include "kernels/probe.h"

#include "fuzz/fuzz.h"
#include "support/graph_builder.h"
#include "support/integer_weights.h"
#include "support/tiers.h"

using namespace lowbit;

namespace {

// The fuzzer's bytes as choices; zeros when they are used up.
class Choices {
 public:
  explicit Choices(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  uint8_t byte() {
    if (bytes_.empty()) return 0;
    const uint8_t next = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return next;
  }
  int64_t in(int64_t low, int64_t high) { return low + byte() % (high - low + 1); }
  bool flag() { return byte() % 2 == 1; }
  template <class T, size_t count>
  T one_of(const T (&items)[count]) {
    return items[byte() % count];
  }

  // `count` integers: all the lowest, all the highest, or random ones that begin with what is left.
  template <class T>
  void fill(std::span<T> integers, int64_t low, int64_t high) {
    const uint8_t kind = byte();
    Random random(kind);
    for (T& integer : integers) {
      const int64_t drawn = bytes_.empty() ? random.below(256) : byte();
      integer = static_cast<T>(kind % 4 == 0   ? low
                               : kind % 4 == 1 ? high
                                               : low + drawn % (high - low + 1));
    }
  }

 private:
  std::span<const uint8_t> bytes_;
};

class Case {
 public:
  explicit Case(std::span<const uint8_t> bytes) : choices_(bytes), builder_(choices_.byte()) {}

  Graph graph() {
    is_image_ = choices_.flag();
    const Shape shape = is_image_ ? Shape{choices_.in(1, 3), choices_.in(1, 40), choices_.in(1, 11),
                                          choices_.in(1, 11)}
                                  : Shape{choices_.in(1, 19), choices_.in(1, 150)};
    is_weight_only_ = choices_.byte() % 8 == 0;
    x_ = is_weight_only_ ? builder_.input("x", shape) : builder_.input_u8("x", shape, params());
    const ValueId y = is_image_ ? image_operator() : matrix_operator();
    Node& node = builder_.graph().nodes.back();
    const bool has_integer_weights = node.op == Op::kConv || node.op == Op::kGemm;
    if (has_integer_weights) set_weights();
    if (has_integer_weights && choices_.flag()) builder_.set_activation(-0.25f, 1);
    return builder_.output(y).build();
  }

  std::vector<Tensor> inputs() {
    const Value& x = builder_.graph().value(x_);
    if (!x.quant) return fuzz::some_inputs(builder_.graph(), {&x.shape, 1});
    Tensor integers = test::must(Tensor::allocate(DType::kU8, x.shape));
    choices_.fill(integers.mutable_data<uint8_t>(), x.quant->qmin, x.quant->qmax);
    return {integers};
  }

 private:
  QuantParams params() {
    constexpr float kScales[] = {0.02f, 0.5f, 1, 3, 1e-6f, 1e9f, 1.2e-38f, 3e38f};
    const int bits = static_cast<int>(choices_.in(2, 8));
    const auto zero_point = static_cast<int32_t>(choices_.in(0, activation_qmax(bits)));
    return test::activation_params(choices_.one_of(kScales), zero_point, bits);
  }

  ValueId with_params(ValueId id) {
    if (!is_weight_only_) builder_.set_quant(id, params());
    return id;
  }

  Spatial spatial(int64_t high) { return {choices_.in(1, high), choices_.in(1, high)}; }
  Padding padding(Spatial kernel) {
    return {.top = choices_.in(0, kernel.h - 1),
            .left = choices_.in(0, kernel.w - 1),
            .bottom = choices_.in(0, kernel.h - 1),
            .right = choices_.in(0, kernel.w - 1)};
  }

  ValueId image_operator() {
    const uint8_t op = is_weight_only_ ? choices_.byte() % 2 : choices_.byte() % 9;
    const Spatial kernel = spatial(op == 0 && choices_.flag() ? 1 : 5);
    const Spatial stride = spatial(3);
    const Spatial dilation = spatial(2);
    const test::ConvOptions conv{.channels = choices_.in(1, 40),
                                 .kernel = kernel,
                                 .stride = stride,
                                 .dilation = dilation,
                                 .padding = padding(kernel),
                                 .has_bias = choices_.flag()};
    const test::PoolOptions pool{.kernel = kernel,
                                 .stride = stride,
                                 .padding = conv.padding,
                                 .ceil_mode = choices_.flag(),
                                 .count_include_pad = choices_.flag()};
    switch (op) {
      case 0:
        return with_params(builder_.conv(x_, conv));
      case 1:
        return with_params(builder_.depthwise_conv(x_, conv));
      case 2:
        return builder_.max_pool(x_, pool);
      case 3:
        return with_params(builder_.average_pool(x_, pool));
      case 4:
        return with_params(builder_.global_average_pool(x_));
      case 5:
        return with_params(builder_.add(x_, builder_.max_pool(x_, {})));
      case 6:
        return with_params(builder_.concat({x_, x_}, choices_.in(0, 3)));
      case 7:
        return builder_.dequantize_linear(x_);
      default:
        return builder_.clip(x_, -1, 0.5f);
    }
  }

  ValueId matrix_operator() {
    constexpr Op kFunctions[] = {Op::kSigmoid, Op::kTanh, Op::kElu};
    switch (is_weight_only_ ? 0 : choices_.byte() % 4) {
      case 0:
        return with_params(builder_.gemm(x_, {.features = choices_.in(1, 70),
                                              .has_bias = choices_.flag(),
                                              .transpose_b = choices_.flag()}));
      case 1: {
        const ValueId y = builder_.softmax(x_, 1);
        builder_.set_quant(y, test::activation_params(1.0f / 256, 0));
        return y;
      }
      case 2:
        return with_params(builder_.unary(choices_.one_of(kFunctions), x_));
      default:
        return with_params(builder_.add(x_, x_));
    }
  }

  // Of any width and granularity, with the values that are hardest on sums.
  void set_weights() {
    constexpr int64_t kGroupSizes[] = {0, 0, 32, 64};
    Graph& graph = builder_.graph();
    const Node& node = graph.nodes.back();
    const WeightFormat format{
        .bits = static_cast<int>(choices_.in(2, 8)),
        .granularity = choices_.flag() ? Granularity::kPerTensor : Granularity::kPerChannel,
        .group_size = choices_.one_of(kGroupSizes)};
    test::set_integer_weights(graph, graph.nodes.size() - 1, format);
    Value& weight = graph.value(node.inputs[1]);
    choices_.fill(weight.constant->mutable_data<int8_t>(), weight.quant->qmin, weight.quant->qmax);
  }

  Choices choices_;
  test::GraphBuilder builder_;
  ValueId x_ = kNoValue;
  bool is_image_ = false;
  bool is_weight_only_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Case made({data, size});
  const Graph graph = made.graph();
  const auto shapes = fuzz::small_shapes(graph);
  if (!shapes) return 0;
  const std::vector<Tensor> inputs = made.inputs();
  Result<Plan> reference = make_plan(graph, *shapes, {.tier = Tier::kReference});
  if (!fuzz::succeeded(reference)) return 0;
  const std::vector<Tensor> expected = test::must(reference->run(inputs));
  for (const Tier tier : test::simd_tiers()) {
    Result<Plan> plan = make_plan(graph, *shapes, {.tier = tier});
    if (!fuzz::succeeded(plan)) continue;
    fuzz::require(fuzz::same_bytes(test::must(plan->run(inputs)), expected),
                  "every tier computes what the reference does");
  }
  return 0;
}
