// The names of a file resolved: every tensor and node gets a number, and the rules of ONNX's graph
// that concern names hold: tensors are made once and before they are used, nodes have names of
// their own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx_proto.h"
#include "graph/graph.h"

namespace lowbit {

// Index into OnnxIndex::tensors; kNoTensor: an optional input or output that is not given.
using TensorId = int32_t;
inline constexpr TensorId kNoTensor = -1;
inline constexpr int32_t kNoNode = -1;

struct OnnxOperator;

struct IndexedTensor {
  std::string_view name;
  // At most one of these; an input of the graph has none.
  const OnnxTensor* initializer = nullptr;
  const Tensor* given = nullptr;  // of an input that the caller made a constant, with its type
  OnnxType given_type = OnnxType::kUndefined;
  int32_t producer = kNoNode;
  // A constant: one of the former, the output of a Constant, or of a node of constants that folds
  // (formats/onnx_operators.inc).
  bool is_constant = false;
  bool is_graph_output = false;
  int32_t consumer_count = 0;
  int32_t last_consumer = kNoNode;
};

struct IndexedNode {
  const OnnxNode* source = nullptr;
  std::string name;  // given or generated, unique
  // Null: a Constant, or one of OnnxIndex::unknown.
  const OnnxOperator* known = nullptr;
  std::optional<Op> op;           // the operator of the Graph that has its name, if there is one
  std::vector<TensorId> inputs;   // without kNoTensor at the end
  std::vector<TensorId> outputs;  // the first is given
};

struct IndexedInput {
  const OnnxValueInfo* info = nullptr;
  TensorId tensor = kNoTensor;
};

struct OnnxIndex {
  std::vector<IndexedTensor> tensors;
  std::vector<IndexedNode> nodes;
  bool common_ops_only = false;
  std::vector<int32_t> unknown;      // the nodes whose operators Lowbit does not have
  std::vector<IndexedInput> inputs;  // without the initializers, which IR 3 lists there, too
  std::vector<TensorId> outputs;

  const IndexedTensor& tensor(TensorId id) const { return tensors[static_cast<size_t>(id)]; }
  const IndexedNode& node(int32_t id) const { return nodes[static_cast<size_t>(id)]; }
  // By a node or as an output of the graph.
  bool is_used(TensorId id) const {
    return id != kNoTensor && (tensor(id).consumer_count > 0 || tensor(id).is_graph_output);
  }
  // The node that makes a tensor; null for inputs, initializers and kNoTensor.
  const IndexedNode* producer(TensorId id) const;
  // A node that is not computed when the model runs.
  bool is_constant(const IndexedNode& node) const {
    return tensor(node.outputs.front()).is_constant;
  }
};

// `given`: inputs of the graph that are constants, by name. `model` and they must outlive the
// index. `common_ops_only`: all other operators are unknown. Errors: kInvalidModel (`where`: the
// node or the tensor), kInvalidArgument (a name in `given` that no input has).
Result<OnnxIndex> index_onnx_model(const OnnxModel& model,
                                   const std::map<std::string, Tensor>& given,
                                   bool common_ops_only);

// Errors: kUnsupportedOperator, one that lists all of OnnxIndex::unknown.
Status check_operators(const OnnxIndex& index);

// "Conv", and of another domain than ONNX's "com.microsoft.QLinearAdd".
std::string onnx_operator_name(const OnnxNode& node);

// "node 'conv1' (Conv): <message>", `where` the node's name.
Failure onnx_node_error(ErrorCode code, const IndexedNode& node, const Text& message);

}  // namespace lowbit
