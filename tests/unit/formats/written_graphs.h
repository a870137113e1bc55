// Graphs for tests of write_onnx(), and what it makes of them.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "formats/onnx_proto.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "support/graph_builder.h"
#include "support/integer_weights.h"
#include "support/must.h"

namespace lowbit::test {

inline Graph written_and_read(const Graph& graph, const SaveOptions& options = {}) {
  return must(read_onnx(must(write_onnx(graph, options))));
}

// The operators of the file in order, each with its number of inputs: "Conv3 Relu1".
inline std::string operators_of(const Graph& graph, const SaveOptions& options = {}) {
  const std::vector<std::byte> bytes = must(write_onnx(graph, options));
  const OnnxModel model = must(parse_onnx_model(bytes));
  std::string text;
  for (const OnnxNode& node : model.graph.nodes) {
    text +=
        (text.empty() ? "" : " ") + std::string(node.op_type) + std::to_string(node.inputs.size());
  }
  return text;
}

inline std::vector<OnnxType> initializer_types_of(const std::vector<std::byte>& bytes) {
  const OnnxModel model = must(parse_onnx_model(bytes));
  std::vector<OnnxType> types;
  for (const OnnxTensor& initializer : model.graph.initializers) types.push_back(initializer.type);
  return types;
}

// Every operator in FP32, with attributes off their defaults.
inline Graph float_graph() {
  GraphBuilder b;
  const ValueId x = b.input("image", {b.symbol("batch"), 3, 9, 9});
  ValueId y = b.conv(x, {.channels = 6,
                         .kernel = {3, 2},
                         .stride = {2, 1},
                         .dilation = {1, 2},
                         .padding = {1, 0, 1, 1},
                         .groups = 3});
  y = b.clip(b.batch_norm(y, {.epsilon = 1e-3f}), -1, 6);
  y = b.conv(y,
             {.channels = 6, .kernel = {3, 3}, .auto_pad = AutoPad::kSameUpper, .has_bias = false});
  const ValueId pooled =
      b.max_pool(y, {.kernel = {2, 2}, .padding = {0, 0, 1, 1}, .ceil_mode = true});
  ValueId z =
      b.average_pool(y, {.kernel = {2, 2}, .padding = {0, 0, 1, 1}, .count_include_pad = true});
  z = b.concat({b.add(pooled, z), b.relu(z)}, -3);
  z = b.dropout(b.identity(z));
  const ValueId features = b.flatten(b.global_average_pool(z), 1);
  y = b.gemm(features, {.features = 4, .alpha = 0.5f, .beta = 2, .transpose_b = false});
  y = b.reshape(b.clip(y, -std::numeric_limits<float>::infinity(), 3), {0, 2, -1});
  y = b.matmul(y, 5);
  b.graph().name = "every operator";
  return b.output(b.softmax(y, -1)).output(features).build();
}

// Every operator that has an integer form, as quantize() makes it.
inline Graph integer_graph() {
  GraphBuilder b;
  const ValueId x = b.input("image", {b.symbol("batch"), 2, 8, 8});
  const ValueId q = b.quantize_linear(x, activation_params(0.02f, 128));
  ValueId y = b.conv(q, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}});
  b.set_quant(y, activation_params(0.04f, 0));
  y = b.depthwise_conv(y, {.kernel = {3, 3}, .has_bias = false});
  b.set_quant(y, activation_params(0.05f, 7));
  const ValueId pooled = b.max_pool(y, {.kernel = {2, 2}, .stride = {2, 2}});
  ValueId other = b.average_pool(y, {.kernel = {2, 2}, .stride = {2, 2}});
  b.set_quant(other, activation_params(0.03f, 9));
  y = b.add(pooled, other);
  b.set_quant(y, activation_params(0.06f, 11));
  y = b.concat({y, pooled});
  b.set_quant(y, activation_params(0.07f, 13));
  y = b.relu(y);
  b.set_quant(y, activation_params(0.07f, 0));
  y = b.flatten(b.global_average_pool(y));
  y = b.gemm(y, {.features = 6});
  b.set_quant(y, activation_params(0.1f, 100));
  y = b.reshape(y, {0, 6});
  y = b.matmul(y, 5);
  b.set_quant(y, activation_params(0.2f, 120));
  b.output(b.dequantize_linear(y));
  y = b.softmax(y);
  b.set_quant(y, activation_params(1.0f / 256, 0));
  b.graph().name = "integers";
  Graph graph = b.output(b.dequantize_linear(y)).build();
  // As the law of arithmetic has it; the reader restores it.
  for (Value& value : graph.values) {
    if (!value.quant || value.dtype != DType::kI32) continue;
    value.quant->qmin = -kBiasQmax;
    value.quant->qmax = kBiasQmax;
  }
  return graph;
}

// x -> Conv 1x1 -> y with the given activation and parameters.
inline Graph activated_conv(float min, float max, const QuantParams& params) {
  GraphBuilder b;
  b.graph().name = "activated";
  const ValueId q = b.quantize_linear(b.input("x", {1, 2, 2, 2}), activation_params(0.5f, 0));
  const ValueId y = b.conv(q, {.channels = 2});
  b.set_activation(min, max);
  b.set_quant(y, params);
  return b.output(b.dequantize_linear(y)).build();
}

// What activated_conv() is written as, without Q and DQ at its ends.
inline std::string written_activation(float min, float max, const QuantParams& params) {
  const std::string all = operators_of(activated_conv(min, max, params));
  const std::string before = "Conv3 ";
  const std::string after = "QuantizeLinear3 DequantizeLinear3";
  const size_t begin = all.find(before) + before.size();
  return all.substr(begin, all.rfind(after) - begin);
}

// Three products on float32 or uint8, two of them with weights in groups of 4.
inline Graph graph_of_integer_weights(bool is_integer) {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 8, 6, 6});
  ValueId y = is_integer ? b.quantize_linear(x, activation_params(0.02f, 128)) : x;
  y = b.conv(y, {.channels = 8, .kernel = {3, 3}});
  y = b.depthwise_conv(y, {.kernel = {3, 3}});
  y = b.gemm(b.flatten(y), {.features = 3, .transpose_b = false});
  Graph graph = b.output(is_integer ? b.dequantize_linear(y) : y).build();
  graph.name = "products";
  for (size_t i = 0; i < graph.nodes.size(); ++i) {
    if (graph.nodes[i].inputs.size() < 2) continue;  // no weights
    set_integer_weights(graph, i, {.bits = 4, .group_size = 4});
  }
  return graph;
}

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace lowbit::test
