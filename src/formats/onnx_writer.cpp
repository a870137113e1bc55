#include "formats/onnx_writer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/text.h"
#include "formats/onnx_model_writer.h"
#include "formats/onnx_node_writer.h"
#include "formats/onnx_qlinear.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_storage.h"
#include "formats/onnx_write_parameters.h"
#include "graph/product_weights.h"
#include "graph/rewrites.h"
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

// Whether a node of integers has an operator of integers in which ONNX Runtime computes the same.
bool has_operator_form(const Graph& graph, const Node& node) {
  const Value& output = graph.value(node.output);
  if (!output.quant) return false;
  // ONNX's Dropout is one of reals, and so is what a Pad is filled with here.
  if (only_moves_values(node.op)) return node.op != Op::kDropout && node.op != Op::kPad;
  if (!qlinear_form(node.op) ||
      cutting_bounds(node.activation, *output.quant) != ClipAttributes{}) {
    return false;
  }
  if (const auto* pool = std::get_if<PoolAttributes>(&node.attributes)) {
    return pool->window.dilation == Spatial{};
  }
  if (!is_product(node.op)) return true;
  const Value& weight = graph.value(node.inputs[1]);
  const bool is_matrix = weight.shape.rank() == 2 || weight.quant->per_tensor();
  return weight.quant->block_size == 0 && (node.op == Op::kConv || is_matrix);
}

enum class Written : uint8_t { kYes, kNo };
enum class Narrowed : uint8_t { kYes, kNo };

class GraphWriter {
 public:
  GraphWriter(const Graph& graph, const SaveOptions& options)
      : graph_(graph),
        options_(options),
        model_(graph, storage_opset(graph, options)),
        reals_(graph.values.size()),
        is_written_(graph.values.size()),
        is_read_as_real_(graph.values.size()),
        is_dequantized_(graph.values.size()),
        is_guarding_(graph.values.size()) {
    for (const Node& node : graph.nodes) {
      is_dequantized_[static_cast<size_t>(node.output)] =
          is_border(node) && node.op == Op::kDequantizeLinear;
      if (needs_guard(node) && has_bias(node)) {
        is_guarding_[static_cast<size_t>(node.inputs[2])] = true;
      }
      if ((is_border(node) && node.op == Op::kDequantizeLinear) || is_operator(node)) continue;
      for (const ValueId id : node.inputs) {
        if (id != kNoValue) is_read_as_real_[static_cast<size_t>(id)] = true;
      }
    }
  }

  std::vector<std::byte> run() && {
    for (const ValueId id : graph_.inputs) {
      if (graph_.value(id).quant) finish_integers(name_of(id), id);
    }
    for (const Node& node : graph_.nodes) {
      if (!is_border(node)) {
        write_node(node);
      } else if (node.op == Op::kQuantizeLinear) {
        write_quantized(name_of(node.inputs[0]), node.output, node.name, Narrowed::kYes);
      } else {
        write_dequantize(name_of(node.inputs[0]), node.inputs[0], name_of(node.output), node.name);
      }
    }
    return std::move(model_).finish();
  }

 private:
  const std::string& name_of(ValueId id) const { return graph_.value(id).name; }

  // Between reals and integers that carry their parameters.
  static bool is_border(const Node& node) {
    const bool converts = node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear;
    return converts && node.inputs.size() == 1;
  }

  // Written in the operator form.
  bool is_operator(const Node& node) const {
    return options_.form == SaveForm::kOperators && has_operator_form(graph_, node);
  }

  static bool has_bias(const Node& node) {
    return node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  }

  // Whether ONNX Runtime would make integers of the float weights, for they stand between integers:
  // it does so where the bias is an initializer of rank 1, or missing.
  bool needs_guard(const Node& node) const {
    if (node.op != Op::kConv && node.op != Op::kConvTranspose && node.op != Op::kGemm) return false;
    const auto is_real_constant = [&](ValueId id) {
      return graph_.value(id).constant && !graph_.value(id).quant;
    };
    return is_dequantized_[static_cast<size_t>(node.inputs[0])] &&
           is_real_constant(node.inputs[1]) &&
           (!has_bias(node) ||
            (is_real_constant(node.inputs[2]) && graph_.value(node.inputs[2]).shape.rank() == 1));
  }

  // The bias of such a node, as a DequantizeLinear: its signs, times scales that are its values.
  void write_guarding_bias(const std::string& name, std::span<const float> bias) {
    std::vector<int32_t> signs;
    std::vector<float> scales;
    for (const float value : bias) {
      const bool is_zero = std::abs(value) < std::numeric_limits<float>::min();
      signs.push_back(is_zero ? 0 : value < 0 ? -1 : 1);
      scales.push_back(is_zero ? 1.0f : std::abs(value));
    }
    const std::array<int64_t, 1> dims{std::ssize(bias)};
    NodeText text{.op = "DequantizeLinear", .output = name};
    text.inputs = {model_.constant<int32_t>('b', dims, signs),
                   model_.constant<float>('s', dims, scales)};
    AttributeWriter attributes;
    attributes.integer("axis", 0);
    model_.node(text, attributes);
  }

  void write_node(const Node& node) {
    const bool is_integer = is_operator(node);
    const QLinearForm* const form = is_integer ? qlinear_form(node.op) : nullptr;
    NodeText text{.op = op_info(node.op).name, .name = node.name};
    if (form) {
      text.op = form->name;
      text.domain = form->domain;
      add_operands(node, *form, text);
    } else {
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        text.inputs.push_back(is_integer ? integer_input(node, i) : real_input(node, i));
      }
    }
    if (needs_guard(node) && !has_bias(node)) {
      const int64_t channels = graph_.value(node.output).shape[1];
      text.inputs.resize(3);
      text.inputs[2] = model_.fresh_name('d');
      write_guarding_bias(text.inputs[2], std::vector<float>(static_cast<size_t>(channels)));
    }
    if (const auto* clip = std::get_if<ClipAttributes>(&node.attributes)) {
      add_clip_inputs(*clip, text);
    }
    add_parameter_inputs(graph_, node, model_, text);
    const Value& output = graph_.value(node.output);
    AttributeWriter attributes;
    write_attributes(node, {model_.opset(), output.quant.has_value()}, attributes);

    // The integers of these are some of their input's.
    const bool keeps_range = output.quant && (only_moves_values(node.op) || node.op == Op::kRelu) &&
                             output.quant == graph_.value(node.inputs[0]).quant;
    const Narrowed narrowed = keeps_range ? Narrowed::kNo : Narrowed::kYes;
    if (is_integer) {
      if (node.op == Op::kSoftmax) attributes.integer("opset", 13);  // the first of its meaning
      text.output = integers_name(node.output, narrowed);
      model_.node(text, attributes);
      return finish_integers(text.output, node.output);
    }
    const auto* const cast = std::get_if<CastAttributes>(&node.attributes);
    const bool is_half = cast && cast->to_half;
    const bool is_direct = !output.quant && node.activation == ClipAttributes{} && !is_half;
    text.output = is_direct ? output.name : model_.fresh_name('r');
    if (const auto* dynamic = std::get_if<DynamicQuantizeAttributes>(&node.attributes)) {
      text.output_index = static_cast<size_t>(dynamic->output);
      text.output_count = 3;
    }
    model_.node(text, attributes);
    if (output.quant) {
      std::string real = text.output;
      const ClipAttributes bounds = cutting_bounds(node.activation, *output.quant);
      if (bounds != ClipAttributes{}) real = write_clip(real, model_.fresh_name('r'), bounds);
      write_quantized(real, node.output, {}, narrowed);
    } else if (is_half) {
      // What reads it computes in float32.
      AttributeWriter back;
      back.integer("to", static_cast<int64_t>(OnnxType::kFloat));
      model_.node({.op = "Cast", .inputs = {text.output}, .output = output.name}, back);
    } else if (!is_direct) {
      write_clip(text.output, output.name, node.activation);
    }
  }

  // The value itself, which is there then.
  const std::string& integer_input(const Node& node, size_t i) {
    const ValueId id = node.inputs[i];
    const Value& value = graph_.value(id);
    if (value.constant && !is_written_[static_cast<size_t>(id)]) {
      is_written_[static_cast<size_t>(id)] = true;
      if (is_guarding_[static_cast<size_t>(id)]) {
        write_guarding_bias(value.name, value.constant->data<float>());
      } else {
        write_constant(value);
      }
    }
    return value.name;
  }

  void add_operands(const Node& node, const QLinearForm& form, NodeText& text) {
    const size_t operand_count = form.operand_count > 0 ? form.operand_count : node.inputs.size();
    text.inputs.resize(std::max(form.first + 3 * operand_count, form.result + 2));
    for (size_t i = 0; i < operand_count; ++i) {
      const size_t at = form.first + 3 * i;
      text.inputs[at] = integer_input(node, i);
      text.inputs[at + 1] = scale_name(node.inputs[i]);
      text.inputs[at + 2] = zero_point_name(node.inputs[i]);
    }
    text.inputs[form.result] = scale_name(node.output);
    text.inputs[form.result + 1] = zero_point_name(node.output);
    if (form.bias == 0 || !has_bias(node)) return;
    text.inputs.resize(std::max(text.inputs.size(), form.bias + 1));
    text.inputs[form.bias] = integer_input(node, 2);
  }

  // The float value that an operator reads: behind a DequantizeLinear when it is quantized.
  std::string real_input(const Node& node, size_t i) {
    const ValueId id = node.inputs[i];
    if (id == kNoValue) return {};
    const Value& value = graph_.value(id);
    integer_input(node, i);
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
    const StoredConstant stored = store(tensor, options_);
    if (stored.bytes.empty()) {
      model_.initializer(value.name, stored.type, dims, {tensor.raw(), tensor.byte_count()});
      return;
    }
    NodeText text{.op = "Cast", .inputs = {model_.fresh_name('b')}, .output = value.name};
    model_.initializer(text.inputs[0], stored.type, dims, stored.bytes);
    AttributeWriter attributes;
    attributes.integer("to", static_cast<int64_t>(onnx_type(tensor.dtype())));
    model_.node(text, attributes);
  }

  void add_clip_inputs(const ClipAttributes& clip, NodeText& text) {
    const bool has_min = clip.min > -kInfinity;
    const bool has_max = clip.max < kInfinity;
    if (has_min || has_max) text.inputs.push_back(has_min ? bound(clip.min) : std::string());
    if (has_max) text.inputs.push_back(bound(clip.max));
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
    NodeText text{.op = "QuantizeLinear", .name = node_name};
    text.inputs = {input, scale_name(id), zero_point_name(id)};
    text.output = integers_name(id, narrowed);
    model_.node(text, {});
    finish_integers(text.output, id);
  }

  // What to call the integers of `id` where they are made: another name than theirs if a Clip is to
  // follow.
  std::string integers_name(ValueId id, Narrowed narrowed) {
    const Value& value = graph_.value(id);
    const bool is_clipped =
        narrowed == Narrowed::kYes && bounds_of_range(*value.quant) != ClipAttributes{};
    return is_clipped ? model_.fresh_name('q') : value.name;
  }

  // That Clip, and the reals where operators read them.
  void finish_integers(const std::string& integers, ValueId id) {
    const Value& value = graph_.value(id);
    if (integers != value.name) {
      const std::string wide = model_.fresh_name('d');
      write_dequantize(integers, id, wide, {});
      NodeText text{.op = "QuantizeLinear", .output = value.name};
      text.inputs = {write_clip(wide, model_.fresh_name('r'), bounds_of_range(*value.quant)),
                     scale_name(id), zero_point_name(id)};
      model_.node(text, {});
    }
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
    const std::vector<int32_t>& zero_point = input.quant->zero_point;
    if (std::ranges::any_of(zero_point, [](int32_t zero) { return zero != 0; })) {
      return Written::kYes;
    }
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
  const SaveOptions options_;
  ModelWriter model_;
  std::vector<std::string> reals_;  // per value: its name behind DequantizeLinear
  std::vector<bool> is_written_;    // per value: a constant whose initializer is written
  std::vector<bool>
      is_read_as_real_;               // per value: an operator other than DequantizeLinear reads it
  std::vector<bool> is_dequantized_;  // per value: a DequantizeLinear of integers made it
  std::vector<bool> is_guarding_;     // per value: a bias that needs_guard()
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

Result<std::vector<std::byte>> write_onnx(const Graph& graph, const SaveOptions& options) {
  LOWBIT_TRY(validate(graph));
  LOWBIT_TRY(check_writable(graph));
  if (options.form != SaveForm::kFloat) {
    return GraphWriter(options.integers ? take_integers(graph) : graph, options).run();
  }
  LOWBIT_ASSIGN(const Graph reals, to_float(graph));
  return GraphWriter(reals, options).run();
}

}  // namespace lowbit
