// Small graphs for tests, a line per operator:
//
//   GraphBuilder b;
//   const ValueId x = b.input("x", {b.symbol("N"), 3, 8, 8});
//   const ValueId y = b.relu(b.batch_norm(b.conv(x, {.channels = 4, .kernel = {3, 3}})));
//   const Graph graph = b.output(b.gemm(b.flatten(y), {.features = 10})).build();
//
// Weights and biases that are not given are drawn from a seeded generator, and scaled so that
// activations stay near one. Nodes are called "conv1", "relu1", "conv2", ..., or what name() said;
// a node's output has the node's name, its constants are "conv1.weight", "conv1.bias",
// "batch_norm1.scale" and so on.
//
// On a quantized input (input_u8(), quantize_linear()) an operator's weights are int8 per output
// channel, its bias is int32, and its output is uint8 with the input's parameters until set_quant()
// gives it others.
//
// Shapes are inferred as nodes are added. A node whose shape cannot be inferred gets the shape []
// and is kept: so a test can build what validate() has to refuse.
#pragma once

#include <cmath>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "graph/graph.h"
#include "graph/shape_inference.h"
#include "support/must.h"

namespace lowbit::test {

struct ConvOptions {
  int64_t channels = 1;
  Spatial kernel{};
  Spatial stride{};
  Spatial dilation{};
  Padding padding{};
  AutoPad auto_pad = AutoPad::kNotSet;
  int64_t groups = 1;
  bool has_bias = true;
  std::vector<float> weight{};  // [channels, C / groups, kh, kw]
  std::vector<float> bias{};    // [channels]
};

struct GemmOptions {
  int64_t features = 1;
  bool has_bias = true;
  float alpha = 1;
  float beta = 1;
  bool transpose_a = false;
  bool transpose_b = true;
  std::vector<float> weight{};  // [features, K] when transpose_b, else [K, features]
  std::vector<float> bias{};    // [features]
};

struct PoolOptions {
  Spatial kernel{};
  Spatial stride{};
  Spatial dilation{};
  Padding padding{};
  AutoPad auto_pad = AutoPad::kNotSet;
  bool ceil_mode = false;
  bool count_include_pad = false;
};

struct BatchNormOptions {
  float epsilon = 1e-5f;
  std::vector<float> scale{};
  std::vector<float> bias{};
  std::vector<float> mean{};
  std::vector<float> variance{};
};

// Parameters of a uint8 activation.
inline QuantParams activation_params(float scale, int32_t zero_point, int bits = 8) {
  QuantParams params;
  params.qmax = activation_qmax(bits);
  params.scale = {scale};
  params.zero_point = {zero_point};
  return params;
}

class GraphBuilder {
 public:
  explicit GraphBuilder(uint64_t seed = 1) : random_(seed) {}

  // A symbolic dimension, to be used in input().
  int64_t symbol(const std::string& name) {
    graph_.symbols.push_back(name);
    return -static_cast<int64_t>(graph_.symbols.size());
  }

  ValueId input(const std::string& name, const Shape& shape) {
    const ValueId id = graph_.add_value({.name = name, .shape = shape});
    graph_.inputs.push_back(id);
    return id;
  }

  ValueId input_u8(const std::string& name, const Shape& shape, const QuantParams& params) {
    const ValueId id = input(name, shape);
    set_quant(id, params);
    return id;
  }

  // A constant of float, uint8_t, int8_t, int32_t or int64_t.
  template <class T>
  ValueId constant(const std::string& name, const Shape& shape, const std::vector<T>& values) {
    Tensor tensor = must(Tensor::from_values<T>(shape, std::span<const T>(values)));
    return graph_.add_value(
        {.name = name, .dtype = dtype_of<T>, .shape = shape, .constant = std::move(tensor)});
  }

  ValueId random_constant(const std::string& name, const Shape& shape, float low, float high) {
    return constant(name, shape, random_values(shape.element_count().value_or(0), low, high));
  }

  // The next node's name, in place of the generated one. In name("a").relu(conv(x)) that is the
  // conv: C++ evaluates the arguments after name().
  GraphBuilder& name(std::string next) {
    next_name_ = std::move(next);
    return *this;
  }

  // ---- operators
  // ---------------------------------------------------------------------------------

  ValueId conv(ValueId x, const ConvOptions& o = {}) {
    const std::string name = take_name("conv");
    const int64_t depth = dimension(x, 1) / o.groups;
    const Shape shape{o.channels, depth, o.kernel.h, o.kernel.w};
    std::vector<ValueId> inputs{
        x, weight(x, name, shape, 0, depth * o.kernel.h * o.kernel.w, o.weight)};
    if (o.has_bias) inputs.push_back(bias(x, name, inputs[1], o.channels, o.bias));
    return add_node(Op::kConv, name, std::move(inputs),
                    ConvAttributes{.window = {.kernel = o.kernel,
                                              .stride = o.stride,
                                              .dilation = o.dilation,
                                              .padding = o.padding,
                                              .auto_pad = o.auto_pad},
                                   .groups = o.groups});
  }

  // As many groups as channels.
  ValueId depthwise_conv(ValueId x, ConvOptions o) {
    o.channels = o.groups = dimension(x, 1);
    return conv(x, o);
  }

  ValueId gemm(ValueId a, const GemmOptions& o = {}) {
    const std::string name = take_name("gemm");
    const int64_t depth = dimension(a, o.transpose_a ? 0 : 1);
    const Shape shape = o.transpose_b ? Shape{o.features, depth} : Shape{depth, o.features};
    std::vector<ValueId> inputs{a, weight(a, name, shape, o.transpose_b ? 0 : 1, depth, o.weight)};
    if (o.has_bias) inputs.push_back(bias(a, name, inputs[1], o.features, o.bias));
    return add_node(Op::kGemm, name, std::move(inputs),
                    GemmAttributes{.alpha = o.alpha,
                                   .beta = o.beta,
                                   .transpose_a = o.transpose_a,
                                   .transpose_b = o.transpose_b});
  }

  // `a` times a constant [K, features].
  ValueId matmul(ValueId a, int64_t features, const std::vector<float>& values = {}) {
    const std::string name = take_name("matmul");
    const int64_t depth = dimension(a, graph_.value(a).shape.rank() - 1);
    return add_node(Op::kMatMul, name, {a, weight(a, name, {depth, features}, 1, depth, values)},
                    NoAttributes{});
  }

  ValueId matmul_of(ValueId a, ValueId b) { return simple(Op::kMatMul, "matmul", {a, b}); }
  ValueId add(ValueId a, ValueId b) { return simple(Op::kAdd, "add", {a, b}); }
  ValueId relu(ValueId x) { return simple(Op::kRelu, "relu", {x}); }
  ValueId clip(ValueId x, float min, float max) {
    return simple(Op::kClip, "clip", {x}, ClipAttributes{.min = min, .max = max});
  }
  ValueId max_pool(ValueId x, const PoolOptions& o) {
    return simple(Op::kMaxPool, "max_pool", {x}, pool_attributes(o));
  }
  ValueId average_pool(ValueId x, const PoolOptions& o) {
    return simple(Op::kAveragePool, "average_pool", {x}, pool_attributes(o));
  }
  ValueId global_average_pool(ValueId x) {
    return simple(Op::kGlobalAveragePool, "global_average_pool", {x});
  }

  ValueId batch_norm(ValueId x, const BatchNormOptions& o = {}) {
    const std::string name = take_name("batch_norm");
    const int64_t channels = dimension(x, 1);
    const auto parameter = [&](const char* suffix, const std::vector<float>& given, float low,
                               float high) {
      return constant(name + suffix, {channels},
                      given.empty() ? random_values(channels, low, high) : given);
    };
    std::vector<ValueId> inputs{x};
    inputs.push_back(parameter(".scale", o.scale, 0.5f, 1.5f));
    inputs.push_back(parameter(".bias", o.bias, -1, 1));
    inputs.push_back(parameter(".mean", o.mean, -1, 1));
    inputs.push_back(parameter(".variance", o.variance, 0.5f, 2));
    return add_node(Op::kBatchNormalization, name, std::move(inputs),
                    BatchNormalizationAttributes{.epsilon = o.epsilon});
  }

  ValueId flatten(ValueId x, int64_t axis = 1) {
    return simple(Op::kFlatten, "flatten", {x}, AxisAttributes{.axis = axis});
  }
  ValueId reshape(ValueId x, std::vector<int64_t> shape, bool allow_zero = false) {
    return simple(Op::kReshape, "reshape", {x},
                  ReshapeAttributes{.shape = std::move(shape), .allow_zero = allow_zero});
  }
  ValueId softmax(ValueId x, int64_t axis = -1) {
    return simple(Op::kSoftmax, "softmax", {x}, AxisAttributes{.axis = axis});
  }
  ValueId concat(std::vector<ValueId> parts, int64_t axis = 1) {
    return simple(Op::kConcat, "concat", std::move(parts), AxisAttributes{.axis = axis});
  }
  // With ONNX's defaults, unless parameters are given.
  ValueId unary(Op op, ValueId x, std::optional<UnaryParameters> parameters = {},
                bool approximate = false) {
    const UnaryInfo& info = unary_info(*unary_function(op));
    const UnaryAttributes attributes{
        .parameters = parameters.value_or(UnaryParameters{info.alpha, info.beta}),
        .approximate = approximate};
    return simple(op, "unary", {x}, attributes);
  }
  // An operator of qmath/binary.inc.
  ValueId binary(Op op, ValueId a, ValueId b) { return simple(op, "binary", {a, b}); }
  ValueId identity(ValueId x) { return simple(Op::kIdentity, "identity", {x}); }
  ValueId dropout(ValueId x) { return simple(Op::kDropout, "dropout", {x}); }

  ValueId quantize_linear(ValueId x, const QuantParams& params) {
    const ValueId y = simple(Op::kQuantizeLinear, "quantize", {x}, QuantizeAttributes{});
    set_quant(y, params);
    return y;
  }
  ValueId dequantize_linear(ValueId x) {
    const ValueId y = simple(Op::kDequantizeLinear, "dequantize", {x}, QuantizeAttributes{});
    graph_.value(y).quant.reset();
    graph_.value(y).dtype = DType::kF32;
    return y;
  }

  // Any node; the methods above end here.
  ValueId add_node(Op op, const std::string& name, std::vector<ValueId> inputs,
                   Attributes attributes) {
    Value value{.name = name};
    const std::optional<QuantParams>& quant = graph_.value(inputs.front()).quant;
    if (quant) {
      value.quant = quant;
      value.dtype = quant->storage;
    }
    Node node{
        .op = op, .name = name, .inputs = std::move(inputs), .attributes = std::move(attributes)};
    if (Result<Shape> shape = infer_shape(graph_, node)) value.shape = *shape;
    node.output = graph_.add_value(std::move(value));
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().output;
  }

  // ---- finishing
  // ---------------------------------------------------------------------------------

  void set_quant(ValueId id, const QuantParams& params) {
    graph_.value(id).quant = params;
    graph_.value(id).dtype = params.storage;
  }
  // The bounds of the activation fused into the newest node.
  void set_activation(float min, float max) {
    graph_.nodes.back().activation = {.min = min, .max = max};
  }
  GraphBuilder& output(ValueId id) {
    graph_.outputs.push_back(id);
    return *this;
  }

  // The graph as it stands, to look at or to spoil.
  Graph& graph() { return graph_; }
  Graph build() const { return graph_; }
  Random& random() { return random_; }

  std::vector<float> random_values(int64_t count, float low, float high) {
    std::vector<float> values(static_cast<size_t>(count));
    for (float& value : values) value = random_.uniform(low, high);
    return values;
  }

 private:
  static PoolAttributes pool_attributes(const PoolOptions& o) {
    return {.window = {.kernel = o.kernel,
                       .stride = o.stride,
                       .dilation = o.dilation,
                       .padding = o.padding,
                       .auto_pad = o.auto_pad},
            .ceil_mode = o.ceil_mode,
            .count_include_pad = o.count_include_pad};
  }

  ValueId simple(Op op, const char* stem, std::vector<ValueId> inputs,
                 Attributes attributes = NoAttributes{}) {
    return add_node(op, take_name(stem), std::move(inputs), std::move(attributes));
  }

  std::string take_name(const std::string& stem) {
    const std::string generated = stem + std::to_string(++counts_[stem]);
    return next_name_.empty() ? generated : std::exchange(next_name_, {});
  }

  // 1 where the value has no such dimension.
  int64_t dimension(ValueId id, int axis) const {
    const Shape& shape = graph_.value(id).shape;
    return axis >= 0 && axis < shape.rank() ? shape[axis] : 1;
  }

  ValueId weight(ValueId x, const std::string& name, const Shape& shape, int channel_axis,
                 int64_t depth, const std::vector<float>& given) {
    const float reach = std::sqrt(3.0f / static_cast<float>(depth));
    const int64_t count = shape.element_count().value_or(0);
    if (!graph_.value(x).quant) {
      return constant(name + ".weight", shape,
                      given.empty() ? random_values(count, -reach, reach) : given);
    }
    std::vector<int8_t> integers(static_cast<size_t>(count));
    for (size_t i = 0; i < integers.size(); ++i) {
      integers[i] = given.empty() ? static_cast<int8_t>(static_cast<int>(random_.below(255)) - 127)
                                  : static_cast<int8_t>(given[i]);
    }
    const ValueId id = constant(name + ".weight", shape, integers);
    const auto channels = static_cast<size_t>(shape[channel_axis]);
    QuantParams params{.storage = DType::kI8, .qmin = -127, .qmax = 127, .axis = channel_axis};
    params.scale = random_values(shape[channel_axis], 0.5f * reach / 127, reach / 127);
    params.zero_point.assign(channels, 0);
    graph_.value(id).quant = params;
    return id;
  }

  ValueId bias(ValueId x, const std::string& name, ValueId weight_id, int64_t channels,
               const std::vector<float>& given) {
    if (!graph_.value(x).quant) {
      return constant(name + ".bias", {channels},
                      given.empty() ? random_values(channels, -1, 1) : given);
    }
    std::vector<int32_t> integers(static_cast<size_t>(channels));
    for (size_t i = 0; i < integers.size(); ++i) {
      integers[i] = given.empty() ? static_cast<int32_t>(random_.below(4001)) - 2000
                                  : static_cast<int32_t>(given[i]);
    }
    const ValueId id = constant(name + ".bias", {channels}, integers);
    QuantParams params = *graph_.value(weight_id).quant;
    params.storage = DType::kI32;
    params.qmin = std::numeric_limits<int32_t>::min();
    params.qmax = std::numeric_limits<int32_t>::max();
    params.axis = 0;
    for (float& scale : params.scale) scale *= graph_.value(x).quant->scale[0];
    graph_.value(id).quant = params;
    return id;
  }

  Graph graph_;
  Random random_;
  std::string next_name_;
  std::map<std::string, int> counts_;
};

}  // namespace lowbit::test
