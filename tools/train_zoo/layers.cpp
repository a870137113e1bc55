#include "layers.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "graph/shape_inference.h"

namespace lowbit::zoo {

namespace {

constexpr int64_t kImageSize = 28;

}  // namespace

Layers::Layers(std::string name, uint64_t seed) : random_(seed) {
  graph_.name = std::move(name);
  graph_.symbols = {"batch"};
  const int64_t batch = -1;  // the first symbol
  graph_.inputs = {
      graph_.add_value({.name = "image", .shape = {batch, 1, kImageSize, kImageSize}})};
  set_width(image(), 1);
}

void Layers::set_width(ValueId id, int64_t width) {
  widths_.resize(graph_.values.size(), 0);
  widths_[static_cast<size_t>(id)] = width;
}

// Box and Muller 1958.
float Layers::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - double{random_.uniform()}));
  const double angle = 2.0 * std::numbers::pi * double{random_.uniform()};
  return static_cast<float>(radius * std::cos(angle));
}

ValueId Layers::node(Op op, const std::string& name, std::vector<ValueId> inputs,
                     Attributes attributes, const std::string& output) {
  const ValueId id = graph_.add_value({.name = output.empty() ? name : output});
  set_width(id, width(inputs.front()));
  graph_.nodes.push_back({.op = op,
                          .name = name,
                          .inputs = std::move(inputs),
                          .output = id,
                          .attributes = std::move(attributes)});
  return id;
}

ValueId Layers::weights(const std::string& name, const Shape& shape, int64_t fan_in) {
  auto tensor = Tensor::allocate(DType::kF32, shape);
  if (!tensor) {
    status_ = std::move(tensor).failure();
    return graph_.add_value({.name = name, .shape = shape});
  }
  const float deviation = std::sqrt(2.0f / static_cast<float>(fan_in));
  for (float& weight : tensor->mutable_data<float>()) weight = deviation * normal();
  return graph_.add_value({.name = name, .shape = shape, .constant = std::move(tensor).value()});
}

ValueId Layers::filled(const std::string& name, int64_t count, float value) {
  auto tensor = Tensor::allocate(DType::kF32, {count});
  if (!tensor) {
    status_ = std::move(tensor).failure();
    return graph_.add_value({.name = name, .shape = {count}});
  }
  std::ranges::fill(tensor->mutable_data<float>(), value);
  return graph_.add_value({.name = name, .shape = {count}, .constant = std::move(tensor).value()});
}

ValueId Layers::conv(const std::string& name, ValueId x, const ConvLayer& layer) {
  const int64_t group_inputs = width(x) / layer.groups;
  std::vector<ValueId> inputs = {
      x, weights(name + ".weight", {layer.channels, group_inputs, layer.kernel, layer.kernel},
                 group_inputs * layer.kernel * layer.kernel)};
  if (layer.has_bias) inputs.push_back(filled(name + ".bias", layer.channels, 0.0f));
  const int64_t pad = layer.padding;
  const ConvAttributes attributes{.window = {.kernel = {layer.kernel, layer.kernel},
                                             .stride = {layer.stride, layer.stride},
                                             .dilation = {1, 1},
                                             .padding = {pad, pad, pad, pad}},
                                  .groups = layer.groups};
  const ValueId y = node(Op::kConv, name, std::move(inputs), attributes);
  set_width(y, layer.channels);
  return y;
}

ValueId Layers::batch_norm(const std::string& name, ValueId x) {
  const int64_t channels = width(x);
  return node(Op::kBatchNormalization, name,
              {x, filled(name + ".scale", channels, 1.0f), filled(name + ".bias", channels, 0.0f),
               filled(name + ".mean", channels, 0.0f), filled(name + ".variance", channels, 1.0f)},
              BatchNormalizationAttributes{});
}

ValueId Layers::relu(const std::string& name, ValueId x) {
  return node(Op::kRelu, name, {x}, NoAttributes{});
}

ValueId Layers::relu6(const std::string& name, ValueId x) {
  return node(Op::kClip, name, {x}, ClipAttributes{.min = 0.0f, .max = 6.0f});
}

ValueId Layers::add(const std::string& name, ValueId a, ValueId b) {
  return node(Op::kAdd, name, {a, b}, NoAttributes{});
}

ValueId Layers::max_pool2(const std::string& name, ValueId x) {
  return node(
      Op::kMaxPool, name, {x},
      PoolAttributes{
          .window = {.kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}, .padding = {}}});
}

ValueId Layers::global_average_pool(const std::string& name, ValueId x) {
  return node(Op::kGlobalAveragePool, name, {x}, NoAttributes{});
}

ValueId Layers::flatten(const std::string& name, ValueId x) {
  const ValueId y = node(Op::kFlatten, name, {x}, AxisAttributes{});
  // How many features there are is what shape inference says.
  graph_.outputs = {y};
  auto inferred = infer_shapes(graph_);
  if (!inferred) {
    status_ = std::move(inferred).failure();
    return y;
  }
  graph_ = std::move(inferred).value();
  set_width(y, graph_.value(y).shape[1]);
  return y;
}

ValueId Layers::fc(const std::string& name, ValueId x, int64_t features,
                   const std::string& output) {
  const ValueId y = node(Op::kGemm, name,
                         {x, weights(name + ".weight", {features, width(x)}, width(x)),
                          filled(name + ".bias", features, 0.0f)},
                         GemmAttributes{.transpose_b = true}, output);
  set_width(y, features);
  return y;
}

Result<Graph> Layers::build(ValueId output) && {
  LOWBIT_TRY(std::move(status_));
  graph_.outputs = {output};
  return infer_shapes(graph_);
}

}  // namespace lowbit::zoo
