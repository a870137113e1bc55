#include "formats/onnx_qdq.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "formats/onnx_attributes.h"
#include "formats/onnx_operators.h"
#include "formats/onnx_qdq_parameters.h"
#include "graph/product_weights.h"
#include "graph/type_rules.h"
#include "graph/validate.h"

namespace lowbit {

namespace {

// Between scales of a bias and products of scales, relative: a few roundings.
constexpr float kBiasScaleTolerance = 0x1p-20f;

class QdqFinder {
 public:
  QdqFinder(const OnnxIndex& index, int64_t opset, OnnxConstants& constants)
      : index_(index), opset_(opset), constants_(constants), reader_(index, constants) {
    model_.nodes.resize(index.nodes.size());
    model_.integers_of.assign(index.tensors.size(), kNoTensor);
    model_.quant_of.resize(index.tensors.size());
    quantized_by_.assign(index.tensors.size(), kNoNode);
    is_read_as_integers_.assign(index.tensors.size(), false);
    activation_.resize(index.nodes.size());
  }

  Result<QdqModel> run() && {
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      const IndexedNode& node = index_.nodes[i];
      model_.nodes[i].output = node.outputs.front();
      if (index_.is_constant(node)) {
        model_.nodes[i].role = NodeRole::kAbsorbed;
      } else if (node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear) {
        LOWBIT_ASSIGN(activation_[i], reader_.activation(node, quantized_before(node)));
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

  // The parameters of the Q that makes the node's first input.
  std::optional<Activation> quantized_before(const IndexedNode& node) const {
    const IndexedNode* const producer =
        node.inputs.empty() ? nullptr : index_.producer(node.inputs.front());
    if (!producer || producer->op != Op::kQuantizeLinear) return std::nullopt;
    return activation_[static_cast<size_t>(producer - index_.nodes.data())];
  }

  // Whoever reads integers, but a DQ of the parameters that their Q has.
  void find_integer_readers(const IndexedNode& node) {
    const auto position = static_cast<size_t>(&node - index_.nodes.data());
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const TensorId input = node.inputs[k];
      const IndexedNode* const producer = index_.producer(input);
      if (!producer || producer->op != Op::kQuantizeLinear) continue;
      const bool is_name = node.op == Op::kDequantizeLinear && k == 0 && activation_[position] &&
                           activation_[position] == quantized_before(node);
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
      // One that leaves the graph is a node.
      if (index_.tensor(node.outputs.front()).is_graph_output) return success();
      LOWBIT_ASSIGN(model_.quant_of[output], reader_.constant(node));
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
    const TensorId weight_integers = integers_of(node.inputs[1]);
    if (is_constant(weight_integers)) {
      LOWBIT_ASSIGN(const Tensor constant, constants_.get(weight_integers));
      const int axis = output_channel_axis(shaped_node(node), constant.shape());
      const QuantParams& weight = *model_.quant_of[static_cast<size_t>(node.inputs[1])];
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
      if (input == kNoTensor || is_placement(*node.op, i)) continue;
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
    if (is_activation && may_have_activation(*node.op)) {
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
  QdqReader reader_;
  QdqModel model_;
  std::vector<std::optional<Activation>> activation_;  // per node: of a Q or DQ
  std::vector<bool> is_read_as_integers_;              // per tensor
  std::vector<int32_t> quantized_by_;  // per tensor: the Q that makes it, of quantized integers
};

}  // namespace

Result<QdqModel> find_quantization(const OnnxIndex& index, int64_t opset,
                                   OnnxConstants& constants) {
  return QdqFinder(index, opset, constants).run();
}

}  // namespace lowbit
