#include "formats/onnx_operators.h"

#include <doctest/doctest.h>

#include <limits>

#include "formats/onnx_reader.h"
#include "support/check_error.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// The attributes of the only node, read from a whole file.
template <class T>
T attributes_of(OnnxFile file) {
  const Graph graph = must(read_onnx(file.output("y").bytes()));
  REQUIRE(graph.nodes.size() == 1);
  return std::get<T>(graph.nodes[0].attributes);
}

Result<Graph> read(OnnxFile file) { return read_onnx(file.output("y").bytes()); }

// x [N, 2, 8, 8] and, for Conv, w [4, 2, 3, 1].
OnnxFile image(int64_t opset = 17) {
  OnnxFile file(opset);
  file.input("x", {"N", 2, 8, 8}).ones("w", {4, 2, 3, 1}, 24);
  return file;
}

WindowAttributes window_of(Spatial kernel) {
  WindowAttributes window;
  window.kernel = kernel;
  return window;
}

OnnxNodeParts with(std::vector<WireWriter> attributes) {
  return {.attributes = std::move(attributes), .name = "n"};
}

}  // namespace

TEST_CASE("Conv has ONNX's defaults, and its kernel is the weight's") {
  const auto conv = attributes_of<ConvAttributes>(image().node("Conv", {"x", "w"}, {"y"}));
  CHECK(conv == ConvAttributes{.window = window_of({3, 1})});
}

TEST_CASE("Conv reads every attribute") {
  const auto conv = attributes_of<ConvAttributes>(
      image()
          .ones("v", {4, 1, 3, 1}, 12)
          .node("Conv", {"x", "v"}, {"y"},
                with({ints_attribute("kernel_shape", {3, 1}), ints_attribute("strides", {2, 1}),
                      ints_attribute("dilations", {1, 3}), ints_attribute("pads", {1, 2, 3, 4}),
                      int_attribute("group", 2)})));
  CHECK(conv == ConvAttributes{.window = {.kernel = {3, 1},
                                          .stride = {2, 1},
                                          .dilation = {1, 3},
                                          .padding = {1, 2, 3, 4}},
                               .groups = 2});
}

TEST_CASE("auto_pad overrules pads") {
  const std::pair<const char*, AutoPad> names[] = {{"NOTSET", AutoPad::kNotSet},
                                                   {"SAME_UPPER", AutoPad::kSameUpper},
                                                   {"SAME_LOWER", AutoPad::kSameLower},
                                                   {"VALID", AutoPad::kValid}};
  for (const auto& [name, auto_pad] : names) {
    const auto conv = attributes_of<ConvAttributes>(image().node(
        "Conv", {"x", "w"}, {"y"},
        with({text_attribute("auto_pad", name), ints_attribute("pads", {1, 0, 1, 0})})));
    CHECK(conv.window.auto_pad == auto_pad);
    CHECK((conv.window.padding == Padding{}) == (auto_pad != AutoPad::kNotSet));
  }
  check_error(
      read(image().node("Conv", {"x", "w"}, {"y"}, with({text_attribute("auto_pad", "ALL")}))),
      ErrorCode::kInvalidModel, "'ALL'");
}

TEST_CASE("a window over one dimension is one over two, of height 1") {
  OnnxFile line;
  line.input("x", {1, 2, 8}).ones("w", {4, 2, 3}, 24);
  line.node("Conv", {"x", "w"}, {"h"},
            with({ints_attribute("pads", {2, 0}), ints_attribute("strides", {3})}));
  line.node("MaxPool", {"h"}, {"y"}, {.attributes = {ints_attribute("kernel_shape", {2})}});
  const Graph graph = must(read(line));
  REQUIRE(graph.nodes.size() == 6);
  CHECK(graph.nodes[0].op == Op::kUnsqueeze);
  const Node& conv = graph.nodes[1];
  CHECK(conv.name == "n");
  CHECK(
      std::get<ConvAttributes>(conv.attributes).window ==
      WindowAttributes{.kernel = {1, 3}, .stride = {1, 3}, .dilation = {}, .padding = {.left = 2}});
  CHECK(graph.value(conv.inputs[1]).shape == Shape{4, 2, 1, 3});
  CHECK(graph.value(conv.inputs[1]).constant);
  CHECK(graph.value(graph.find_value("h")).shape == Shape{1, 4, 3});
  CHECK(std::get<PoolAttributes>(graph.nodes[4].attributes).window.kernel == Spatial{1, 2});
  CHECK(graph.value(graph.outputs[0]).shape == Shape{1, 4, 2});
}

TEST_CASE("windows over three dimensions are refused, naming the node; so are other counts") {
  OnnxFile volume;
  volume.input("x", {1, 2, 8, 8, 8}).ones("w", {4, 2, 3, 3, 3}, 216);
  check_error(read(volume.node("Conv", {"x", "w"}, {"y"}, with({}))),
              ErrorCode::kUnsupportedFeature, "node 'n' (Conv)");
  check_error(read(image().node("MaxPool", {"x"}, {"y"},
                                with({ints_attribute("kernel_shape", {2, 2, 2})}))),
              ErrorCode::kUnsupportedFeature, "not over 3");
  check_error(read(image().node("Conv", {"x", "w"}, {"y"},
                                with({ints_attribute("pads", {1, 1, 1, 1, 1, 1})}))),
              ErrorCode::kInvalidModel, "6 numbers");
}

TEST_CASE("Conv refuses a kernel that is not the weight's, negative pads and computed weights") {
  check_error(
      read(image().node("Conv", {"x", "w"}, {"y"}, with({ints_attribute("kernel_shape", {1, 3})}))),
      ErrorCode::kInvalidModel, "kernel_shape");
  check_error(
      read(image().node("Conv", {"x", "w"}, {"y"}, with({ints_attribute("pads", {0, 0, -1, 0})}))),
      ErrorCode::kUnsupportedFeature, "negative");
  OnnxFile computed = image();
  computed.input("v", {4, 2, 3, 1}).node("Relu", {"v"}, {"r"});
  check_error(read(computed.node("Conv", {"x", "r"}, {"y"})), ErrorCode::kUnsupportedFeature,
              "must be constants");
}

TEST_CASE("Gemm reads its four attributes, and its bias may be missing") {
  OnnxFile file;
  file.input("x", {3, "N"}).ones("w", {4, 3}, 12);
  file.node("Gemm", {"x", "w", ""}, {"y"},
            with({float_attribute("alpha", 0.5f), float_attribute("beta", 2),
                  int_attribute("transA", 1), int_attribute("transB", 1)}));
  CHECK(attributes_of<GemmAttributes>(file) ==
        GemmAttributes{.alpha = 0.5f, .beta = 2, .transpose_a = true, .transpose_b = true});
  CHECK(must(read(file)).nodes[0].inputs.size() == 2);

  OnnxFile odd;
  odd.input("x", {3, 3}).ones("w", {3, 3}, 9);
  odd.node("Gemm", {"x", "w"}, {"y"}, with({int_attribute("transA", 2)}));
  check_error(read(odd), ErrorCode::kInvalidModel, "transA");
}

TEST_CASE("Clip's bounds are attributes until opset 10 and inputs from 11 on") {
  const auto clip = [](int64_t opset, std::vector<WireWriter> attributes,
                       std::vector<std::string> inputs) {
    OnnxFile file(opset);
    file.input("x", {"N"}).floats("low", {}, {-1}).floats("high", {1}, {6});
    return file.node("Clip", inputs, {"y"}, with(std::move(attributes)));
  };
  CHECK(attributes_of<ClipAttributes>(
            clip(10, {float_attribute("min", -1), float_attribute("max", 6)}, {"x"})) ==
        ClipAttributes{-1, 6});
  CHECK(attributes_of<ClipAttributes>(clip(10, {}, {"x"})) == ClipAttributes{});
  CHECK(attributes_of<ClipAttributes>(clip(11, {}, {"x", "low", "high"})) == ClipAttributes{-1, 6});
  CHECK(attributes_of<ClipAttributes>(clip(13, {}, {"x", "", "high"})) ==
        ClipAttributes{-kInfinity, 6});
  CHECK(attributes_of<ClipAttributes>(clip(13, {}, {"x", "low"})) == ClipAttributes{-1, kInfinity});
  check_error(read(clip(11, {float_attribute("min", -1)}, {"x"})), ErrorCode::kUnsupportedFeature,
              "'min'");
  check_error(read(clip(10, {}, {"x", "low"})), ErrorCode::kInvalidModel, "one input");
  check_error(read(clip(13, {}, {"x", "x"})), ErrorCode::kUnsupportedFeature,
              "min must be a constant");
  check_error(read(clip(13, {}, {"x", "low", "high", "high"})), ErrorCode::kInvalidModel,
              "4 inputs");
  check_error(
      read(clip(10, {float_attribute("max", std::numeric_limits<float>::quiet_NaN())}, {"x"})),
      ErrorCode::kInvalidModel, "not a number");
}

TEST_CASE("pools read their attributes") {
  const auto average = attributes_of<PoolAttributes>(
      image(19).node("AveragePool", {"x"}, {"y"},
                     with({ints_attribute("kernel_shape", {2, 3}),
                           ints_attribute("strides", {2, 1}), ints_attribute("pads", {0, 1, 0, 1}),
                           int_attribute("ceil_mode", 1), int_attribute("count_include_pad", 1)})));
  CHECK(average == PoolAttributes{.window = {.kernel = {2, 3},
                                             .stride = {2, 1},
                                             .dilation = {1, 1},
                                             .padding = {0, 1, 0, 1}},
                                  .ceil_mode = true,
                                  .count_include_pad = true});
  const WireWriter kernel = ints_attribute("kernel_shape", {2, 2});
  CHECK(attributes_of<PoolAttributes>(image().node(
            "MaxPool", {"x"}, {"y"}, with({kernel, int_attribute("storage_order", 0)}))) ==
        PoolAttributes{.window = window_of({2, 2})});
  check_error(read(image().node("MaxPool", {"x"}, {"y"}, with({}))), ErrorCode::kInvalidModel,
              "kernel_shape");
  check_error(
      read(image().node("MaxPool", {"x"}, {"y"}, with({ints_attribute("kernel_shape", {})}))),
      ErrorCode::kInvalidModel, "kernel_shape");
  check_error(read(image().node("MaxPool", {"x"}, {"y"},
                                with({kernel, int_attribute("storage_order", 1)}))),
              ErrorCode::kUnsupportedFeature, "storage_order");
  OnnxFile indices = image();
  indices.node("MaxPool", {"x"}, {"y", "indices"}, with({kernel}));
  CHECK(must(read(indices)).nodes.size() == 1);
  check_error(read(indices.output("indices")), ErrorCode::kUnsupportedFeature, "'indices'");
}

TEST_CASE("BatchNormalization is read for inference only") {
  const auto norm = [](int64_t opset, std::vector<WireWriter> attributes,
                       std::vector<std::string> outputs = {"y"}) {
    OnnxFile file(opset);
    file.input("x", {"N", 2});
    for (const char* name : {"s", "b", "m", "v"}) file.ones(name, {2}, 2);
    return file.node("BatchNormalization", {"x", "s", "b", "m", "v"}, outputs,
                     with(std::move(attributes)));
  };
  CHECK(attributes_of<BatchNormalizationAttributes>(norm(7, {int_attribute("spatial", 1)})) ==
        BatchNormalizationAttributes{});
  CHECK(attributes_of<BatchNormalizationAttributes>(
            norm(15, {float_attribute("epsilon", 1e-3f), float_attribute("momentum", 0.5f),
                      int_attribute("training_mode", 0)})) ==
        BatchNormalizationAttributes{.epsilon = 1e-3f, .momentum = 0.5f});
  check_error(read(norm(7, {int_attribute("spatial", 0)})), ErrorCode::kUnsupportedFeature,
              "spatial");
  check_error(read(norm(14, {int_attribute("training_mode", 1)})), ErrorCode::kUnsupportedFeature,
              "training_mode");
  check_error(read(norm(9, {}, {"y", "mean"}).output("mean")), ErrorCode::kUnsupportedFeature,
              "'mean'");
}

TEST_CASE("Dropout's ratio does not matter and its mask is true, training does") {
  const auto dropout = [](int64_t opset, std::vector<std::string> inputs, bool mode = false) {
    OnnxFile file(opset);
    file.input("x", {"N"}).floats("ratio", {}, {0.5f});
    file.initializer(raw_tensor<uint8_t>("mode", kOnnxBool, {}, {mode ? uint8_t{1} : uint8_t{0}}));
    return file.node("Dropout", inputs, {"y", "mask"}, {.name = "n"});
  };
  CHECK(must(read(dropout(7, {"x"}))).nodes[0].inputs.size() == 1);
  CHECK(must(read(dropout(13, {"x", "ratio", "mode"}))).nodes[0].inputs.size() == 1);
  check_error(read(dropout(13, {"x", "ratio", "mode"}, true)), ErrorCode::kUnsupportedFeature,
              "training_mode");
  check_error(read(dropout(13, {"x", "", "x"})), ErrorCode::kUnsupportedFeature, "training_mode");
  // Before opset 10 the mask is real.
  check_error(read(dropout(7, {"x"}).output("mask")), ErrorCode::kUnsupportedFeature, "'mask'");
  const Graph masked = must(read(dropout(13, {"x"}).output("mask")));
  REQUIRE(masked.nodes.size() == 2);
  CHECK(masked.nodes[1].op == Op::kExpand);
  const Value& mask = masked.value(masked.nodes[1].output);
  CHECK(mask.dtype == DType::kBool);
  CHECK(mask.shape == masked.value(masked.inputs[0]).shape);
}

TEST_CASE("Softmax before opset 13 is over one axis where all others from there on are 1") {
  const auto softmax = [](int64_t opset, const std::vector<OnnxDim>& dims,
                          std::vector<WireWriter> attributes) {
    OnnxFile file(opset);
    return file.input("x", dims).node("Softmax", {"x"}, {"y"}, with(std::move(attributes)));
  };
  const auto axis_of = [&](int64_t opset, const std::vector<OnnxDim>& dims,
                           std::vector<WireWriter> attributes) {
    return attributes_of<AxisAttributes>(softmax(opset, dims, std::move(attributes))).axis;
  };
  CHECK(axis_of(13, {"N", 5}, {}) == -1);
  CHECK(axis_of(13, {"N", 5, 3}, {int_attribute("axis", 1)}) == 1);
  CHECK(axis_of(11, {"N", 5}, {}) == 1);
  CHECK(axis_of(11, {"N", 5, 1, 1}, {}) == 1);
  CHECK(axis_of(11, {"N", 1, 1, 5}, {}) == 3);
  CHECK(axis_of(11, {"N", 5, 3}, {int_attribute("axis", -1)}) == 2);
  CHECK(axis_of(11, {1, 1}, {}) == 1);
}

TEST_CASE("Functions of one value have ONNX's defaults, and read the attributes they have") {
  const auto file = [](const char* op, std::vector<WireWriter> attributes, int64_t opset = 20) {
    return OnnxFile(opset).input("x", {"N"}).node(op, {"x"}, {"y"}, with(std::move(attributes)));
  };
  const auto parameters = [&](const char* op, std::vector<WireWriter> attributes) {
    return attributes_of<UnaryAttributes>(file(op, std::move(attributes))).parameters;
  };
  CHECK(parameters("LeakyRelu", {}) == UnaryParameters{0.01f, 0});
  CHECK(parameters("Elu", {}) == UnaryParameters{1, 0});
  CHECK(parameters("Selu", {}) ==
        UnaryParameters{1.67326319217681884765625f, 1.05070102214813232421875f});
  CHECK(parameters("HardSigmoid", {}) == UnaryParameters{0.2f, 0.5f});
  CHECK(parameters("LeakyRelu", {float_attribute("alpha", 0.3f)}) == UnaryParameters{0.3f, 0});
  CHECK(parameters("Selu", {float_attribute("gamma", 2), float_attribute("alpha", 3)}) ==
        UnaryParameters{3, 2});
  CHECK(parameters("HardSigmoid", {float_attribute("beta", 0.25f)}) ==
        UnaryParameters{0.2f, 0.25f});
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta)                                   \
  CHECK(must(read(file(#name, {}))).nodes[0].op == Op::k##name);                                \
  check_error(read(file(#name, {float_attribute("slope", 1)})), ErrorCode::kUnsupportedFeature, \
              "'slope'");
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
  check_error(read(file("Elu", {float_attribute("gamma", 1)})), ErrorCode::kUnsupportedFeature,
              "'gamma'");
  check_error(read(file("Elu", {float_attribute("alpha", kInfinity)})), ErrorCode::kInvalidModel,
              "not finite");
}

TEST_CASE("Functions of one value are refused before their opset, and Gelu has two forms") {
  const auto file = [](const char* op, int64_t opset, std::vector<WireWriter> attributes) {
    return OnnxFile(opset).input("x", {"N"}).node(op, {"x"}, {"y"}, with(std::move(attributes)));
  };
  const std::pair<const char*, int64_t> first_opsets[] = {
      {"Erf", 9}, {"HardSwish", 14}, {"Mish", 18}, {"Gelu", 20}};
  for (const auto& [op, opset] : first_opsets) {
    CHECK(read(file(op, opset, {})).ok());
    check_error(read(file(op, opset - 1, {})), ErrorCode::kInvalidModel, "it needs opset");
  }
  const auto is_approximate = [&](std::vector<WireWriter> attributes) {
    return attributes_of<UnaryAttributes>(file("Gelu", 20, std::move(attributes))).approximate;
  };
  CHECK_FALSE(is_approximate({}));
  CHECK_FALSE(is_approximate({text_attribute("approximate", "none")}));
  CHECK(is_approximate({text_attribute("approximate", "tanh")}));
  check_error(read(file("Gelu", 20, {text_attribute("approximate", "erf")})),
              ErrorCode::kInvalidModel, "'erf'");
}

TEST_CASE("Flatten and Concat read their axis, which Concat must have") {
  CHECK(attributes_of<AxisAttributes>(image().node("Flatten", {"x"}, {"y"})).axis == 1);
  CHECK(attributes_of<AxisAttributes>(
            image().node("Flatten", {"x"}, {"y"}, with({int_attribute("axis", -2)})))
            .axis == -2);
  CHECK(attributes_of<AxisAttributes>(
            image().node("Concat", {"x", "x"}, {"y"}, with({int_attribute("axis", 3)})))
            .axis == 3);
  check_error(read(image().node("Concat", {"x", "x"}, {"y"}, with({}))), ErrorCode::kInvalidModel,
              "axis");
}

TEST_CASE("Reshape's shape comes from an initializer or a Constant, never from data") {
  const auto reshape = [](OnnxFile file, const std::vector<std::string>& inputs,
                          std::vector<WireWriter> attributes = {}) {
    return file.input("x", {2, 6}).node("Reshape", inputs, {"y"}, with(std::move(attributes)));
  };
  CHECK(attributes_of<ReshapeAttributes>(reshape(OnnxFile(14).int64s("s", {0, -1, 2}), {"x", "s"},
                                                 {int_attribute("allowzero", 0)})) ==
        ReshapeAttributes{.shape = {0, -1, 2}});
  CHECK(attributes_of<ReshapeAttributes>(
            reshape(OnnxFile(17).int64s("s", {3, 4}), {"x", "s"}, {int_attribute("allowzero", 1)}))
            .allow_zero);
  OnnxFile constant;
  constant.node("Constant", {}, {"s"}, with({ints_attribute("value_ints", {4, 3})}));
  const Graph graph = must(read(reshape(constant, {"x", "s"})));
  CHECK(graph.nodes.size() == 1);
  CHECK(graph.value(graph.nodes[0].output).shape == Shape{4, 3});

  check_error(read(reshape(OnnxFile(), {"x"})), ErrorCode::kInvalidModel, "no input shape");
  check_error(read(reshape(OnnxFile(), {"x", "x"})), ErrorCode::kUnsupportedFeature,
              "depends on data");
  check_error(read(reshape(OnnxFile().floats("s", {2}, {3, 4}), {"x", "s"})),
              ErrorCode::kInvalidModel, "list of integers");
}

TEST_CASE("Reshape's shape may be computed from a symbolic dimension, which stays one") {
  OnnxFile file(15);
  file.input("x", {"N", 2, 6}).int64s("rest", {12});
  file.node("Shape", {"x"}, {"n"}, {.attributes = {int_attribute("end", 1)}});
  file.node("Concat", {"n", "rest"}, {"s"}, {.attributes = {int_attribute("axis", 0)}});
  file.node("Reshape", {"x", "s"}, {"y"}, with({}));
  CHECK(attributes_of<ReshapeAttributes>(file) == ReshapeAttributes{.shape = {0, 12}});
  CHECK(must(read(file)).value(must(read(file)).outputs[0]).shape == Shape{-1, 12});
}

TEST_CASE(
    "attributes that an operator does not have, or has twice or of another type, are errors") {
  check_error(read(image().node("Relu", {"x"}, {"y"}, with({int_attribute("slope", 1)}))),
              ErrorCode::kUnsupportedFeature, "'slope'");
  check_error(read(image().node("Flatten", {"x"}, {"y"},
                                with({int_attribute("axis", 1), int_attribute("axis", 2)}))),
              ErrorCode::kInvalidModel, "twice");
  check_error(read(image().node("Flatten", {"x"}, {"y"}, with({float_attribute("axis", 1)}))),
              ErrorCode::kInvalidModel, "wrong type");
}

TEST_CASE("too many inputs are an error") {
  check_error(read(image().node("Relu", {"x", "x"}, {"y"}, with({}))), ErrorCode::kInvalidModel,
              "2 inputs");
}
