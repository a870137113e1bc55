#include "formats/onnx_reader.h"

#include <map>

#include "base/text.h"
#include "formats/onnx_operators.h"
#include "formats/onnx_qdq.h"
#include "graph/finite.h"
#include "graph/shape_inference.h"
#include "graph/validate.h"

namespace lowbit {

namespace {

constexpr int64_t kMinIrVersion = 3;
constexpr int64_t kMaxIrVersion = 13;

Status check_versions(const OnnxModel& model) {
  if (model.ir_version == 0) {
    return make_error(ErrorCode::kInvalidModel, "the model does not say its IR version");
  }
  if (model.ir_version < kMinIrVersion || model.ir_version > kMaxIrVersion) {
    return make_error(ErrorCode::kUnsupportedFeature,
                      format_text("IR version {} is not supported; 3 to 13 are", model.ir_version));
  }
  if (!model.opset) {
    return make_error(ErrorCode::kInvalidModel, "the model imports no opset of ai.onnx");
  }
  if (*model.opset < kMinOpset || *model.opset > kMaxOpset) {
    return make_error(ErrorCode::kUnsupportedFeature,
                      format_text("opset {} is not supported; 7 to 21 are", *model.opset));
  }
  if (model.graph.has_sparse_initializers) {
    return make_error(ErrorCode::kUnsupportedFeature, "sparse initializers are not supported");
  }
  return success();
}

class Assembler {
 public:
  Assembler(const OnnxModel& model, const OnnxIndex& index, OnnxConstants& constants,
            const QdqModel& qdq)
      : index_(index), constants_(constants), qdq_(qdq), values_(index.tensors.size(), kNoValue) {
    graph_.name = model.graph.name;
    graph_.opset = *model.opset;
  }

  Result<Graph> run() && {
    for (const IndexedInput& input : index_.inputs) add_named_symbols(*input.info);
    for (const IndexedInput& input : index_.inputs) {
      LOWBIT_TRY(add_input(*input.info, input.tensor));
    }
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      if (qdq_.nodes[i].role != NodeRole::kAbsorbed) LOWBIT_TRY(add_node(i));
    }
    for (const TensorId output : index_.outputs) {
      if (value_of(output) == kNoValue) {
        const std::string name(index_.tensor(output).name);
        return make_error(ErrorCode::kUnsupportedFeature,
                          format_text("the graph's output '{}' is a constant", name), name);
      }
      graph_.outputs.push_back(value_of(output));
    }
    return std::move(graph_);
  }

 private:
  Status add_input(const OnnxValueInfo& input, TensorId tensor) {
    const std::string name(input.name);
    const auto refuse = [&](ErrorCode code, const Text& what) {
      return make_error(code, format_text("the graph's input '{}' {}", name, what), name);
    };
    if (!input.shape) return refuse(ErrorCode::kInvalidModel, "has no shape");
    if (input.type != OnnxType::kFloat && input.type != OnnxType::kFloat16) {
      return refuse(
          ErrorCode::kUnsupportedFeature,
          format_text("has the type {}; only float32 is supported", onnx_type_name(input.type)));
    }
    std::vector<int64_t> dims;
    for (const OnnxDimension& dimension : *input.shape) {
      if (dimension.value && *dimension.value < 1) {
        return refuse(ErrorCode::kInvalidModel,
                      format_text("has a dimension {}", *dimension.value));
      }
      dims.push_back(dimension.value ? *dimension.value
                                     : symbol(dimension.symbol, name, dims.size()));
    }
    LOWBIT_ASSIGN(const Shape shape, Shape::from_dims(dims));
    const ValueId id = graph_.add_value({.name = name, .shape = shape});
    value_of(tensor) = id;
    graph_.inputs.push_back(id);
    return success();
  }

  // First, so that no name made up for another dimension is one of these.
  void add_named_symbols(const OnnxValueInfo& input) {
    if (!input.shape) return;
    for (const OnnxDimension& dimension : *input.shape) {
      if (!dimension.value && !dimension.symbol.empty()) add_symbol(std::string(dimension.symbol));
    }
  }

  // A dimension that has neither a number nor a name is a symbol of its own.
  int64_t symbol(std::string_view given, const std::string& input, size_t axis) {
    if (!given.empty()) return -1 - symbols_.find(given)->second;
    std::string name = format_text("{}_dim{}", input, axis);
    while (symbols_.contains(name)) name += "_";
    add_symbol(name);
    return -static_cast<int64_t>(graph_.symbols.size());
  }

  void add_symbol(const std::string& name) {
    const auto next = static_cast<int64_t>(graph_.symbols.size());
    if (symbols_.emplace(name, next).second) graph_.symbols.push_back(name);
  }

  Status add_node(size_t i) {
    const IndexedNode& source = index_.nodes[i];
    const QdqNode& qdq = qdq_.nodes[i];
    Node node{.op = *source.op, .name = source.name};
    for (size_t k = 0; k < data_input_count(source); ++k) {
      LOWBIT_ASSIGN(const ValueId input, input_value(source, source.inputs[k], qdq.role));
      node.inputs.push_back(input);
    }
    LOWBIT_TRY(read_node_attributes(source, node));
    if (qdq.activation != kNoNode) LOWBIT_TRY(read_activation(qdq.activation, node));

    Value output{.name = std::string(index_.tensor(qdq.output).name), .quant = qdq.quant};
    if (output.quant) output.dtype = output.quant->storage;
    node.output = graph_.add_value(std::move(output));
    value_of(qdq.output) = node.output;
    graph_.nodes.push_back(std::move(node));
    return success();
  }

  Status read_node_attributes(const IndexedNode& source, Node& node) {
    // Their parameters are those of the values, formats/onnx_qdq.h.
    if (node.op == Op::kQuantizeLinear || node.op == Op::kDequantizeLinear) return success();
    std::optional<Shape> weight;
    if (node.inputs.size() > 1 && node.inputs[1] != kNoValue &&
        graph_.value(node.inputs[1]).constant) {
      weight = graph_.value(node.inputs[1]).shape;
    }
    LOWBIT_ASSIGN(node.attributes, read_attributes(source, graph_.opset, weight, constants_));
    return success();
  }

  Status read_activation(int32_t id, Node& node) {
    const IndexedNode& source = index_.node(id);
    LOWBIT_ASSIGN(const Attributes attributes,
                  read_attributes(source, graph_.opset, std::nullopt, constants_));
    const auto* clip = std::get_if<ClipAttributes>(&attributes);
    node.activation = clip ? *clip : ClipAttributes{.min = 0.0f};
    return success();
  }

  Result<ValueId> input_value(const IndexedNode& node, TensorId tensor, NodeRole role) {
    if (tensor == kNoTensor) return kNoValue;
    const TensorId integers = qdq_.integers_of[static_cast<size_t>(tensor)];
    if (integers != kNoTensor && index_.tensor(integers).is_constant) {
      return constant_value(node, integers);
    }
    if (integers != kNoTensor && role == NodeRole::kInteger) return value_of(integers);
    if (index_.tensor(tensor).is_constant) {
      LOWBIT_ASSIGN(const ValueId id, constant_value(node, tensor));
      if (graph_.value(id).dtype == DType::kF32) return id;
      return onnx_node_error(
          ErrorCode::kUnsupportedFeature, node,
          format_text("it reads the integers of '{}' ({}) without DequantizeLinear",
                      graph_.value(id).name, dtype_name(graph_.value(id).dtype)));
    }
    return value_of(tensor);
  }

  Result<ValueId> constant_value(const IndexedNode& node, TensorId tensor) {
    ValueId& id = value_of(tensor);
    if (id != kNoValue) return id;
    LOWBIT_ASSIGN(Tensor constant, constants_.get(tensor));
    Value value{.name = std::string(index_.tensor(tensor).name),
                .dtype = constant.dtype(),
                .shape = constant.shape(),
                .quant = qdq_.constant_quant[static_cast<size_t>(tensor)]};
    value.constant = std::move(constant);
    if (value.quant && value.quant->storage != value.dtype) {
      return onnx_node_error(
          ErrorCode::kInvalidModel, node,
          format_text("the integers of '{}' and their zero point differ", value.name));
    }
    id = graph_.add_value(std::move(value));
    return id;
  }

  ValueId& value_of(TensorId id) { return values_[static_cast<size_t>(id)]; }

  const OnnxIndex& index_;
  OnnxConstants& constants_;
  const QdqModel& qdq_;
  Graph graph_;
  std::vector<ValueId> values_;                          // per tensor of the index
  std::map<std::string, int64_t, std::less<>> symbols_;  // name to index in Graph::symbols
};

Status resolve_flattened_softmax(Graph& graph) {
  for (Node& node : graph.nodes) {
    if (node.op != Op::kSoftmax) continue;
    auto& attributes = std::get<AxisAttributes>(node.attributes);
    const auto axis = flattened_softmax_axis(graph.value(node.inputs[0]).shape, attributes.axis);
    if (!axis) {
      return make_error(
          ErrorCode::kUnsupportedFeature,
          format_text("node '{}' (Softmax): over several axes at once, as opset < 13 has it",
                      node.name),
          node.name);
    }
    attributes.axis = *axis;
  }
  return success();
}

}  // namespace

Result<Graph> read_onnx(std::span<const std::byte> bytes, const ExternalFiles& files) {
  LOWBIT_ASSIGN(const OnnxModel model, parse_onnx_model(bytes));
  LOWBIT_TRY(check_versions(model));
  LOWBIT_ASSIGN(const OnnxIndex index, index_onnx_model(model));
  OnnxConstants constants(index, files);
  LOWBIT_ASSIGN(const QdqModel qdq, find_quantization(index, *model.opset, constants));
  LOWBIT_ASSIGN(const Graph assembled, Assembler(model, index, constants, qdq).run());
  LOWBIT_ASSIGN(Graph graph, infer_shapes(assembled));
  if (graph.opset < 13) LOWBIT_TRY(resolve_flattened_softmax(graph));
  LOWBIT_TRY(validate(graph));
  LOWBIT_TRY(check_finite_weights(graph));
  return graph;
}

}  // namespace lowbit
