// The model: values and the nodes that make them, in topological order. One type for FP32 and
// quantized models: a value either has quantization parameters or has not. Axes are ONNX's (NCHW);
// layout is the engine's business.
//
// A Graph is plain data, cheap to copy (constants share their bytes). Functions that change one
// take it by const reference and return a new one. validate() (graph/validate.h) states and checks
// the invariants.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/attributes.h"
#include "qmath/binary.h"
#include "qmath/quant_params.h"
#include "tensor/tensor.h"

namespace lowbit {

enum class Op : uint8_t {
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) k##name,
#include "graph/ops.inc"
#undef LOWBIT_OP
};

struct OpInfo {
  std::string_view name;
  int min_inputs;
  int max_inputs;  // -1: any number
  bool has_integer;
  bool has_gradient;
};

const OpInfo& op_info(Op op);
std::optional<Op> op_from_name(std::string_view name);

// Of an operator of qmath/unary.inc; of any other, none.
std::optional<UnaryFunction> unary_function(Op op);

// Of an operator of qmath/binary.inc; of any other, none.
std::optional<BinaryFunction> binary_function(Op op);

// Index into Graph::values.
using ValueId = int32_t;
inline constexpr ValueId kNoValue = -1;  // an optional input that is not given

// The empty initializers let designated initializers name only the members they set.
struct Value {
  std::string name{};  // unique and not empty
  DType dtype = DType::kF32;
  Shape shape{};                       // may hold symbols, see tensor/shape.h
  std::optional<Tensor> constant{};    // weights
  std::optional<QuantParams> quant{};  // present: the integers stand for reals
};

struct Node {
  Op op = Op::kIdentity;
  std::string name{};  // unique and not empty
  std::vector<ValueId> inputs{};
  ValueId output = kNoValue;
  Attributes attributes{};
  // An activation fused into the node's output: y = min(max(y, activation.min), activation.max).
  // Conv, Gemm, MatMul and Add only. In a quantized node the bounds are reals too.
  ClipAttributes activation{};
};

// What a file says of its model beyond what it computes. It is carried from file to file.
struct Metadata {
  std::string producer = "lowbit";
  std::string producer_version{};
  std::string domain{};
  int64_t model_version = 0;
  std::string doc_string{};
  std::string graph_doc_string{};
  std::vector<std::pair<std::string, int64_t>> opsets{};  // of domains other than ai.onnx
  std::vector<std::pair<std::string, std::string>> properties{};
  bool operator==(const Metadata&) const = default;

  // In place of the property of that key, or behind the others.
  void set_property(std::string_view key, std::string text);
};

struct Graph {
  std::string name;
  int64_t opset = 17;
  std::vector<Value> values;
  std::vector<Node> nodes;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;
  std::vector<std::string> symbols;  // names of symbolic dimensions
  Metadata metadata;

  Value& value(ValueId id) { return values[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values[static_cast<size_t>(id)]; }

  ValueId add_value(Value value);
  // kNoValue when there is none of that name. Linear in the number of values.
  ValueId find_value(std::string_view wanted) const;

  // True when any value carries quantization parameters, be it only a weight.
  bool is_quantized() const;
};

}  // namespace lowbit
