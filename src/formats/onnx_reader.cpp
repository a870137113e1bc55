#include "formats/onnx_reader.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "formats/graph_builder.h"
#include "formats/onnx_operators.h"
#include "formats/onnx_qdq.h"
#include "formats/onnx_qlinear.h"
#include "formats/onnx_tensor.h"
#include "graph/finite.h"
#include "graph/rewrites.h"
#include "graph/shape_inference.h"
#include "graph/structure.h"
#include "graph/validate.h"
#include "qmath/dequantize_tensor.h"

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
                      format_text("opset {} is not supported; 1 to 23 are", *model.opset));
  }
  if (model.graph.has_sparse_initializers) {
    return make_error(ErrorCode::kUnsupportedFeature, "sparse initializers are not supported");
  }
  return success();
}

class Assembler {
 public:
  Assembler(const OnnxModel& model, const OnnxIndex& index, OnnxConstants& constants,
            const QdqModel& qdq, const ReadOptions& options)
      : index_(index),
        constants_(constants),
        qdq_(qdq),
        options_(options),
        builder_(&index),
        graph_(builder_.graph()),
        values_(index.tensors.size(), kNoValue),
        parameters_(constants, &graph_, &builder_.shape_values(), &values_) {
    graph_.name = model.graph.name;
    graph_.opset = *model.opset;
    graph_.metadata = {.producer = std::string(model.producer),
                       .producer_version = std::string(model.producer_version),
                       .domain = std::string(model.domain),
                       .model_version = model.model_version,
                       .doc_string = std::string(model.doc_string),
                       .graph_doc_string = std::string(model.graph.doc_string),
                       .opsets = {model.other_opsets.begin(), model.other_opsets.end()},
                       .properties = {model.properties.begin(), model.properties.end()}};
  }

  Result<Graph> run() && {
    for (const IndexedInput& input : index_.inputs) add_named_symbols(*input.info);
    LOWBIT_TRY(check_dimensions());
    for (const IndexedInput& input : index_.inputs) {
      LOWBIT_TRY(add_input(*input.info, input.tensor));
    }
    for (size_t i = 0; i < index_.nodes.size(); ++i) {
      if (qdq_.nodes[i].role != NodeRole::kAbsorbed) LOWBIT_TRY(add_node(i));
    }
    for (const TensorId output : index_.outputs) LOWBIT_TRY(add_output(output));
    return std::move(graph_);
  }

 private:
  Status add_input(const OnnxValueInfo& input, TensorId tensor) {
    const std::string name(input.name);
    const auto refuse = [&](ErrorCode code, const Text& what) {
      return make_error(code, format_text("the graph's input '{}' {}", name, what), name);
    };
    if (!input.shape) return refuse(ErrorCode::kInvalidModel, "has no shape");
    const std::optional<DType> dtype = dtype_of_onnx(input.type);
    if (!dtype) {
      return refuse(
          ErrorCode::kUnsupportedFeature,
          format_text("has the type {}, which is not supported", onnx_type_name(input.type)));
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
    const ValueId id = graph_.add_value({.name = name, .dtype = *dtype, .shape = shape});
    value_of(tensor) = id;
    graph_.inputs.push_back(id);
    return success();
  }

  // First, so that no name made up for another dimension is one of these.
  void add_named_symbols(const OnnxValueInfo& input) {
    if (!input.shape) return;
    for (const OnnxDimension& dimension : *input.shape) {
      if (dimension.value || dimension.symbol.empty()) continue;
      if (options_.dimensions.contains(std::string(dimension.symbol))) {
        fixed_.insert(dimension.symbol);
      } else {
        add_symbol(std::string(dimension.symbol));
      }
    }
  }

  Status check_dimensions() const {
    for (const auto& [name, number] : options_.dimensions) {
      if (!fixed_.contains(name)) {
        return make_error(ErrorCode::kInvalidArgument,
                          format_text("no input of the model has a dimension '{}'", name), name);
      }
      if (number < 1 || number > kMaxElements) {
        return make_error(ErrorCode::kInvalidArgument,
                          format_text("the dimension '{}' cannot be {}", name, number), name);
      }
    }
    return success();
  }

  // A dimension that has neither a number nor a name is a symbol of its own.
  int64_t symbol(std::string_view given, const std::string& input, size_t axis) {
    if (fixed_.contains(given)) return options_.dimensions.find(std::string(given))->second;
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
    const bool converts = source.op == Op::kQuantizeLinear || source.op == Op::kDequantizeLinear;
    // Integers that carry their parameters have them as no inputs.
    const size_t count = converts && qdq.quant ? 1 : data_input_count(source);
    std::vector<ValueId> inputs;
    for (size_t k = 0; k < count; ++k) {
      LOWBIT_ASSIGN(inputs.emplace_back(), input_value(source, qdq, k));
    }
    LOWBIT_ASSIGN(const Expansion expansion, expand(source, inputs));
    const bool is_dequantize = source.op == Op::kDequantizeLinear;
    GraphBuilder::Quantization quantization{.activation = {},
                                            .quant = is_dequantize ? std::nullopt : qdq.quant};
    if (qdq.activation != kNoNode) {
      LOWBIT_ASSIGN(quantization.activation,
                    read_onnx_bounds(index_.node(qdq.activation), graph_.opset, parameters_));
    }
    // The first is that of the Q which belongs to the node, if one does.
    std::vector<TensorId> outputs = source.outputs;
    outputs.front() = qdq.output;
    std::vector<std::string> names;
    for (const TensorId output : outputs) {
      names.emplace_back(output == kNoTensor ? "" : index_.tensor(output).name);
    }
    if (qdq.is_read_as_real) names.front() = builder_.unique_name(names.front() + "/quantized");
    LOWBIT_ASSIGN(const std::vector<ValueId> made,
                  builder_.add(expansion, source, inputs, names, quantization));
    for (size_t k = 0; k < std::min(made.size(), outputs.size()); ++k) {
      if (outputs[k] != kNoTensor) value_of(outputs[k]) = made[k];
    }
    if (qdq.is_read_as_real) {
      value_of(qdq.output) = convert(Op::kDequantizeLinear, made.front(),
                                     std::string(index_.tensor(qdq.output).name), std::nullopt);
    }
    return success();
  }

  // Adds a QuantizeLinear or DequantizeLinear that the file does not have.
  ValueId convert(Op op, ValueId input, const std::string& name, std::optional<QuantParams> quant) {
    Value output{.name = name, .shape = graph_.value(input).shape, .quant = std::move(quant)};
    if (output.quant) output.dtype = output.quant->storage;
    const ValueId id = graph_.add_value(std::move(output));
    graph_.nodes.push_back(
        {.op = op,
         .name = builder_.unique_node_name(format_text("{}/{}", name, op_info(op).name)),
         .inputs = {input},
         .output = id,
         .attributes = QuantizeAttributes{}});
    return id;
  }

  Result<Expansion> expand(const IndexedNode& source, std::span<const ValueId> inputs) {
    std::vector<const Value*> values;
    for (const ValueId id : inputs) {
      values.push_back(id == kNoValue ? nullptr : &graph_.value(id));
    }
    return read_onnx_node(source, graph_.opset, std::move(values), parameters_);
  }

  Result<ValueId> input_value(const IndexedNode& node, const QdqNode& qdq, size_t k) {
    const TensorId tensor = node.inputs[k];
    if (tensor == kNoTensor) return kNoValue;
    const TensorId integers = qdq_.integers_of[static_cast<size_t>(tensor)];
    const bool is_integer = qdq.role == NodeRole::kInteger;
    if (integers != kNoTensor && index_.tensor(integers).is_constant) {
      return quantized_constant(node, qdq, k);
    }
    if (is_integer && integers != kNoTensor) return value_of(integers);
    const bool is_dequantized = qdq_.quant_of[static_cast<size_t>(tensor)].has_value();
    if (is_integer && is_dequantized) return quantized_input(tensor);
    if (index_.tensor(tensor).is_constant) return constant_value(tensor);
    return value_of(tensor);
  }

  // What a DQ makes of integers that have no parameters, as integers that have them.
  ValueId quantized_input(TensorId tensor) {
    ValueId& id = quantized_inputs_.try_emplace(tensor, kNoValue).first->second;
    if (id == kNoValue) {
      const std::string name(index_.tensor(tensor).name);
      id = convert(Op::kQuantizeLinear, value_of(tensor), builder_.unique_name(name + "/quantized"),
                   qdq_.quant_of[static_cast<size_t>(tensor)]);
    }
    return id;
  }

  // A constant behind a DQ in the form in which the node reads it.
  Result<ValueId> quantized_constant(const IndexedNode& node, const QdqNode& qdq, size_t k) {
    const TensorId tensor = node.inputs[k];
    const TensorId source = qdq_.integers_of[static_cast<size_t>(tensor)];
    QuantParams quant = *qdq_.quant_of[static_cast<size_t>(tensor)];
    LOWBIT_ASSIGN(Tensor integers, constants_.get(source));
    if (qdq.has_integer_weight && k == 1) {
      LOWBIT_TRY(to_weight_form(integers, quant));
    } else if (qdq.role != NodeRole::kInteger) {
      if (value_of(tensor) != kNoValue) return value_of(tensor);
      LOWBIT_ASSIGN(Tensor reals, dequantize_tensor(integers, quant));
      LOWBIT_ASSIGN(value_of(tensor), add_constant(tensor, std::move(reals), std::nullopt));
      return value_of(tensor);
    } else if (quant.storage == DType::kI32) {
      quant = *qdq.bias;
    } else {
      LOWBIT_TRY(to_activation_form(integers, quant));
    }
    std::vector<ValueId>& known = quantized_constants_[source];
    for (const ValueId id : known) {
      if (graph_.value(id).quant == quant) return id;
    }
    LOWBIT_ASSIGN(known.emplace_back(),
                  add_constant(source, std::move(integers), std::move(quant)));
    return known.back();
  }

  Result<ValueId> constant_value(TensorId tensor) {
    ValueId& id = value_of(tensor);
    if (id != kNoValue) return id;
    LOWBIT_ASSIGN(Tensor constant, constants_.get(tensor));
    LOWBIT_ASSIGN(id, add_constant(tensor, std::move(constant), std::nullopt));
    return id;
  }

  // Under the name of `tensor`, unless another form of it has that.
  Result<ValueId> add_constant(TensorId tensor, Tensor constant, std::optional<QuantParams> quant) {
    std::string name(index_.tensor(tensor).name);
    LOWBIT_TRY(check_extent(constant.shape(), format_text("the constant '{}'", name)));
    if (!named_constants_.insert(tensor).second) name = builder_.unique_name(name);
    return graph_.add_value({.name = std::move(name),
                             .dtype = constant.dtype(),
                             .shape = constant.shape(),
                             .constant = constant,
                             .quant = std::move(quant)});
  }

  // A constant is handed on by an Identity: what leaves the graph is made by a node.
  Status add_output(TensorId tensor) {
    const IndexedTensor& output = index_.tensor(tensor);
    if (!output.is_constant) {
      graph_.outputs.push_back(value_of(tensor));
      return success();
    }
    const std::string name(output.name);
    LOWBIT_ASSIGN(Tensor constant, constants_.get(tensor));
    ValueId& id = value_of(tensor);
    if (id == kNoValue) {
      LOWBIT_ASSIGN(id, add_constant(tensor, constant, std::nullopt));
    }
    graph_.value(id).name = builder_.unique_name(name + "/constant");
    LOWBIT_TRY(check_extent(constant.shape(), format_text("the graph's output '{}'", name)));
    const Shape shape = constant.shape();
    const ValueId made =
        graph_.add_value({.name = name, .dtype = constant.dtype(), .shape = shape});
    graph_.nodes.push_back({.op = Op::kIdentity,
                            .name = builder_.unique_node_name(name),
                            .inputs = {id},
                            .output = made});
    graph_.outputs.push_back(made);
    return success();
  }

  ValueId& value_of(TensorId id) { return values_[static_cast<size_t>(id)]; }

  const OnnxIndex& index_;
  OnnxConstants& constants_;
  const QdqModel& qdq_;
  const ReadOptions& options_;
  GraphBuilder builder_;
  Graph& graph_;
  std::vector<ValueId> values_;  // per tensor of the index
  std::map<TensorId, ValueId> quantized_inputs_;
  std::map<TensorId, std::vector<ValueId>> quantized_constants_;  // by the file's constant
  std::set<TensorId> named_constants_;  // whose names values of the graph have
  Parameters parameters_;
  std::map<std::string, int64_t, std::less<>> symbols_;  // name to index in Graph::symbols
  std::set<std::string_view> fixed_;                     // symbols that the options give numbers
};

// Files grow as they are decoded; a few bytes that computing makes many of are meant to fill
// memory.
uint64_t tensor_budget(std::span<const std::byte> bytes, const ReadOptions& options) {
  uint64_t file_bytes = bytes.size();
  for (const auto& [name, file] : options.files) file_bytes += file.size();
  for (const auto& [name, constant] : options.constants) file_bytes += constant.byte_count();
  return std::min<uint64_t>(kMaxTensorBytes,
                            kFreeTensorBytes + kMaxTensorBytesPerFileByte * file_bytes);
}

}  // namespace

Result<Graph> read_onnx(std::span<const std::byte> bytes, const ReadOptions& options) {
  LOWBIT_ASSIGN(OnnxModel model, parse_onnx_model(bytes));
  LOWBIT_TRY(check_versions(model));
  LOWBIT_TRY(expand_qlinear(model));
  LOWBIT_ASSIGN(const OnnxIndex index,
                index_onnx_model(model, options.constants, options.common_ops_only));
  LOWBIT_TRY(check_operators(index));
  OnnxConstants constants(index, *model.opset, options.files, tensor_budget(bytes, options));
  LOWBIT_ASSIGN(const QdqModel qdq, find_quantization(index, *model.opset, constants));
  LOWBIT_ASSIGN(const Graph assembled, Assembler(model, index, constants, qdq, options).run());
  LOWBIT_ASSIGN(Graph graph, infer_shapes(remove_unused(assembled)));
  LOWBIT_TRY(validate(graph));
  LOWBIT_TRY(check_finite_weights(graph));
  return graph;
}

}  // namespace lowbit
