#include "formats/onnx_index.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "formats/onnx_operators.h"
#include "graph/common_ops.h"

namespace lowbit {

namespace {

// Of each operator that Lowbit does not have, in the error that lists them.
constexpr size_t kNamedNodes = 8;

bool is_onnx_domain(std::string_view domain) { return domain.empty() || domain == "ai.onnx"; }

std::string quoted(std::string_view name) { return format_text("'{}'", name); }

// An ordered map, because names come from outside: it has no worst case that a file could aim at.
class Indexer {
 public:
  Indexer(const OnnxModel& model, const std::map<std::string, Tensor>& given, bool common_ops_only)
      : graph_(model.graph), given_(given) {
    index_.common_ops_only = common_ops_only;
  }

  Result<OnnxIndex> run() && {
    LOWBIT_TRY(add_initializers());
    LOWBIT_TRY(add_inputs());
    collect_given_names();
    for (size_t i = 0; i < graph_.nodes.size(); ++i) LOWBIT_TRY(add_node(i));
    LOWBIT_TRY(add_outputs());
    return std::move(index_);
  }

 private:
  // kNoTensor when the name is taken.
  TensorId define(std::string_view name) {
    const auto id = static_cast<TensorId>(index_.tensors.size());
    if (!ids_.emplace(name, id).second) return kNoTensor;
    index_.tensors.emplace_back().name = name;
    return id;
  }

  static Failure defined_twice(std::string_view name) {
    return make_error(ErrorCode::kInvalidModel,
                      format_text("the value {} is defined twice", quoted(name)),
                      std::string(name));
  }

  Status add_initializers() {
    for (const OnnxTensor& initializer : graph_.initializers) {
      if (initializer.name.empty()) {
        return make_error(ErrorCode::kInvalidModel, "an initializer has no name",
                          byte_offset(initializer.message.offset));
      }
      const TensorId id = define(initializer.name);
      if (id == kNoTensor) return defined_twice(initializer.name);
      at(id).initializer = &initializer;
      at(id).is_constant = true;
    }
    return success();
  }

  Status add_inputs() {
    std::set<std::string_view> names;
    for (const OnnxValueInfo& input : graph_.inputs) {
      if (input.name.empty()) {
        return make_error(ErrorCode::kInvalidModel, "an input of the graph has no name");
      }
      if (!names.insert(input.name).second) return defined_twice(input.name);
      const TensorId id = define(input.name);
      if (id == kNoTensor) continue;  // a weight, which IR 3 lists among the inputs, too
      const auto given = given_.find(std::string(input.name));
      if (given == given_.end()) {
        index_.inputs.push_back({&input, id});
      } else {
        at(id).given = &given->second;
        at(id).given_type = input.type;
        at(id).is_constant = true;
      }
    }
    for (const auto& [name, tensor] : given_) {
      if (names.contains(name)) continue;
      return make_error(ErrorCode::kInvalidArgument,
                        format_text("the model has no input {}", quoted(name)), name);
    }
    return success();
  }

  void collect_given_names() {
    for (const OnnxNode& node : graph_.nodes) {
      if (!node.name.empty()) given_names_.insert(node.name);
    }
  }

  // The node's own name if it is the first to have it, else one that no node has.
  std::string unique_name(const OnnxNode& node, size_t position) {
    if (!node.name.empty() && names_.insert(std::string(node.name)).second) {
      return std::string(node.name);
    }
    std::string name(node.name.empty() ? node.op_type : node.name);
    name += format_text("_{}", position);
    while (given_names_.contains(name) || !names_.insert(name).second) name += "_";
    return name;
  }

  Status add_node(size_t position) {
    const OnnxNode& source = graph_.nodes[position];
    IndexedNode node;
    node.source = &source;
    node.name = unique_name(source, position);
    const auto id = static_cast<int32_t>(position);
    for (const std::string_view name : source.inputs) {
      if (name.empty()) {
        node.inputs.push_back(kNoTensor);
        continue;
      }
      const auto found = ids_.find(name);
      if (found == ids_.end()) {
        return onnx_node_error(
            ErrorCode::kInvalidModel, node,
            format_text("its input {} is not made by the graph's inputs, initializers or earlier "
                        "nodes (nodes must be in topological order)",
                        quoted(name)));
      }
      node.inputs.push_back(found->second);
      ++at(found->second).consumer_count;
      at(found->second).last_consumer = id;
    }
    while (!node.inputs.empty() && node.inputs.back() == kNoTensor) node.inputs.pop_back();

    for (const std::string_view name : source.outputs) {
      if (name.empty()) {
        node.outputs.push_back(kNoTensor);
        continue;
      }
      const TensorId output = define(name);
      if (output == kNoTensor) return defined_twice(name);
      at(output).producer = id;
      node.outputs.push_back(output);
    }
    if (node.outputs.empty() || node.outputs.front() == kNoTensor) {
      return onnx_node_error(ErrorCode::kInvalidModel, node, "it has no output");
    }
    classify(node);
    index_.nodes.push_back(std::move(node));
    return success();
  }

  void classify(IndexedNode& node) {
    const bool is_standard = is_onnx_domain(node.source->domain);
    if (is_standard && node.source->op_type == "Constant") {
      at(node.outputs.front()).is_constant = true;
      return;
    }
    node.known = find_onnx_operator(node.source->domain, node.source->op_type);
    if (index_.common_ops_only && node.known && !is_common_op(node.known->name)) {
      node.known = nullptr;
    }
    if (!node.known) {
      index_.unknown.push_back(static_cast<int32_t>(index_.nodes.size()));
      return;
    }
    if (is_standard) node.op = op_from_name(node.source->op_type);
    if (!node.known->folds || !reads_constants_only(node)) return;
    for (const TensorId output : node.outputs) {
      if (output != kNoTensor) at(output).is_constant = true;
    }
  }

  bool reads_constants_only(const IndexedNode& node) const {
    return !node.inputs.empty() && std::ranges::all_of(node.inputs, [&](TensorId input) {
      return input == kNoTensor || index_.tensor(input).is_constant;
    });
  }

  Status add_outputs() {
    if (graph_.outputs.empty()) {
      return make_error(ErrorCode::kInvalidModel, "the graph has no outputs");
    }
    for (const OnnxValueInfo& output : graph_.outputs) {
      const auto found = ids_.find(output.name);
      if (found == ids_.end()) {
        return make_error(ErrorCode::kInvalidModel,
                          format_text("no node makes the graph's output {}", quoted(output.name)),
                          std::string(output.name));
      }
      if (at(found->second).is_graph_output) return defined_twice(output.name);
      at(found->second).is_graph_output = true;
      index_.outputs.push_back(found->second);
    }
    return success();
  }

  IndexedTensor& at(TensorId id) { return index_.tensors[static_cast<size_t>(id)]; }

  const OnnxGraph& graph_;
  const std::map<std::string, Tensor>& given_;
  OnnxIndex index_;
  std::map<std::string_view, TensorId> ids_;
  std::set<std::string_view> given_names_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

const IndexedNode* OnnxIndex::producer(TensorId id) const {
  if (id == kNoTensor || tensor(id).producer == kNoNode) return nullptr;
  return &node(tensor(id).producer);
}

Result<OnnxIndex> index_onnx_model(const OnnxModel& model,
                                   const std::map<std::string, Tensor>& given,
                                   bool common_ops_only) {
  return Indexer(model, given, common_ops_only).run();
}

std::string onnx_operator_name(const OnnxNode& node) {
  if (is_onnx_domain(node.domain)) return std::string(node.op_type);
  return format_text("{}.{}", node.domain, node.op_type);
}

Status check_operators(const OnnxIndex& index) {
  if (index.unknown.empty()) return success();
  struct Nodes {
    std::string names;
    size_t count = 0;
  };
  std::map<std::string, Nodes> by_operator;
  for (const int32_t id : index.unknown) {
    const IndexedNode& node = index.node(id);
    Nodes& nodes = by_operator[onnx_operator_name(*node.source)];
    if (nodes.count++ >= kNamedNodes) continue;
    nodes.names += (nodes.names.empty() ? "" : ", ") + quoted(node.name);
  }
  std::string message = "Lowbit does not have the operators ";
  std::string operators;
  for (const auto& [name, nodes] : by_operator) {
    if (!operators.empty()) {
      message += "; ";
      operators += ", ";
    }
    operators += name;
    message += format_text("{} ({}{}", name, nodes.count == 1 ? "node " : "nodes ", nodes.names);
    if (nodes.count > kNamedNodes) {
      message += format_text(" and {} more", nodes.count - kNamedNodes);
    }
    message += ")";
  }
  return make_error(ErrorCode::kUnsupportedOperator, message, operators);
}

Failure onnx_node_error(ErrorCode code, const IndexedNode& node, const Text& message) {
  return make_error(
      code, format_text("node {} ({}): {}", quoted(node.name), node.source->op_type, message),
      node.name);
}

}  // namespace lowbit
