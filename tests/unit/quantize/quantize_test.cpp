#include "quantize/quantize.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "compare/metrics.h"
#include "doctest/doctest.h"
#include "graph/rewrites.h"
#include "graph/validate.h"
#include "support/graph_builder.h"
#include "support/graph_difference.h"
#include "support/must.h"
#include "support/tiers.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Calibration calibrate_on(const Graph& graph, const Tensor& samples) {
  Calibrator calibrator = must(Calibrator::create(graph));
  must(calibrator.observe(std::array{samples}));
  return must(calibrator.finish());
}

Tensor random_tensor(const Shape& shape, uint64_t seed, float low, float high) {
  Tensor tensor = must(Tensor::allocate(DType::kF32, shape));
  Random random(seed);
  for (float& x : tensor.mutable_data<float>()) x = random.uniform(low, high);
  return tensor;
}

const Node* find_node(const Graph& graph, Op op) {
  const auto found = std::ranges::find(graph.nodes, op, &Node::op);
  return found == graph.nodes.end() ? nullptr : &*found;
}

// A residual network with every integer operator but Softmax.
Graph residual_network() {
  GraphBuilder b;
  const ValueId x = b.input("image", {b.symbol("N"), 3, 8, 8});
  const ValueId stem =
      b.relu(b.batch_norm(b.conv(x, {.channels = 8, .kernel = {3, 3}, .padding = {1, 1, 1, 1}})));
  const ValueId deep =
      b.clip(b.depthwise_conv(stem, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}}), 0, 6);
  const ValueId sum = b.relu(b.add(b.conv(deep, {.channels = 8}), stem));
  const ValueId pooled = b.max_pool(sum, {.kernel = {2, 2}, .stride = {2, 2}});
  const ValueId averaged = b.average_pool(sum, {.kernel = {2, 2}, .stride = {2, 2}});
  const ValueId both = b.concat({pooled, averaged});
  const ValueId wide = b.flatten(b.global_average_pool(both));
  return b.output(b.gemm(b.reshape(wide, {0, 16}), {.features = 5})).build();
}

std::vector<float> run_once(const Graph& graph, const Tensor& input, Tier tier = Tier::kReference) {
  Plan plan = must(make_plan(graph, std::array{input.shape()}, {.tier = tier}));
  const auto outputs = must(plan.run(std::array{input}));
  const auto data = outputs[0].data<float>();
  return {data.begin(), data.end()};
}

}  // namespace

TEST_CASE("a quantized network is integers between one QuantizeLinear and one DequantizeLinear") {
  const Graph fp32 = residual_network();
  const Tensor samples = random_tensor({16, 3, 8, 8}, 1, -1, 1);
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  must(validate(int8));
  CHECK(int8.is_quantized());
  for (const Node& node : int8.nodes) {
    CAPTURE(node.name);
    const bool is_real = node.op == Op::kDequantizeLinear;
    CHECK(int8.value(node.output).quant.has_value() == !is_real);
    CHECK(int8.value(node.output).dtype == (is_real ? DType::kF32 : DType::kU8));
  }
  CHECK(int8.value(int8.inputs[0]).name == "image");
  CHECK(int8.value(int8.outputs[0]).name == fp32.value(fp32.outputs[0]).name);
  CHECK(find_node(int8, Op::kBatchNormalization) == nullptr);
}

TEST_CASE("integers of constants have the names of the reals, also where a constant is shared") {
  GraphBuilder b;
  const ValueId x = b.input("x", {4, 4});
  Graph fp32 = b.output(b.gemm(b.gemm(x, {.features = 4}), {.features = 4})).build();
  fp32.nodes[1].inputs[1] = fp32.nodes[0].inputs[1];
  const Tensor samples = random_tensor({4, 4}, 3, -1, 1);
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  must(validate(int8));
  const auto name = [&](size_t node, size_t input) {
    return int8.value(int8.nodes[node].inputs[input]).name;
  };
  CHECK(name(1, 1) == "gemm1.weight");
  CHECK(name(1, 2) == "gemm1.bias");
  CHECK(name(2, 1) == "gemm1.weight_2");
  CHECK(name(2, 2) == "gemm2.bias");
}

TEST_CASE("a constant that many nodes share is named in linear time") {
  GraphBuilder b;
  ValueId x = b.input("x", {1, 2});
  const ValueId shared = b.constant<float>("w", {2, 2}, {1, 0, 0, 1});
  constexpr size_t kNodes = 3000;
  for (size_t i = 0; i < kNodes; ++i) x = b.matmul_of(x, shared);
  const Graph graph = b.output(x).build();
  const Tensor samples = random_tensor({1, 2}, 1, -1, 1);
  const Graph quantized = must(quantize(graph, calibrate_on(graph, samples), Recipe{}));
  CHECK(quantized.find_value("w") != kNoValue);
  CHECK(quantized.find_value("w_2") != kNoValue);
  CHECK(quantized.find_value("w_3000") != kNoValue);
}

TEST_CASE("a quantized network computes what the FP32 network computes, to 8 bits") {
  const Graph fp32 = residual_network();
  const Tensor samples = random_tensor({64, 3, 8, 8}, 2, -1, 1);
  const Calibration calibration = calibrate_on(fp32, samples);
  const std::vector<float> expected = run_once(fp32, samples);
  double per_tensor_db = 0;
  for (const Granularity granularity : {Granularity::kPerTensor, Granularity::kPerChannel}) {
    Recipe recipe;
    recipe.weights.granularity = granularity;
    ErrorAccumulator error;
    error.add(expected, run_once(must(quantize(fp32, calibration, recipe)), samples));
    // 8 bits give about 40 dB a layer; 7 layers in a row lose up to 10 log10(7) of it.
    CHECK(error.sqnr_db() > 25);
    if (granularity == Granularity::kPerTensor) per_tensor_db = error.sqnr_db();
    if (granularity == Granularity::kPerChannel) CHECK(error.sqnr_db() > per_tensor_db - 3);
  }
}

TEST_CASE("every bit fewer of the weights makes a network coarser, in every tier alike") {
  const Graph fp32 = residual_network();
  const Tensor samples = random_tensor({64, 3, 8, 8}, 2, -1, 1);
  const Calibration calibration = calibrate_on(fp32, samples);
  const std::vector<float> expected = run_once(fp32, samples);
  double coarser_db = 0;
  for (int bits = 2; bits <= 8; ++bits) {
    CAPTURE(bits);
    Recipe recipe;
    recipe.weights.bits = bits;
    const Graph narrow = must(quantize(fp32, calibration, recipe));
    const QuantParams& params = *narrow.value(find_node(narrow, Op::kGemm)->inputs[1]).quant;
    CHECK(params.qmin == -weight_qmax(bits));
    CHECK(params.qmax == weight_qmax(bits));
    const std::vector<float> logits = run_once(narrow, samples);
    for (const Tier tier : simd_tiers()) CHECK(run_once(narrow, samples, tier) == logits);
    ErrorAccumulator error;
    error.add(expected, logits);
    if (bits > 2) CHECK(error.sqnr_db() > coarser_db);
    coarser_db = error.sqnr_db();
  }
}

TEST_CASE("values that only move elements share their input's parameters") {
  const Graph fp32 = residual_network();
  const Graph int8 =
      must(quantize(fp32, calibrate_on(fp32, random_tensor({4, 3, 8, 8}, 3, -1, 1)), {}));
  for (const Op op : {Op::kMaxPool, Op::kFlatten, Op::kReshape}) {
    const Node* node = find_node(int8, op);
    REQUIRE(node != nullptr);
    CHECK(int8.value(node->inputs[0]).quant == int8.value(node->output).quant);
  }
}

TEST_CASE("the bias scale is the product of the input's and the weight's, in float32") {
  const Graph fp32 = residual_network();
  const Graph int8 =
      must(quantize(fp32, calibrate_on(fp32, random_tensor({4, 3, 8, 8}, 4, -1, 1)), {}));
  const Node* gemm = find_node(int8, Op::kGemm);
  REQUIRE(gemm != nullptr);
  const float input_scale = int8.value(gemm->inputs[0]).quant->scale[0];
  const auto& weight_scales = int8.value(gemm->inputs[1]).quant->scale;
  const auto& bias_scales = int8.value(gemm->inputs[2]).quant->scale;
  REQUIRE(bias_scales.size() == weight_scales.size());
  for (size_t c = 0; c < bias_scales.size(); ++c) {
    CHECK(bias_scales[c] == input_scale * weight_scales[c]);
  }
}

TEST_CASE("alpha, beta and a scalar bias of Gemm move into the integers") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 6});
  const ValueId y = b.gemm(x, {.features = 4, .alpha = 0.5f, .beta = 3.0f, .transpose_b = false});
  const Graph fp32 = b.output(y).build();
  const Tensor samples = random_tensor({32, 6}, 5, -2, 2);
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  const auto& attributes = std::get<GemmAttributes>(find_node(int8, Op::kGemm)->attributes);
  CHECK(attributes.alpha == 1.0f);
  CHECK(attributes.beta == 1.0f);
  ErrorAccumulator error;
  error.add(run_once(fp32, samples), run_once(int8, samples));
  CHECK(error.sqnr_db() > 35);
}

TEST_CASE("a softmax has the fixed scale 1/256") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 6});
  const Graph fp32 = b.output(b.softmax(b.gemm(x, {.features = 4}))).build();
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, random_tensor({8, 6}, 6, -1, 1)), {}));
  const QuantParams& params = *int8.value(find_node(int8, Op::kSoftmax)->output).quant;
  CHECK(params.scale[0] == 1.0f / 256);
  CHECK(params.zero_point[0] == 0);
}

TEST_CASE("what cannot be quantized is a typed error that names it") {
  const Graph fp32 = residual_network();
  const Calibration calibration = calibrate_on(fp32, random_tensor({4, 3, 8, 8}, 7, -1, 1));
  const Graph int8 = must(quantize(fp32, calibration, {}));
  CHECK(quantize(int8, calibration, {}).error().code == ErrorCode::kInvalidArgument);

  Recipe recipe;
  for (const int bits : {1, 9}) {
    recipe.weights.bits = bits;
    CHECK(quantize(fp32, calibration, recipe).error().where == "weights.bits");
  }
  recipe = {};
  recipe.activations.bits = 9;
  CHECK(quantize(fp32, calibration, recipe).error().where == "activations.bits");

  const auto unknown = quantize(fp32, Calibration{}, {});
  CHECK(unknown.error().code == ErrorCode::kInvalidArgument);
  CHECK(unknown.error().where == "image");

  recipe = {};
  recipe.layers["conv9"].is_float = true;
  const auto misnamed = quantize(fp32, calibration, recipe);
  CHECK(misnamed.error().code == ErrorCode::kInvalidArgument);
  CHECK(misnamed.error().where == "layers.conv9");
  // Folded into its convolution.
  recipe.layers = {};
  recipe.layers["batch_norm1"].is_float = true;
  CHECK(quantize(fp32, calibration, recipe).error().where == "layers.batch_norm1");
}

TEST_CASE(
    "activations of fewer bits have narrower ranges, and make a network coarser in all tiers") {
  const Graph fp32 = residual_network();
  const Tensor samples = random_tensor({64, 3, 8, 8}, 2, -1, 1);
  const Calibration calibration = calibrate_on(fp32, samples);
  const std::vector<float> expected = run_once(fp32, samples);
  for (const bool symmetric : {false, true}) {
    double coarser_db = 0;
    for (int bits = 2; bits <= 8; ++bits) {
      CAPTURE(symmetric);
      CAPTURE(bits);
      Recipe recipe;
      recipe.activations = {.bits = bits, .symmetric = symmetric};
      const Graph narrow = must(quantize(fp32, calibration, recipe));
      must(validate(narrow));
      for (const Value& value : narrow.values) {
        if (!value.quant || value.constant) continue;
        CAPTURE(value.name);
        CHECK(value.quant->qmax == activation_qmax(bits));
        // Behind a fused Relu no integer lies below the zero point.
        const int32_t qmin = symmetric ? 1 : 0;
        CHECK((value.quant->qmin == qmin || value.quant->qmin == value.quant->zero_point[0]));
        if (symmetric) CHECK(value.quant->zero_point[0] == 1 << (bits - 1));
      }
      const std::vector<float> logits = run_once(narrow, samples);
      for (const Tier tier : simd_tiers()) CHECK(run_once(narrow, samples, tier) == logits);
      ErrorAccumulator error;
      error.add(expected, logits);
      if (bits > 2) CHECK(error.sqnr_db() > coarser_db);
      coarser_db = error.sqnr_db();
    }
  }
}

TEST_CASE("a layer may have other bits than all") {
  const Graph fp32 = residual_network();
  const Calibration calibration = calibrate_on(fp32, random_tensor({4, 3, 8, 8}, 3, -1, 1));
  Recipe recipe;
  recipe.layers["conv2"] = {
      .weights = WeightRecipe{.bits = 3, .granularity = Granularity::kPerTensor},
      .activations = ActivationRecipe{.bits = 5, .symmetric = true}};
  const Graph mixed = must(quantize(fp32, calibration, recipe));
  for (const Node& node : mixed.nodes) {
    if (node.op != Op::kConv) continue;
    const bool is_own = node.name == "conv2";
    CAPTURE(node.name);
    const QuantParams& weight = *mixed.value(node.inputs[1]).quant;
    CHECK(weight.qmax == (is_own ? 3 : 127));
    CHECK(weight.per_tensor() == is_own);
    CHECK(mixed.value(node.output).quant->qmax == (is_own ? 31 : 255));
  }
}

TEST_CASE("float layers meet integers at Dequantize and Quantize, and each other directly") {
  const Graph fp32 = residual_network();
  const Tensor samples = random_tensor({8, 3, 8, 8}, 3, -1, 1);
  const Calibration calibration = calibrate_on(fp32, samples);
  Recipe recipe;
  // The sum of two convolutions, which both pools behind it read.
  for (const char* name : {"conv2", "conv3", "add1"}) recipe.layers[name].is_float = true;
  const Graph mixed = must(quantize(fp32, calibration, recipe));
  must(validate(mixed));
  std::string ops;
  for (const Node& node : mixed.nodes) ops += std::string(op_info(node.op).name) + " ";
  CHECK(ops ==
        "QuantizeLinear Conv DequantizeLinear Conv Conv Add MaxPool QuantizeLinear AveragePool "
        "QuantizeLinear Concat GlobalAveragePool Flatten Reshape Gemm DequantizeLinear ");
  // The float layers keep their constants and activations; names are those of the FP32 graph.
  const auto find = [&](const char* name) -> const Value& {
    const ValueId id = mixed.find_value(name);
    REQUIRE(id != kNoValue);
    return mixed.value(id);
  };
  CHECK(find("conv2.weight").dtype == DType::kF32);
  CHECK(find("conv1.weight").dtype == DType::kI8);
  CHECK(find("relu2").dtype == DType::kF32);
  CHECK(find("relu2/quantized").dtype == DType::kU8);
  CHECK(find("relu1").dtype == DType::kU8);
  CHECK(find("relu1/dequantized").dtype == DType::kF32);
  ErrorAccumulator error;
  error.add(run_once(fp32, samples), run_once(mixed, samples));
  CHECK(error.sqnr_db() > 25);  // as with integers throughout
}

TEST_CASE("a network of float layers is the FP32 network") {
  const Graph fp32 = residual_network();
  const Tensor samples = random_tensor({2, 3, 8, 8}, 3, -1, 1);
  const Calibration calibration = calibrate_on(fp32, samples);
  Recipe recipe;
  for (const Node& node : must(optimize(fp32)).nodes) recipe.layers[node.name].is_float = true;
  const Graph same = must(quantize(fp32, calibration, recipe));
  CHECK(graph_difference(same, must(optimize(fp32))) == "");
}

TEST_CASE("an output that a float layer reads, too, leaves the graph under its own name") {
  GraphBuilder b;
  const ValueId y = b.gemm(b.input("x", {4, 3}), {.features = 4});
  const Graph fp32 = b.output(y).output(b.gemm(y, {.features = 2})).build();
  Recipe recipe;
  recipe.layers["gemm2"].is_float = true;
  const Tensor samples = random_tensor({4, 3}, 3, -1, 1);
  const Graph mixed = must(quantize(fp32, calibrate_on(fp32, samples), recipe));
  must(validate(mixed));
  CHECK(mixed.value(mixed.outputs[0]).name == "gemm1");
  CHECK(mixed.value(mixed.outputs[1]).name == "gemm2");
  CHECK(mixed.find_value("gemm1/quantized") != kNoValue);
  CHECK(mixed.nodes.size() == 4);
}

TEST_CASE("what has no integer form stays float") {
  GraphBuilder b;
  const ValueId x = b.input("x", {4, 2, 4});
  const ValueId y = b.relu(b.batch_norm(b.unary(Op::kTanh, x)));
  const Graph fp32 = b.output(b.matmul(y, 3)).build();
  const Tensor samples = random_tensor({4, 2, 4}, 8, -1, 1);
  const Graph mixed = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  must(validate(mixed));
  for (const Node& node : mixed.nodes) {
    const bool is_float = node.op == Op::kBatchNormalization || node.op == Op::kRelu ||
                          node.op == Op::kDequantizeLinear;
    CHECK(mixed.value(node.output).quant.has_value() != is_float);
  }
  ErrorAccumulator error;
  error.add(run_once(fp32, samples), run_once(mixed, samples));
  CHECK(error.sqnr_db() > 30);
}

TEST_CASE("floats, and indices, stay so in the midst of integers") {
  GraphBuilder b;
  ValueId x = b.conv(b.input("x", {b.symbol("N"), 3, 6, 6}), {.channels = 4, .kernel = {3, 3}});
  const std::vector<ValueId> norm{x, b.random_constant("scale", {4}, 0.5f, 2),
                                  b.random_constant("bias", {4}, -1, 1)};
  x = b.add_node(Op::kInstanceNormalization, "norm", norm, NormalizationAttributes{});
  x = b.conv(x, {.channels = 4});
  const std::vector<ValueId> up{x, b.random_constant("up.weight", {4, 2, 2, 2}, -1, 1)};
  x = b.add_node(
      Op::kConvTranspose, "up", up,
      ConvTransposeAttributes{
          .window = {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {}, .padding = {}}});
  x = b.add_node(Op::kReduceMean, "mean", {x}, ReduceAttributes{{2, 3}, false});
  x = b.gemm(x, {.features = 5});
  const ValueId index = b.add_node(Op::kArgMax, "index", {x}, ArgAttributes{1, true, false});
  b.graph().value(index).dtype = DType::kI64;
  const Graph fp32 = b.output(x).output(index).build();
  const Tensor samples = random_tensor({8, 3, 6, 6}, 5, -1, 1);
  const Graph mixed = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  must(validate(mixed));
  ErrorAccumulator error;
  error.add(run_once(fp32, samples), run_once(mixed, samples));
  CHECK(error.sqnr_db() > 25);  // three integer layers of about 40 dB
}

TEST_CASE("with float activations only the weights of products are integers") {
  const Graph fp32 = residual_network();
  const Calibration calibration = calibrate_on(fp32, random_tensor({4, 3, 8, 8}, 3, -1, 1));
  Recipe recipe;
  recipe.weights.bits = 4;
  recipe.activations.bits = kFloatBits;
  const Graph weights_only = must(quantize(fp32, calibration, recipe));
  for (const Node& node : weights_only.nodes) {
    CAPTURE(node.name);
    CHECK(node.op != Op::kQuantizeLinear);
    CHECK(weights_only.value(node.output).dtype == DType::kF32);
    if (node.op != Op::kConv && node.op != Op::kGemm) continue;
    CHECK(weights_only.value(node.inputs[1]).dtype == DType::kI8);
    CHECK(weights_only.value(node.inputs[1]).quant->qmax == 7);
    CHECK(weights_only.value(node.inputs[2]).dtype == DType::kF32);
  }
  // One layer of integers has a pair of its own.
  recipe.layers["conv2"].activations = ActivationRecipe{.bits = 6};
  const Graph mixed = must(quantize(fp32, calibration, recipe));
  const ValueId conv = mixed.find_value("clip1");
  REQUIRE(conv != kNoValue);
  CHECK(mixed.value(conv).quant->qmax == 63);
  CHECK(mixed.value(mixed.find_value("relu1/quantized")).quant->qmax == 255);
}

TEST_CASE("a softmax of fewer bits has the scale that its range needs") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 6});
  const Graph fp32 = b.output(b.softmax(b.gemm(x, {.features = 4}))).build();
  const Calibration calibration = calibrate_on(fp32, random_tensor({8, 6}, 6, -1, 1));
  Recipe recipe;
  recipe.activations.bits = 4;
  const auto params = [&] {
    const Graph graph = must(quantize(fp32, calibration, recipe));
    return *graph.value(find_node(graph, Op::kSoftmax)->output).quant;
  };
  CHECK(params() == QuantParams{DType::kU8, 0, 15, -1, {1.0f / 16}, {0}});
  recipe.activations.symmetric = true;
  CHECK(params() == QuantParams{DType::kU8, 1, 15, -1, {1.0f / 8}, {8}});
}

TEST_CASE("a batch normalization that stands alone becomes an integer convolution") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3, 4, 4});
  const Graph fp32 = b.output(b.relu(b.batch_norm(b.max_pool(x, {.kernel = {2, 2}})))).build();
  const Tensor samples = random_tensor({2, 3, 4, 4}, 9, -1, 1);
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, samples), {}));
  const Node* conv = find_node(int8, Op::kConv);
  REQUIRE(conv != nullptr);
  CHECK(conv->name == "batch_norm1");
  CHECK(std::get<ConvAttributes>(conv->attributes).groups == 3);
  CHECK(find_node(int8, Op::kRelu) == nullptr);

  Plan exact = must(make_plan(fp32, std::vector{samples.shape()}, {}));
  Plan integers = must(make_plan(int8, std::vector{samples.shape()}, {}));
  const Tensor expected = must(exact.run(std::vector{samples}))[0];
  const Tensor actual = must(integers.run(std::vector{samples}))[0];
  // Half a step of the input, times the largest gain, and half a step of the output.
  const float input_step = int8.value(int8.nodes[0].output).quant->scale[0];
  const float output_step = int8.value(conv->output).quant->scale[0];
  float largest_gain = 0;
  for (const float scale : int8.value(conv->inputs[1]).quant->scale) {
    largest_gain = std::max(largest_gain, 127 * scale);
  }
  const float bound = 0.51f * (input_step * largest_gain + output_step) + output_step / 64;
  for (size_t i = 0; i < static_cast<size_t>(expected.element_count()); ++i) {
    CHECK(std::abs(actual.data<float>()[i] - expected.data<float>()[i]) <= bound);
  }
}

TEST_CASE("a network of zeros and an input of zeros have answers") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 3});
  const Graph fp32 =
      b.output(b.gemm(x, {.features = 2, .weight = {0, 0, 0, 0, 0, 0}, .bias = {0, 0}})).build();
  const Tensor zeros = must(Tensor::allocate(DType::kF32, {4, 3}));
  const Graph int8 = must(quantize(fp32, calibrate_on(fp32, zeros), {}));
  for (const float y : run_once(int8, zeros)) CHECK(y == 0.0f);
}
