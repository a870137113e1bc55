#include "formats/onnx_qdq.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "formats/onnx_attributes.h"
#include "formats/onnx_operators.h"
#include "graph/type_rules.h"
#include "graph/validate.h"

namespace lowbit {

namespace {

// The inputs of QuantizeLinear and DequantizeLinear.
constexpr size_t kScale = 1;
constexpr size_t kZeroPoint = 2;

// What Q and DQ say besides their data.
struct QdqParameters {
  TensorId scale = kNoTensor;
  TensorId zero_point = kNoTensor;
  int64_t axis = 1;
  int64_t block_size = 0;
  bool operator==(const QdqParameters&) const = default;
};

template <class T>
std::vector<int32_t> widened(const Tensor& tensor) {
  const std::span<const T> elements = tensor.data<T>();
  return {elements.begin(), elements.end()};
}

std::vector<int32_t> zero_points(const Tensor& tensor) {
  if (tensor.dtype() == DType::kU8) return widened<uint8_t>(tensor);
  if (tensor.dtype() == DType::kI8) return widened<int8_t>(tensor);
  return widened<int32_t>(tensor);
}

template <class T>
bool stays_within(const Tensor& tensor, int32_t bound) {
  return std::ranges::all_of(tensor.data<T>(), [&](T q) { return q >= -bound && q <= bound; });
}

// ONNX knows neither narrower ranges nor biases. The parameters that the law of arithmetic (3)
// gives a constant: the symmetric range of the fewest bits that its integers allow, and a scale per
// channel of a bias.
void follow_law(const Tensor& constant, QuantParams& quant) {
  for (int bits = 8; bits >= 2; --bits) {
    if (quant.storage != DType::kI8 || !stays_within<int8_t>(constant, weight_qmax(bits))) break;
    quant.qmin = -weight_qmax(bits);
    quant.qmax = weight_qmax(bits);
  }
  if (quant.storage != DType::kI32) return;
  if (stays_within<int32_t>(constant, kBiasQmax)) {
    quant.qmin = -kBiasQmax;
    quant.qmax = kBiasQmax;
  }
  if (quant.per_tensor() && constant.shape().rank() == 1) {
    const auto channels = static_cast<size_t>(constant.element_count());
    quant.axis = 0;
    quant.scale = std::vector<float>(channels, quant.scale[0]);
    quant.zero_point = std::vector<int32_t>(channels, quant.zero_point[0]);
  }
}

class QdqFinder {
 public:
  QdqFinder(const OnnxIndex& index, int64_t opset, OnnxConstants& constants)
      : index_(index), opset_(opset), constants_(constants) {
    model_.nodes.resize(index.nodes.size());
    model_.integers_of.assign(index.tensors.size(), kNoTensor);
    model_.constant_quant.resize(index.tensors.size());
    constant_parameters_.resize(index.tensors.size());
    quantized_by_.assign(index.tensors.size(), kNoNode);
  }

  Result<QdqModel> run() && {
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      const IndexedNode& node = index_.nodes[i];
      model_.nodes[i].output = node.outputs.front();
      if (index_.is_constant(node)) model_.nodes[i].role = NodeRole::kAbsorbed;
      if (node.op == Op::kQuantizeLinear) LOWBIT_TRY(read_quantize(i));
      if (node.op == Op::kDequantizeLinear) LOWBIT_TRY(read_dequantize(i));
    }
    for (size_t i = 0; i < index_.nodes.size(); ++i) LOWBIT_TRY(find_integer_node(i));
    absorb_dequantizers();
    return std::move(model_);
  }

 private:
  bool is_constant(TensorId id) const { return id != kNoTensor && index_.tensor(id).is_constant; }

  Result<QdqParameters> read_parameters(const IndexedNode& node) {
    QdqParameters parameters;
    AttributeReader attributes(node);
    parameters.axis = attributes.integer("axis", 1);
    attributes.integer("saturate", 1);  // of float8 only
    parameters.block_size = attributes.integer("block_size", 0);
    if (parameters.block_size < 0) {
      attributes.fail(ErrorCode::kInvalidModel, "its block_size is negative");
    }
    LOWBIT_TRY(attributes.finish());
    if (node.inputs.size() < 2 || node.inputs.size() > 3 || node.inputs[0] == kNoTensor) {
      return onnx_node_error(ErrorCode::kInvalidModel, node, "it needs two or three inputs");
    }
    parameters.scale = node.inputs[kScale];
    if (node.inputs.size() > kZeroPoint) parameters.zero_point = node.inputs[kZeroPoint];
    if (!is_constant(parameters.scale) ||
        (parameters.zero_point != kNoTensor && !is_constant(parameters.zero_point))) {
      return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                             "its scale and zero point must be constants");
    }
    return parameters;
  }

  // `storage`: of the integers, where something besides the zero point says it.
  Result<QuantParams> read_quant(const IndexedNode& node, const QdqParameters& parameters,
                                 std::optional<DType> storage) {
    LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
    if (scale.dtype() != DType::kF32 || (scale.shape().rank() > 1 && parameters.block_size == 0)) {
      return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                             "its scale must be float32, of rank 0 or 1 where there are no blocks");
    }
    QuantParams quant;
    const auto scales = scale.data<float>();
    quant.scale.assign(scales.begin(), scales.end());
    quant.zero_point.assign(scales.size(), 0);
    quant.storage = storage.value_or(DType::kU8);
    if (parameters.zero_point != kNoTensor) {
      LOWBIT_ASSIGN(const Tensor zero_point, constants_.get(parameters.zero_point));
      if (!storage_range(zero_point.dtype()) ||
          storage.value_or(zero_point.dtype()) != zero_point.dtype() ||
          zero_point.element_count() != scale.element_count() ||
          (zero_point.element_count() != 1 && zero_point.shape() != scale.shape())) {
        return onnx_node_error(ErrorCode::kInvalidModel, node,
                               "its zero point does not fit its scale and its integers");
      }
      quant.storage = zero_point.dtype();
      quant.zero_point = zero_points(zero_point);
    }
    const auto range = storage_range(quant.storage);
    if (!range) {
      return onnx_node_error(
          ErrorCode::kUnsupportedFeature, node,
          format_text("integers of type {} are not supported", dtype_name(quant.storage)));
    }
    quant.qmin = range->min;
    quant.qmax = range->max;
    return quant;
  }

  // Activations have one scale.
  Result<QuantParams> read_activation_quant(const IndexedNode& node, std::optional<DType> storage) {
    LOWBIT_ASSIGN(const QdqParameters parameters, read_parameters(node));
    if (parameters.block_size > 0) {
      return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                             "only constants may have scales per block");
    }
    LOWBIT_ASSIGN(QuantParams quant, read_quant(node, parameters, storage));
    if (quant.scale.size() == 1) return quant;
    return onnx_node_error(
        ErrorCode::kUnsupportedFeature, node,
        format_text("an activation must have one scale, not {}", quant.scale.size()));
  }

  Status read_quantize(size_t i) {
    const IndexedNode& node = index_.nodes[i];
    LOWBIT_ASSIGN(model_.nodes[i].quant, read_activation_quant(node, std::nullopt));
    const TensorId output = node.outputs.front();
    quantized_by_[static_cast<size_t>(output)] = static_cast<int32_t>(i);
    if (!index_.tensor(output).is_graph_output) return success();
    return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                           "outputs of the graph must be float32, not integers");
  }

  Status read_dequantize(size_t i) {
    const IndexedNode& node = index_.nodes[i];
    const TensorId source = node.inputs.empty() ? kNoTensor : node.inputs.front();
    if (is_constant(source)) {
      model_.nodes[i].role = NodeRole::kAbsorbed;
      LOWBIT_TRY(read_constant(node, source));
    } else {
      const int32_t quantizer =
          source == kNoTensor ? kNoNode : quantized_by_[static_cast<size_t>(source)];
      if (quantizer == kNoNode) {
        return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                               "its input must be a constant or the output of a QuantizeLinear");
      }
      const QuantParams& expected = *model_.nodes[static_cast<size_t>(quantizer)].quant;
      LOWBIT_ASSIGN(const QuantParams quant, read_activation_quant(node, expected.storage));
      if (quant != expected) {
        return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                               "its scale or zero point differs from that of the QuantizeLinear "
                               "before it");
      }
    }
    model_.integers_of[static_cast<size_t>(node.outputs.front())] = source;
    return success();
  }

  Status read_constant(const IndexedNode& node, TensorId source) {
    LOWBIT_ASSIGN(const QdqParameters parameters, read_parameters(node));
    std::optional<QuantParams>& quant = model_.constant_quant[static_cast<size_t>(source)];
    QdqParameters& known = constant_parameters_[static_cast<size_t>(source)];
    if (quant) {
      if (known == parameters) return success();
      return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                             "its constant is dequantized in two ways");
    }
    known = parameters;
    LOWBIT_ASSIGN(const Tensor constant, constants_.get(source));
    if (constant.element_count() == 0) {
      return onnx_node_error(ErrorCode::kInvalidModel, node, "its constant is empty");
    }
    LOWBIT_ASSIGN(quant, read_quant(node, parameters, constant.dtype()));
    const int rank = constant.shape().rank();
    const int64_t axis = parameters.axis < 0 ? parameters.axis + rank : parameters.axis;
    const auto count = static_cast<int64_t>(quant->scale.size());
    LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
    const bool is_axis = axis >= 0 && axis < rank;
    const bool has_axis = scale.shape().rank() == 1 && is_axis;
    if (parameters.block_size > 0) {
      if (is_axis) quant->axis = static_cast<int>(axis);
      quant->block_size = parameters.block_size;
      if (!is_axis || scale.shape() != scale_shape(*quant, constant.shape())) {
        return onnx_node_error(
            ErrorCode::kInvalidModel, node,
            format_text("scales of the shape {} for blocks of {} along axis {} of a constant of "
                        "the shape {}",
                        scale.shape().to_string(), parameters.block_size, parameters.axis,
                        constant.shape().to_string()));
      }
    } else if (has_axis && constant.shape()[static_cast<int>(axis)] == count) {
      quant->axis = static_cast<int>(axis);
    } else if (count != 1) {
      return onnx_node_error(ErrorCode::kInvalidModel, node,
                             format_text("{} scales along axis {} of a constant of the shape {}",
                                         count, parameters.axis, constant.shape().to_string()));
    }
    follow_law(constant, *quant);
    return success();
  }

  // The only node that reads a tensor; null when there are others, or when it is an output of the
  // graph.
  const IndexedNode* only_consumer(TensorId id) const {
    const IndexedTensor& tensor = index_.tensor(id);
    if (tensor.consumer_count != 1 || tensor.is_graph_output) return nullptr;
    return &index_.node(tensor.last_consumer);
  }

  bool is_integer_data(const IndexedNode& node) const {
    bool has_activation = false;
    for (size_t i = 0; i < data_input_count(node); ++i) {
      const TensorId input = node.inputs[i];
      if (input == kNoTensor || is_placement(*node.op, i)) continue;
      const TensorId integers = model_.integers_of[static_cast<size_t>(input)];
      if (integers == kNoTensor) return false;
      has_activation = has_activation || !is_constant(integers);
    }
    return has_activation;
  }

  Status find_integer_node(size_t i) {
    const IndexedNode& node = index_.nodes[i];
    QdqNode& found = model_.nodes[i];
    if (found.role == NodeRole::kAbsorbed) return success();
    const bool converts = node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear;
    if (node.op != Op::kDequantizeLinear) LOWBIT_TRY(check_reads_no_integers(node));
    if (node.op == Op::kQuantizeLinear) return narrow_range(found);
    if (converts || !node.op || !op_info(*node.op).has_integer || !is_integer_data(node)) {
      return success();
    }

    TensorId output = node.outputs.front();
    const IndexedNode* next = only_consumer(output);
    int32_t activation = kNoNode;
    const bool is_activation =
        next && (next->op == Op::kRelu || next->op == Op::kClip) && next->inputs.front() == output;
    if (is_activation && may_have_activation(*node.op)) {
      activation = index_.tensor(output).last_consumer;
      output = next->outputs.front();
      next = only_consumer(output);
    }
    if (!next || next->op != Op::kQuantizeLinear || next->inputs.front() != output) {
      return success();
    }
    QdqNode& quantizer = model_.nodes[static_cast<size_t>(index_.tensor(output).last_consumer)];
    const QuantParams* const input = input_of_same_unit(node, *quantizer.quant);
    if (only_moves_values(*node.op) && !input) return success();
    quantizer.role = NodeRole::kAbsorbed;
    if (activation != kNoNode) {
      model_.nodes[static_cast<size_t>(activation)].role = NodeRole::kAbsorbed;
    }
    found = {NodeRole::kInteger, next->outputs.front(), activation, quantizer.quant};
    if (!input || !(only_moves_values(*node.op) || node.op == Op::kRelu))
      return narrow_range(found);
    quantizer.quant = found.quant = *input;  // whose integers are the output's
    return success();
  }

  // The Clip that a file has behind integers of a narrower range, with the pair around it, becomes
  // that range. It has no name; one that has is an operator of the model.
  Status narrow_range(QdqNode& found) {
    const IndexedNode* const dequantizer = only_consumer(found.output);
    if (!dequantizer || dequantizer->op != Op::kDequantizeLinear) return success();
    const IndexedNode* const clip = only_consumer(dequantizer->outputs.front());
    if (!clip || (clip->op != Op::kClip && clip->op != Op::kRelu) || !clip->source->name.empty()) {
      return success();
    }
    const IndexedNode* const next = only_consumer(clip->outputs.front());
    if (!next || next->op != Op::kQuantizeLinear) return success();
    QdqNode& quantizer = node_of(*next);
    if (quantizer.quant != found.quant || clip->inputs.front() != dequantizer->outputs.front() ||
        next->inputs.front() != clip->outputs.front()) {
      return success();
    }
    Parameters parameters(constants_, nullptr, nullptr, nullptr);
    LOWBIT_ASSIGN(const ClipAttributes bounds, read_onnx_bounds(*clip, opset_, parameters));
    const auto range = narrowed(*found.quant, bounds.min, bounds.max);
    if (!range) return success();
    node_of(*clip).role = NodeRole::kAbsorbed;
    quantizer = {.role = NodeRole::kAbsorbed, .quant = *range};
    found.output = next->outputs.front();
    found.quant = *range;
    return success();
  }

  // The parameters of the node's first input, if it has the scale and zero point of `quant`.
  const QuantParams* input_of_same_unit(const IndexedNode& node, const QuantParams& quant) const {
    const TensorId integers = model_.integers_of[static_cast<size_t>(node.inputs.front())];
    if (is_constant(integers)) return nullptr;
    const int32_t quantizer = quantized_by_[static_cast<size_t>(integers)];
    const QuantParams& input = *model_.nodes[static_cast<size_t>(quantizer)].quant;
    const bool is_same = input.storage == quant.storage && input.scale == quant.scale &&
                         input.zero_point == quant.zero_point;
    return is_same ? &input : nullptr;
  }

  QdqNode& node_of(const IndexedNode& node) {
    return model_.nodes[static_cast<size_t>(&node - index_.nodes.data())];
  }

  // The Graph knows integers only as reals in disguise; a node that computes with the integers
  // themselves is another thing.
  Status check_reads_no_integers(const IndexedNode& node) const {
    for (size_t i = 0; i < data_input_count(node); ++i) {
      const TensorId input = node.inputs[i];
      if (input == kNoTensor || quantized_by_[static_cast<size_t>(input)] == kNoNode) continue;
      return onnx_node_error(ErrorCode::kUnsupportedFeature, node,
                             format_text("it reads the integers of '{}' without DequantizeLinear",
                                         index_.tensor(input).name));
    }
    return success();
  }

  // A DQ stays when a float node reads it, or nothing but the graph's outputs.
  void absorb_dequantizers() {
    std::vector<bool> is_read_as_float(index_.tensors.size(), false);
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      if (model_.nodes[i].role != NodeRole::kFloat) continue;
      for (const TensorId input : index_.nodes[i].inputs) {
        if (input != kNoTensor) is_read_as_float[static_cast<size_t>(input)] = true;
      }
    }
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      if (index_.nodes[i].op != Op::kDequantizeLinear) continue;
      const TensorId output = index_.nodes[i].outputs.front();
      const IndexedTensor& tensor = index_.tensor(output);
      const bool stays = is_read_as_float[static_cast<size_t>(output)] || tensor.is_graph_output ||
                         tensor.consumer_count == 0;
      if (!stays) model_.nodes[i].role = NodeRole::kAbsorbed;
    }
  }

  const OnnxIndex& index_;
  const int64_t opset_;
  OnnxConstants& constants_;
  QdqModel model_;
  std::vector<QdqParameters> constant_parameters_;
  std::vector<int32_t> quantized_by_;  // per tensor: the Q that makes it
};

}  // namespace

Result<QdqModel> find_quantization(const OnnxIndex& index, int64_t opset,
                                   OnnxConstants& constants) {
  return QdqFinder(index, opset, constants).run();
}

}  // namespace lowbit
