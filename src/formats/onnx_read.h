// How one node of a file becomes nodes of the Graph: what the readers of operators
// (onnx_read_*.cpp) are given, and what they give.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "formats/onnx_attributes.h"
#include "formats/onnx_constants.h"
#include "formats/onnx_index.h"
#include "graph/graph.h"
#include "graph/shape_values.h"

namespace lowbit {

// What a node of an Expansion reads.
struct Operand {
  enum class Kind : uint8_t { kNone, kInput, kMade, kConstant, kValue };
  Kind kind = Kind::kNone;
  size_t index = 0;

  static Operand none() { return {}; }
  // Of the file's node.
  static Operand input(size_t index) { return {Kind::kInput, index}; }
  // The output of an earlier node of the Expansion.
  static Operand made(size_t index) { return {Kind::kMade, index}; }
  // One of Expansion::constants.
  static Operand constant(size_t index) { return {Kind::kConstant, index}; }
  // Any value of the graph.
  static Operand value(ValueId id) { return {Kind::kValue, static_cast<size_t>(id)}; }
};

struct MadeNode {
  Op op = Op::kIdentity;
  std::vector<Operand> inputs{};
  Attributes attributes{};
  ClipAttributes activation{};
};

struct Expansion {
  std::vector<MadeNode> nodes{};  // in order of execution
  // Per output of the file's node: the node that makes it.
  std::vector<size_t> outputs{0};
  std::vector<Tensor> constants{};

  Operand add(MadeNode node) {
    nodes.push_back(std::move(node));
    return Operand::made(nodes.size() - 1);
  }
  Operand add(Tensor constant) {
    constants.push_back(std::move(constant));
    return Operand::constant(constants.size() - 1);
  }
};

// Inputs that must be known when the model is loaded: constants, and what is computed from shapes.
class Parameters {
 public:
  // `values` and `value_of` tell what is known of a tensor that is no constant; both may be null.
  Parameters(OnnxConstants& constants, const Graph* graph, ShapeValues* values,
             const std::vector<ValueId>* value_of)
      : constants_(constants), graph_(graph), values_(values), value_of_(value_of) {}

  OnnxConstants& constants() { return constants_; }
  bool is_constant(TensorId id) const;
  // Of a tensor that is known, maybe with symbols.
  std::optional<std::vector<ShapeNumber>> numbers(TensorId id);
  // The first value of the graph that has the symbol as a dimension.
  struct Dimension {
    ValueId value = kNoValue;
    int axis = 0;
  };
  Dimension find_symbol(int64_t symbol);

 private:
  OnnxConstants& constants_;
  const Graph* graph_;
  ShapeValues* values_;
  const std::vector<ValueId>* value_of_;
  std::vector<Dimension> symbols_;  // of the first `seen_` values
  size_t seen_ = 0;
};

struct NodeSource {
  const IndexedNode& node;
  int64_t opset;
  AttributeReader& attributes;
  Parameters& parameters;
  // The data inputs (OnnxOperator::data_inputs); null: not given.
  std::vector<const Value*> inputs;

  bool has(size_t input) const {
    return input < node.inputs.size() && node.inputs[input] != kNoTensor;
  }
  // Errors of the following: kUnsupportedFeature where the input is only known when the model runs.
  // `what` is its name.
  Result<Tensor> constant(size_t input, std::string_view what) const;
  Result<std::optional<float>> scalar(size_t input, std::string_view what) const;
  Result<std::vector<int64_t>> integers(size_t input, std::string_view what) const;

  Failure refuse(ErrorCode code, const Text& message) const {
    return onnx_node_error(code, node, message);
  }
};

// A node of the same operator, all of whose data inputs stay its inputs.
Expansion same_node(const NodeSource& source, Attributes attributes = NoAttributes{});

// With the mask of a Dropout, if anything reads it.
Result<Expansion> with_dropout_mask(const NodeSource& source, Expansion expansion);

// One element of any type.
Result<Tensor> scalar_of(DType dtype, int64_t value);

// Bounds of a Clip of reals, or of a Relu. Errors: as read_onnx.
Result<ClipAttributes> read_bounds(const NodeSource& source);

#define LOWBIT_ONNX(domain, name, data_inputs, max_inputs, folds, read) \
  Result<Expansion> read(const NodeSource& source);
#include "formats/onnx_operators.inc"
#undef LOWBIT_ONNX

}  // namespace lowbit
