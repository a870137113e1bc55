#include "formats/onnx_writer.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "formats/onnx_model_writer.h"
#include "formats/onnx_reader.h"
#include "graph/type_rules.h"
#include "graph/validate.h"
#include "qmath/quantize.h"

namespace lowbit {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What QuantizeLinear saturates to; validate() has seen that activations are uint8.
constexpr int32_t kLeast = 0;
constexpr int32_t kGreatest = activation_qmax(8);

// The bounds of an activation that cut into the range of the node's integers; an infinity where
// saturation does it already.
ClipAttributes cutting_bounds(const ClipAttributes& activation, const QuantParams& q) {
  const auto integer = [&](float x) {
    return quantize(x, q.scale[0], q.zero_point[0], q.qmin, q.qmax);
  };
  ClipAttributes bounds;
  if (integer(activation.min) > q.qmin) bounds.min = activation.min;
  if (integer(activation.max) < q.qmax) bounds.max = activation.max;
  return bounds;
}

// The bounds whose integers are the ends of a range that is narrower than that of QuantizeLinear.
ClipAttributes bounds_of_range(const QuantParams& q) {
  ClipAttributes bounds;
  if (q.qmin > kLeast) bounds.min = dequantize(q.qmin, q.scale[0], q.zero_point[0]);
  if (q.qmax < kGreatest) bounds.max = dequantize(q.qmax, q.scale[0], q.zero_point[0]);
  return bounds;
}

bool fits_int16(std::span<const int32_t> integers) {
  return std::ranges::all_of(integers, [](int32_t q) { return q == static_cast<int16_t>(q); });
}

enum class Written : uint8_t { kYes, kNo };
enum class Narrowed : uint8_t { kYes, kNo };

void write_window(const WindowAttributes& window, Written kernel_shape, AttributeWriter& out) {
  if (window.auto_pad == AutoPad::kSameUpper) out.text("auto_pad", "SAME_UPPER");
  if (window.auto_pad == AutoPad::kSameLower) out.text("auto_pad", "SAME_LOWER");
  if (window.auto_pad == AutoPad::kValid) out.text("auto_pad", "VALID");
  if (window.dilation != Spatial{}) {
    out.integers("dilations", std::array{window.dilation.h, window.dilation.w});
  }
  if (kernel_shape == Written::kYes) {
    out.integers("kernel_shape", std::array{window.kernel.h, window.kernel.w});
  }
  if (window.auto_pad == AutoPad::kNotSet && window.padding != Padding{}) {
    out.integers("pads", std::array{window.padding.top, window.padding.left, window.padding.bottom,
                                    window.padding.right});
  }
  if (window.stride != Spatial{}) {
    out.integers("strides", std::array{window.stride.h, window.stride.w});
  }
}

// Attributes that have ONNX's default are left out, except where the default depends on the opset,
// and the kernel's shape in a float Conv, which exporters write too.
class AttributesOf {
 public:
  AttributesOf(Op op, bool is_integer, AttributeWriter& out)
      : op_(op), is_integer_(is_integer), out_(out) {}

  void operator()(const NoAttributes&) const {}
  // The bounds are inputs, as Reshape's shape is.
  void operator()(const ClipAttributes&) const {}
  void operator()(const ConvAttributes& conv) const {
    if (conv.groups != 1) out_.integer("group", conv.groups);
    write_window(conv.window, is_integer_ ? Written::kNo : Written::kYes, out_);
  }
  void operator()(const GemmAttributes& gemm) const {
    if (gemm.alpha != 1.0f) out_.real("alpha", gemm.alpha);
    if (gemm.beta != 1.0f) out_.real("beta", gemm.beta);
    if (gemm.transpose_a) out_.integer("transA", 1);
    if (gemm.transpose_b) out_.integer("transB", 1);
  }
  void operator()(const PoolAttributes& pool) const {
    if (pool.ceil_mode) out_.integer("ceil_mode", 1);
    if (pool.count_include_pad && op_ == Op::kAveragePool) out_.integer("count_include_pad", 1);
    write_window(pool.window, Written::kYes, out_);
  }
  void operator()(const BatchNormalizationAttributes& norm) const {
    constexpr BatchNormalizationAttributes kDefault;
    if (norm.epsilon != kDefault.epsilon) out_.real("epsilon", norm.epsilon);
    if (norm.momentum != kDefault.momentum) out_.real("momentum", norm.momentum);
  }
  void operator()(const AxisAttributes& axis) const { out_.integer("axis", axis.axis); }
  void operator()(const ReshapeAttributes& reshape) const {
    if (reshape.allow_zero) out_.integer("allowzero", 1);
  }
  // The axes are an input.
  void operator()(const AxesAttributes&) const {}
  void operator()(const CastAttributes& cast) const {
    out_.integer("to",
                 static_cast<int64_t>(cast.to_half ? OnnxType::kFloat16 : onnx_type(cast.to)));
  }
  void operator()(const ShapeAttributes& shape) const {
    constexpr ShapeAttributes kDefault;
    if (shape.end != kDefault.end) out_.integer("end", shape.end);
    if (shape.start != kDefault.start) out_.integer("start", shape.start);
  }
  void operator()(const UnaryAttributes& unary) const {
    const UnaryInfo& info = unary_info(*unary_function(op_));
    const auto [alpha, beta] = unary.parameters;
    if (!info.alpha_name.empty() && alpha != info.alpha) out_.real(info.alpha_name, alpha);
    if (unary.approximate && op_ == Op::kGelu) out_.text("approximate", "tanh");
    if (!info.beta_name.empty() && beta != info.beta) out_.real(info.beta_name, beta);
  }

 private:
  Op op_;
  bool is_integer_;
  AttributeWriter& out_;
};

class GraphWriter {
 public:
  explicit GraphWriter(const Graph& graph)
      : graph_(graph),
        model_(graph),
        reals_(graph.values.size()),
        is_written_(graph.values.size()),
        is_read_as_real_(graph.values.size()) {
    for (const Node& node : graph.nodes) {
      if (node.op == Op::kDequantizeLinear) continue;
      for (const ValueId id : node.inputs) {
        if (id != kNoValue) is_read_as_real_[static_cast<size_t>(id)] = true;
      }
    }
  }

  std::vector<std::byte> run() && {
    for (const Node& node : graph_.nodes) {
      if (node.op == Op::kQuantizeLinear) {
        write_quantized(name_of(node.inputs[0]), node.output, node.name, Narrowed::kYes);
      } else if (node.op == Op::kDequantizeLinear) {
        write_dequantize(name_of(node.inputs[0]), node.inputs[0], name_of(node.output), node.name);
      } else {
        write_node(node);
      }
    }
    return std::move(model_).finish();
  }

 private:
  const std::string& name_of(ValueId id) const { return graph_.value(id).name; }

  void write_node(const Node& node) {
    NodeText text{.op = op_info(node.op).name, .name = node.name};
    for (size_t i = 0; i < node.inputs.size(); ++i) text.inputs.push_back(real_input(node, i));
    if (const auto* clip = std::get_if<ClipAttributes>(&node.attributes)) {
      add_clip_inputs(*clip, text);
    }
    if (const auto* reshape = std::get_if<ReshapeAttributes>(&node.attributes)) {
      text.inputs.push_back(integers(reshape->shape));
    }
    if (const auto* axes = std::get_if<AxesAttributes>(&node.attributes)) {
      if (!axes->axes.empty()) text.inputs.push_back(integers(axes->axes));
    }
    const Value& output = graph_.value(node.output);
    AttributeWriter attributes;
    std::visit(AttributesOf(node.op, output.quant.has_value(), attributes), node.attributes);

    const auto* const cast = std::get_if<CastAttributes>(&node.attributes);
    const bool is_half = cast && cast->to_half;
    const bool is_direct = !output.quant && node.activation == ClipAttributes{} && !is_half;
    text.output = is_direct ? output.name : model_.fresh_name('r');
    model_.node(text, attributes);
    if (output.quant) {
      std::string real = text.output;
      const ClipAttributes bounds = cutting_bounds(node.activation, *output.quant);
      if (bounds != ClipAttributes{}) real = write_clip(real, model_.fresh_name('r'), bounds);
      // The integers of these are some of their input's.
      const bool keeps_range = (only_moves_values(node.op) || node.op == Op::kRelu) &&
                               output.quant == graph_.value(node.inputs[0]).quant;
      write_quantized(real, node.output, {}, keeps_range ? Narrowed::kNo : Narrowed::kYes);
    } else if (is_half) {
      // What reads it computes in float32.
      AttributeWriter back;
      back.integer("to", static_cast<int64_t>(OnnxType::kFloat));
      model_.node({.op = "Cast", .inputs = {text.output}, .output = output.name}, back);
    } else if (!is_direct) {
      write_clip(text.output, output.name, node.activation);
    }
  }

  // The float value that an operator reads: behind a DequantizeLinear when it is quantized.
  std::string real_input(const Node& node, size_t i) {
    const ValueId id = node.inputs[i];
    if (id == kNoValue) return {};
    const Value& value = graph_.value(id);
    if (value.constant && !is_written_[static_cast<size_t>(id)]) {
      is_written_[static_cast<size_t>(id)] = true;
      write_constant(value);
    }
    if (!value.quant) return value.name;
    std::string& real = reals_[static_cast<size_t>(id)];
    if (real.empty()) {
      real = model_.fresh_name('d');
      if (value.dtype == DType::kI32) {
        write_dequantized_bias(node, id, real);
      } else {
        write_dequantize(value.name, id, real, {}, zero_point_of_input(node, i));
      }
    }
    return real;
  }

  void write_constant(const Value& value) {
    const Tensor& tensor = *value.constant;
    const std::span<const int64_t> dims = tensor.shape().dims();
    if (tensor.dtype() != DType::kI32 || !fits_int16(tensor.data<int32_t>())) {
      model_.initializer(value.name, onnx_type(tensor.dtype()), dims,
                         {tensor.raw(), tensor.byte_count()});
      return;
    }
    const std::span<const int32_t> bias = tensor.data<int32_t>();
    const std::vector<int16_t> narrow(bias.begin(), bias.end());
    NodeText text{.op = "Cast", .inputs = {model_.fresh_name('b')}, .output = value.name};
    model_.initializer(text.inputs[0], OnnxType::kInt16, dims, std::as_bytes(std::span(narrow)));
    AttributeWriter attributes;
    attributes.integer("to", static_cast<int64_t>(OnnxType::kInt32));
    model_.node(text, attributes);
  }

  void add_clip_inputs(const ClipAttributes& clip, NodeText& text) {
    const bool has_min = clip.min > -kInfinity;
    const bool has_max = clip.max < kInfinity;
    if (has_min || has_max) text.inputs.push_back(has_min ? bound(clip.min) : std::string());
    if (has_max) text.inputs.push_back(bound(clip.max));
  }

  std::string integers(const std::vector<int64_t>& values) {
    const std::array dims{static_cast<int64_t>(values.size())};
    return model_.constant<int64_t>('c', dims, values);
  }

  std::string bound(float value) { return model_.constant<float>('a', {}, std::span(&value, 1)); }

  // Returns the name of its output.
  std::string write_clip(const std::string& input, const std::string& output,
                         const ClipAttributes& clip) {
    NodeText text{.op = "Clip", .inputs = {input}, .output = output};
    if (clip == ClipAttributes{.min = 0.0f}) {
      text.op = "Relu";
    } else {
      add_clip_inputs(clip, text);
    }
    model_.node(text, {});
    return output;
  }

  // The real `input` to the integers of `id`, and back where operators read them.
  void write_quantized(const std::string& input, ValueId id, const std::string& node_name,
                       Narrowed narrowed) {
    const Value& value = graph_.value(id);
    const ClipAttributes range = bounds_of_range(*value.quant);
    NodeText text{.op = "QuantizeLinear", .output = value.name, .name = node_name};
    text.inputs = {input, scale_name(id), zero_point_name(id)};
    if (narrowed == Narrowed::kYes && range != ClipAttributes{}) {
      text.output = model_.fresh_name('q');
      model_.node(text, {});
      const std::string wide = model_.fresh_name('d');
      write_dequantize(text.output, id, wide, {});
      text = {.op = "QuantizeLinear", .output = value.name};
      text.inputs = {write_clip(wide, model_.fresh_name('r'), range), scale_name(id),
                     zero_point_name(id)};
    }
    model_.node(text, {});
    if (!is_read_as_real_[static_cast<size_t>(id)]) return;
    std::string& real = reals_[static_cast<size_t>(id)];
    real = model_.fresh_name('d');
    write_dequantize(value.name, id, real, {});
  }

  // `integers`, which have the parameters of `id`.
  void write_dequantize(const std::string& integers, ValueId id, const std::string& output,
                        const std::string& node_name, Written zero_point = Written::kYes) {
    const Value& value = graph_.value(id);
    NodeText text{.op = "DequantizeLinear", .output = output, .name = node_name};
    text.inputs = {integers, scale_name(id)};
    if (zero_point == Written::kYes) text.inputs.push_back(zero_point_name(id));
    AttributeWriter attributes;
    if (!value.quant->per_tensor() && value.quant->axis != 1) {
      attributes.integer("axis", value.quant->axis);
    }
    if (value.quant->block_size > 0) attributes.integer("block_size", value.quant->block_size);
    model_.node(text, attributes);
  }

  // A zero point of 0 is ONNX's default. Without it ONNX Runtime fuses neither Gemm nor MaxPool,
  // and fails where it turns the weights of a Conv that it does not fuse into uint8; so it is left
  // out for the weights of a Conv that is fused, a byte per channel less. Weights in blocks, or of
  // a node on float activations, are not fused at all.
  Written zero_point_of_input(const Node& node, size_t i) const {
    const Value& output = graph_.value(node.output);
    const Value& input = graph_.value(node.inputs[i]);
    if (input.dtype == DType::kI8 && (!output.quant || input.quant->block_size > 0)) {
      return Written::kNo;
    }
    const bool is_fused_conv = node.op == Op::kConv && i == 1 && output.quant &&
                               cutting_bounds(node.activation, *output.quant) == ClipAttributes{};
    return is_fused_conv ? Written::kNo : Written::kYes;
  }

  void write_dequantized_bias(const Node& node, ValueId bias, const std::string& output) {
    const ValueId weight = node.inputs[1];
    if (graph_.value(weight).quant->block_size > 0) {
      return write_dequantize(name_of(bias), bias, output, {}, Written::kNo);
    }
    NodeText product{.op = "Mul", .output = model_.fresh_name('m')};
    product.inputs = {scale_name(node.inputs[0]), scale_name(weight)};
    model_.node(product, {});
    NodeText text{.op = "DequantizeLinear", .output = output};
    text.inputs = {name_of(bias), product.output};
    AttributeWriter attributes;
    if (!graph_.value(weight).quant->per_tensor()) attributes.integer("axis", 0);
    model_.node(text, attributes);
  }

  std::string scale_name(ValueId id) {
    const Shape shape = dims_of(id);
    const QuantParams& q = *graph_.value(id).quant;
    return model_.constant<float>('s', shape.dims(), q.scale);
  }

  // A weight has its own, because ONNX Runtime refuses a shared one where it turns int8 weights
  // into uint8 (session.x64quantprecision).
  std::string zero_point_name(ValueId id) {
    const Value& value = graph_.value(id);
    const std::vector<int32_t>& zero_point = value.quant->zero_point;
    const Shape shape = dims_of(id);
    const std::span<const int64_t> dims = shape.dims();
    if (value.dtype == DType::kU8) {
      const std::vector<uint8_t> values(zero_point.begin(), zero_point.end());
      return model_.constant<uint8_t>('z', dims, values);
    }
    const std::vector<int8_t> values(zero_point.begin(), zero_point.end());
    std::string name = model_.fresh_name('z');
    model_.initializer(name, OnnxType::kInt8, dims, std::as_bytes(std::span(values)));
    return name;
  }

  // Of a scale or a zero point.
  Shape dims_of(ValueId id) const {
    return scale_shape(*graph_.value(id).quant, graph_.value(id).shape);
  }

  const Graph& graph_;
  ModelWriter model_;
  std::vector<std::string> reals_;  // per value: its name behind DequantizeLinear
  std::vector<bool> is_written_;    // per value: a constant whose initializer is written
  std::vector<bool>
      is_read_as_real_;  // per value: an operator other than DequantizeLinear reads it
};

Status check_writable(const Graph& graph) {
  uint64_t bytes = 0;
  for (const Value& value : graph.values)
    bytes += value.constant ? value.constant->byte_count() : 0;
  if (bytes > kMaxTensorBytes) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("the model's constants take {} bytes; at most {} can be saved",
                                  bytes, kMaxTensorBytes));
  }
  for (const auto* ends : {&graph.inputs, &graph.outputs}) {
    for (const ValueId id : *ends) {
      if (!graph.value(id).quant) continue;
      return make_error(
          ErrorCode::kUnsupportedFeature,
          format_text("'{}' is quantized; inputs and outputs of a saved graph are float32",
                      graph.value(id).name),
          graph.value(id).name);
    }
  }
  return success();
}

}  // namespace

Result<std::vector<std::byte>> write_onnx(const Graph& graph) {
  LOWBIT_TRY(validate(graph));
  LOWBIT_TRY(check_writable(graph));
  return GraphWriter(graph).run();
}

}  // namespace lowbit
