#include "formats/onnx_qdq.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/onnx_attributes.h"
#include "formats/onnx_operators.h"
#include "formats/onnx_tensor.h"
#include "graph/product_weights.h"
#include "graph/type_rules.h"

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

// Operators that may have an activation fused into them (graph/graph.h, Node::activation).
bool fuses_activation(Op op) {
  return op == Op::kConv || op == Op::kGemm || op == Op::kMatMul || op == Op::kAdd;
}

bool is_product(Op op) { return op == Op::kConv || op == Op::kGemm || op == Op::kMatMul; }

// Between scales of a bias and products of scales, relative: a few roundings.
constexpr float kBiasScaleTolerance = 0x1p-20f;

// The parameters of a Q or DQ as an activation's of the Graph, which is uint8.
struct Activation {
  QuantParams quant;
  bool is_signed = false;  // in the file
  bool operator==(const Activation&) const = default;
};

class QdqFinder {
 public:
  QdqFinder(const OnnxIndex& index, int64_t opset, OnnxConstants& constants)
      : index_(index), opset_(opset), constants_(constants) {
    model_.nodes.resize(index.nodes.size());
    model_.integers_of.assign(index.tensors.size(), kNoTensor);
    model_.quant_of.resize(index.tensors.size());
    quantized_by_.assign(index.tensors.size(), kNoNode);
    is_read_as_integers_.assign(index.tensors.size(), false);
    activation_.resize(index.nodes.size());
    input_type_.resize(index.tensors.size());
    for (const IndexedInput& input : index.inputs) {
      input_type_[static_cast<size_t>(input.tensor)] = dtype_of_onnx(input.info->type);
    }
  }

  Result<QdqModel> run() && {
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      const IndexedNode& node = index_.nodes[i];
      model_.nodes[i].output = node.outputs.front();
      if (index_.is_constant(node)) {
        model_.nodes[i].role = NodeRole::kAbsorbed;
      } else if (node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear) {
        LOWBIT_TRY(read_activation(i));
      }
    }
    for (const IndexedNode& node : index_.nodes) find_integer_readers(node);
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      if (model_.nodes[i].role == NodeRole::kAbsorbed) continue;
      if (index_.nodes[i].op == Op::kQuantizeLinear) decide_quantize(i);
      if (index_.nodes[i].op == Op::kDequantizeLinear) LOWBIT_TRY(decide_dequantize(i));
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
    parameters.block_size = attributes.integer("block_size", 0);
    if (node.inputs.size() < 2 || node.inputs.size() > 3 || node.inputs[0] == kNoTensor ||
        node.inputs[kScale] == kNoTensor) {
      return onnx_node_error(ErrorCode::kInvalidModel, node, "it needs two or three inputs");
    }
    parameters.scale = node.inputs[kScale];
    if (node.inputs.size() > kZeroPoint) parameters.zero_point = node.inputs[kZeroPoint];
    return parameters;
  }

  // Both are known, the scale is float32, and the zero point of a type that is computed with.
  Result<bool> are_known(const QdqParameters& parameters) {
    if (!is_constant(parameters.scale)) return false;
    LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
    if (scale.dtype() != DType::kF32) return false;
    if (parameters.zero_point == kNoTensor) return true;
    if (!is_constant(parameters.zero_point)) return false;
    LOWBIT_ASSIGN(const Tensor zero_point, constants_.get(parameters.zero_point));
    return storage_range(zero_point.dtype()).has_value();
  }

  // Of parameters that are known. `storage`: of the integers, where something besides the zero
  // point says it.
  Result<QuantParams> read_quant(const IndexedNode& node, const QdqParameters& parameters,
                                 std::optional<DType> storage) {
    LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
    QuantParams quant;
    const auto scales = scale.data<float>();
    quant.scale.assign(scales.begin(), scales.end());
    if (!are_scales(scales)) {
      return onnx_node_error(ErrorCode::kInvalidModel, node,
                             "its scales must be positive normal numbers");
    }
    quant.zero_point.assign(scales.size(), 0);
    quant.storage = storage.value_or(DType::kU8);
    if (parameters.zero_point != kNoTensor) {
      LOWBIT_ASSIGN(const Tensor zero_point, constants_.get(parameters.zero_point));
      if (storage.value_or(zero_point.dtype()) != zero_point.dtype() ||
          zero_point.element_count() != scale.element_count()) {
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

  // What the integers are where no zero point says it.
  std::optional<DType> declared_type(const IndexedNode& node) const {
    const TensorId integers = node.inputs.front();
    if (node.op == Op::kQuantizeLinear) return DType::kU8;
    if (const auto& type = input_type_[static_cast<size_t>(integers)]) return type;
    const IndexedNode* const producer = index_.producer(integers);
    if (!producer || producer->op != Op::kQuantizeLinear) return std::nullopt;
    const auto& made = activation_[static_cast<size_t>(producer - index_.nodes.data())];
    if (!made) return std::nullopt;
    return made->is_signed ? DType::kI8 : DType::kU8;
  }

  // The node's parameters as those of an activation: one pair, of 8 bits.
  Status read_activation(size_t i) {
    const IndexedNode& node = index_.nodes[i];
    LOWBIT_ASSIGN(const QdqParameters parameters, read_parameters(node));
    LOWBIT_ASSIGN(const bool is_known, are_known(parameters));
    if (!is_known || parameters.block_size > 0 || is_constant(node.inputs.front())) {
      return success();
    }
    LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
    if (scale.element_count() != 1 || !is_wide_type(parameters)) return success();
    std::optional<DType> storage;
    if (parameters.zero_point == kNoTensor) {
      storage = declared_type(node);
      if (!storage || !storage_range(*storage)) return success();
    }
    LOWBIT_ASSIGN(QuantParams quant, read_quant(node, parameters, storage));
    if (quant.storage == DType::kI32) return success();
    const bool is_signed = quant.storage == DType::kI8;
    if (is_signed) {
      quant.zero_point[0] -= storage_range(DType::kI8)->min;
      quant.storage = DType::kU8;
      quant.qmin = 0;
      quant.qmax = activation_qmax(8);
    }
    activation_[i] = Activation{std::move(quant), is_signed};
    return success();
  }

  // Integers of four bits have become bytes, but saturate earlier.
  bool is_wide_type(const QdqParameters& parameters) const {
    if (parameters.zero_point == kNoTensor) return true;
    const OnnxTensor* const source = index_.tensor(parameters.zero_point).initializer;
    return !source || source->type == OnnxType::kUint8 || source->type == OnnxType::kInt8;
  }

  // Whoever reads integers, but a DQ of the parameters that their Q has.
  void find_integer_readers(const IndexedNode& node) {
    const auto position = static_cast<size_t>(&node - index_.nodes.data());
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const TensorId input = node.inputs[k];
      const IndexedNode* const producer = index_.producer(input);
      if (!producer || producer->op != Op::kQuantizeLinear) continue;
      const auto& made = activation_[static_cast<size_t>(producer - index_.nodes.data())];
      const bool is_name =
          node.op == Op::kDequantizeLinear && k == 0 && made && activation_[position] == made;
      if (!is_name) is_read_as_integers_[static_cast<size_t>(input)] = true;
    }
  }

  void decide_quantize(size_t i) {
    const TensorId output = index_.nodes[i].outputs.front();
    const bool is_read = is_read_as_integers_[static_cast<size_t>(output)];
    if (!activation_[i] || is_read || index_.tensor(output).is_graph_output) return;
    model_.nodes[i].quant = activation_[i]->quant;
    quantized_by_[static_cast<size_t>(output)] = static_cast<int32_t>(i);
  }

  Status decide_dequantize(size_t i) {
    const IndexedNode& node = index_.nodes[i];
    const TensorId source = node.inputs.front();
    const auto output = static_cast<size_t>(node.outputs.front());
    if (is_constant(source)) {
      LOWBIT_TRY(read_constant(node, source));
      if (!model_.quant_of[output]) return success();
      model_.nodes[i].role = NodeRole::kAbsorbed;
      model_.integers_of[output] = source;
    } else if (quantized_by_[static_cast<size_t>(source)] != kNoNode) {
      model_.nodes[i].quant = activation_[i]->quant;
      model_.integers_of[output] = source;
    } else if (activation_[i]) {
      model_.quant_of[output] = activation_[i]->quant;
    }
    return success();
  }

  // Leaves a DQ alone that is an output of the graph, or whose parameters are computed.
  Status read_constant(const IndexedNode& node, TensorId source) {
    LOWBIT_ASSIGN(const QdqParameters parameters, read_parameters(node));
    LOWBIT_ASSIGN(const bool is_known, are_known(parameters));
    if (!is_known || index_.tensor(node.outputs.front()).is_graph_output) return success();
    LOWBIT_ASSIGN(const Tensor constant, constants_.get(source));
    if (constant.element_count() == 0) {
      return onnx_node_error(ErrorCode::kInvalidModel, node, "its constant is empty");
    }
    LOWBIT_ASSIGN(QuantParams quant, read_quant(node, parameters, constant.dtype()));
    const int rank = constant.shape().rank();
    const int64_t axis = parameters.axis < 0 ? parameters.axis + rank : parameters.axis;
    const auto count = static_cast<int64_t>(quant.scale.size());
    LOWBIT_ASSIGN(const Tensor scale, constants_.get(parameters.scale));
    const bool is_axis = axis >= 0 && axis < rank;
    const bool has_axis = scale.shape().rank() == 1 && is_axis;
    if (parameters.block_size != 0) {
      if (is_axis) quant.axis = static_cast<int>(axis);
      quant.block_size = parameters.block_size;
      if (!is_axis || parameters.block_size < 0 ||
          scale.shape() != scale_shape(quant, constant.shape())) {
        return onnx_node_error(
            ErrorCode::kInvalidModel, node,
            format_text("scales of the shape {} for blocks of {} along axis {} of a constant of "
                        "the shape {}",
                        scale.shape().to_string(), parameters.block_size, parameters.axis,
                        constant.shape().to_string()));
      }
    } else if (has_axis && constant.shape()[static_cast<int>(axis)] == count) {
      quant.axis = static_cast<int>(axis);
    } else if (count != 1) {
      return onnx_node_error(ErrorCode::kInvalidModel, node,
                             format_text("{} scales along axis {} of a constant of the shape {}",
                                         count, parameters.axis, constant.shape().to_string()));
    }
    model_.quant_of[static_cast<size_t>(node.outputs.front())] = std::move(quant);
    return success();
  }

  // The only node that reads a tensor; null when there are others, or when it is an output of the
  // graph.
  const IndexedNode* only_consumer(TensorId id) const {
    const IndexedTensor& tensor = index_.tensor(id);
    if (tensor.consumer_count != 1 || tensor.is_graph_output) return nullptr;
    return &index_.node(tensor.last_consumer);
  }

  TensorId integers_of(TensorId id) const { return model_.integers_of[static_cast<size_t>(id)]; }

  // The parameters of a DQ's output that an integer node may read as its activation; null: it may
  // not.
  const QuantParams* activation_quant(TensorId input) const {
    const TensorId integers = integers_of(input);
    if (integers != kNoTensor && !is_constant(integers)) {
      return &*model_.nodes[static_cast<size_t>(quantized_by_[static_cast<size_t>(integers)])]
                   .quant;
    }
    const auto& quant = model_.quant_of[static_cast<size_t>(input)];
    return quant && quant->per_tensor() && quant->storage != DType::kI32 ? &*quant : nullptr;
  }

  bool is_activation(TensorId input) const {
    return activation_quant(input) != nullptr && !is_constant(integers_of(input));
  }

  // A node with what its axes depend on.
  static Node shaped_node(const IndexedNode& node) {
    Node shaped{.op = *node.op};
    if (node.op == Op::kGemm) {
      AttributeReader attributes(node);
      shaped.attributes = GemmAttributes{.alpha = attributes.real("alpha", 1.0f),
                                         .beta = attributes.real("beta", 1.0f),
                                         .transpose_b = attributes.flag("transB", false)};
    }
    return shaped;
  }

  // Constant integers that the node, a product, may have as its weights. On reals they are
  // symmetric.
  Result<bool> has_integer_weight(const IndexedNode& node, bool is_integer) {
    if (node.inputs.size() < 2 || node.inputs[1] == kNoTensor) return false;
    const TensorId integers = integers_of(node.inputs[1]);
    if (!is_constant(integers)) return false;
    const QuantParams& quant = *model_.quant_of[static_cast<size_t>(node.inputs[1])];
    LOWBIT_ASSIGN(const Tensor constant, constants_.get(integers));
    const Shape& shape = constant.shape();
    if (quant.storage == DType::kI32 || shape.rank() < 2) return false;
    const int32_t zero = quant.storage == DType::kU8 ? -storage_range(DType::kI8)->min : 0;
    const bool is_symmetric =
        std::ranges::all_of(quant.zero_point, [&](int32_t point) { return point == zero; });
    if (!is_symmetric && (!is_integer || quant.block_size > 0)) return false;
    const Node shaped = shaped_node(node);
    const auto* const gemm = std::get_if<GemmAttributes>(&shaped.attributes);
    if (gemm && (gemm->alpha != 1.0f || gemm->beta != 1.0f)) return false;
    if (quant.block_size > 0) {
      return quant.axis == reduction_axis(shaped, shape) &&
             takes_blocks(shaped, shape, quant.block_size);
    }
    return quant.per_tensor() || quant.axis == output_channel_axis(shaped, shape);
  }

  // A bias whose scales are, up to rounding, those of the products.
  Result<bool> fits_bias(const IndexedNode& node, std::optional<QuantParams>& form) {
    if (node.inputs.size() < 3 || node.inputs[2] == kNoTensor) return true;
    const TensorId integers = integers_of(node.inputs[2]);
    if (!is_constant(integers)) return false;
    const QuantParams& quant = *model_.quant_of[static_cast<size_t>(node.inputs[2])];
    LOWBIT_ASSIGN(const Tensor bias, constants_.get(integers));
    const bool is_symmetric =
        std::ranges::all_of(quant.zero_point, [](int32_t point) { return point == 0; });
    if (quant.storage != DType::kI32 || !is_symmetric || bias.shape().rank() != 1) return false;
    const auto channels = static_cast<size_t>(bias.element_count());
    std::vector<float> weight_scales;
    const QuantParams& weight = *model_.quant_of[static_cast<size_t>(node.inputs[1])];
    const TensorId weight_integers = integers_of(node.inputs[1]);
    if (is_constant(weight_integers)) {
      LOWBIT_ASSIGN(const Tensor constant, constants_.get(weight_integers));
      const int axis = output_channel_axis(shaped_node(node), constant.shape());
      weight_scales = channel_scales(weight, constant.shape(), axis);
    } else {
      weight_scales.assign(channels, activation_quant(node.inputs[1])->scale[0]);
    }
    if (weight_scales.size() != channels) return false;
    const float input_scale = activation_quant(node.inputs[0])->scale[0];
    const std::vector<float> scales = channel_scales(quant, bias.shape(), 0);
    form = bias_form(bias, input_scale, weight_scales);
    for (size_t c = 0; c < channels; ++c) {
      const float expected = form->scale[c];
      if (!(std::abs(scales[c] - expected) <= kBiasScaleTolerance * expected)) return false;
    }
    return true;
  }

  Result<bool> is_integer_data(const IndexedNode& node) {
    if (node.inputs.empty()) return false;
    if (is_product(*node.op)) {
      if (node.inputs.size() < 2 || node.inputs[0] == kNoTensor || node.inputs[1] == kNoTensor ||
          !is_activation(node.inputs[0])) {
        return false;
      }
      LOWBIT_ASSIGN(const bool has_weight, has_integer_weight(node, true));
      const Node shaped = shaped_node(node);
      const auto* const gemm = std::get_if<GemmAttributes>(&shaped.attributes);
      const bool is_scaled = gemm && (gemm->alpha != 1.0f || gemm->beta != 1.0f);
      if (!has_weight && (!is_activation(node.inputs[1]) || is_scaled)) return false;
      return fits_bias(node, model_.nodes[static_cast<size_t>(&node - index_.nodes.data())].bias);
    }
    bool has_activation = false;
    for (size_t i = 0; i < data_input_count(node); ++i) {
      const TensorId input = node.inputs[i];
      if (input == kNoTensor) continue;
      if (!activation_quant(input)) return false;
      has_activation = has_activation || is_activation(input);
    }
    return has_activation;
  }

  Status find_integer_node(size_t i) {
    const IndexedNode& node = index_.nodes[i];
    QdqNode& found = model_.nodes[i];
    if (found.role == NodeRole::kAbsorbed || !node.op) return success();
    if (node.op == Op::kQuantizeLinear) {
      return found.quant ? narrow_range(found) : success();
    }
    if (node.op == Op::kDequantizeLinear) return success();
    if (is_product(*node.op)) {
      LOWBIT_ASSIGN(found.has_integer_weight, has_integer_weight(node, false));
    }
    if (!op_info(*node.op).has_integer) return success();
    LOWBIT_ASSIGN(const bool is_integer, is_integer_data(node));
    if (!is_integer) return success();

    TensorId output = node.outputs.front();
    const IndexedNode* next = only_consumer(output);
    int32_t activation = kNoNode;
    const bool is_activation =
        next && (next->op == Op::kRelu || next->op == Op::kClip) && next->inputs.front() == output;
    if (is_activation && fuses_activation(*node.op)) {
      activation = index_.tensor(output).last_consumer;
      output = next->outputs.front();
      next = only_consumer(output);
    }
    if (!next || next->op != Op::kQuantizeLinear || next->inputs.front() != output) {
      return success();
    }
    const auto quantizer_index = static_cast<size_t>(index_.tensor(output).last_consumer);
    if (!activation_[quantizer_index]) return success();
    QdqNode& quantizer = model_.nodes[quantizer_index];
    const QuantParams quant = activation_[quantizer_index]->quant;
    const QuantParams* const input = input_of_same_unit(node, quant);
    if (only_moves_values(*node.op) && !input) return success();
    if (activation != kNoNode) {
      model_.nodes[static_cast<size_t>(activation)].role = NodeRole::kAbsorbed;
    }
    found.role = NodeRole::kInteger;
    found.has_integer_weight = is_product(*node.op);
    found.activation = activation;
    found.quant = quant;
    const bool keeps_range = input && (only_moves_values(*node.op) || node.op == Op::kRelu);
    if (keeps_range) found.quant = *input;  // whose integers are the output's
    if (!quantizer.quant) {
      found.output = output;
      found.is_read_as_real = true;
      return success();
    }
    quantizer.role = NodeRole::kAbsorbed;
    quantizer.quant = found.quant;
    found.output = next->outputs.front();
    return keeps_range ? success() : narrow_range(found);
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
    if (!is_activation(node.inputs.front())) return nullptr;
    const QuantParams* const input = activation_quant(node.inputs.front());
    const bool is_same = input->scale == quant.scale && input->zero_point == quant.zero_point;
    return is_same ? input : nullptr;
  }

  QdqNode& node_of(const IndexedNode& node) {
    return model_.nodes[static_cast<size_t>(&node - index_.nodes.data())];
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
      if (index_.nodes[i].op != Op::kDequantizeLinear || !model_.nodes[i].quant) continue;
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
  std::vector<std::optional<Activation>> activation_;  // per node: of a Q or DQ
  std::vector<bool> is_read_as_integers_;              // per tensor
  std::vector<std::optional<DType>> input_type_;       // per tensor: of an input of the graph
  std::vector<int32_t> quantized_by_;  // per tensor: the Q that makes it, of quantized integers
};

}  // namespace

Result<QdqModel> find_quantization(const OnnxIndex& index, int64_t opset,
                                   OnnxConstants& constants) {
  return QdqFinder(index, opset, constants).run();
}

}  // namespace lowbit
