#include "graph/structure.h"

#include <limits>
#include <set>
#include <string_view>

#include "base/text.h"
#include "graph/errors.h"

namespace lowbit {

namespace {

constexpr size_t kOpCount = 0
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) +1
#include "graph/ops.inc"
#undef LOWBIT_OP
    ;

bool has_attributes_of_its_op(const Node& node) {
  switch (node.op) {
#define LOWBIT_OP(name, min_inputs, max_inputs, Attributes, integer, gradient) \
  case Op::k##name:                                                            \
    return std::holds_alternative<Attributes>(node.attributes);
#include "graph/ops.inc"
#undef LOWBIT_OP
  }
  return false;
}

class StructureCheck {
 public:
  explicit StructureCheck(const Graph& graph) : graph_(graph), is_made_(graph.values.size()) {}

  Status run() {
    if (graph_.values.size() > static_cast<size_t>(std::numeric_limits<ValueId>::max())) {
      return make_error(ErrorCode::kLimitExceeded, "the graph has too many values");
    }
    LOWBIT_TRY(check_values());
    LOWBIT_TRY(check_inputs());
    LOWBIT_TRY(check_nodes());
    LOWBIT_TRY(check_outputs());
    for (size_t i = 0; i < is_made_.size(); ++i) {
      if (!is_made_[i]) {
        return value_error(ErrorCode::kInvalidModel, graph_.values[i],
                           "it is no input, has no constant data, and no node makes it");
      }
    }
    return success();
  }

 private:
  bool in_range(ValueId id) const {
    return id >= 0 && static_cast<size_t>(id) < graph_.values.size();
  }
  bool is_made(ValueId id) const { return is_made_[static_cast<size_t>(id)]; }
  void set_made(ValueId id) { is_made_[static_cast<size_t>(id)] = true; }

  Status check_symbols(const Value& value) const {
    for (const int64_t dim : value.shape.dims()) {
      // -1 - dim cannot overflow for a negative dim.
      if (dim < 0 && static_cast<uint64_t>(-1 - dim) >= graph_.symbols.size()) {
        return value_error(ErrorCode::kInvalidModel, value,
                           "its shape uses a symbol that the graph does not have");
      }
    }
    return success();
  }

  Status check_values() {
    std::set<std::string_view> names;
    for (size_t i = 0; i < graph_.values.size(); ++i) {
      const Value& value = graph_.values[i];
      if (value.name.empty()) {
        return make_error(ErrorCode::kInvalidModel, format_text("value {} has no name", i));
      }
      if (!names.insert(value.name).second) {
        return value_error(ErrorCode::kInvalidModel, value, "another value has the same name");
      }
      LOWBIT_TRY(check_symbols(value));
      if (!value.constant) continue;
      if (value.constant->dtype() != value.dtype) {
        return value_error(
            ErrorCode::kTypeMismatch, value,
            format_text("it is declared {}, its constant data is {}", dtype_name(value.dtype),
                        dtype_name(value.constant->dtype())));
      }
      if (value.constant->shape() != value.shape) {
        return value_error(
            ErrorCode::kShapeMismatch, value,
            format_text("it is declared {}, its constant data is {}", value.shape.to_string(),
                        value.constant->shape().to_string()));
      }
      LOWBIT_TRY(check_value_extent(value));
      is_made_[i] = true;
    }
    return success();
  }

  static Status check_value_extent(const Value& value) {
    Status status = check_extent(value.shape, format_text("value '{}'", value.name));
    if (status.ok()) return status;
    return make_error(status.error().code, status.error().message, value.name);
  }

  Status check_inputs() {
    for (const ValueId id : graph_.inputs) {
      if (!in_range(id)) {
        return make_error(ErrorCode::kInvalidModel, "a graph input's id is out of range");
      }
      const Value& value = graph_.value(id);
      if (is_made(id)) {
        return value_error(ErrorCode::kInvalidModel, value,
                           value.constant ? "a graph input has constant data"
                                          : "it is listed as a graph input twice");
      }
      LOWBIT_TRY(check_value_extent(value));
      set_made(id);
    }
    return success();
  }

  Status check_nodes() {
    std::set<std::string_view> names;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (node.name.empty()) {
        return make_error(ErrorCode::kInvalidModel, format_text("node {} has no name", i));
      }
      if (static_cast<size_t>(node.op) >= kOpCount) {
        return make_error(ErrorCode::kInvalidModel,
                          format_text("node '{}': unknown operator", node.name), node.name);
      }
      if (!names.insert(node.name).second) {
        return node_error(ErrorCode::kInvalidModel, node, "another node has the same name");
      }
      LOWBIT_TRY(check_node_form(node));
      LOWBIT_TRY(check_node_inputs(node));
      if (!in_range(node.output)) {
        return node_error(ErrorCode::kInvalidModel, node, "the id of its output is out of range");
      }
      if (is_made(node.output)) {
        return node_error(
            ErrorCode::kInvalidModel, node,
            format_text(
                "its output '{}' is a graph input, a constant, or made by an earlier node as well",
                graph_.value(node.output).name));
      }
      set_made(node.output);
    }
    return success();
  }

  Status check_node_inputs(const Node& node) const {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue) continue;
      if (!in_range(id)) {
        return node_error(ErrorCode::kInvalidModel, node,
                          format_text("the id of input {} is out of range", i));
      }
      if (!is_made(id)) {
        return node_error(
            ErrorCode::kInvalidModel, node,
            format_text("its input '{}' is not made before it", graph_.value(id).name));
      }
    }
    return success();
  }

  Status check_outputs() const {
    if (graph_.outputs.empty()) {
      return make_error(ErrorCode::kInvalidModel, "the graph has no outputs");
    }
    std::vector<bool> is_output(graph_.values.size());
    std::vector<bool> is_input(graph_.values.size());
    for (const ValueId id : graph_.inputs) is_input[static_cast<size_t>(id)] = true;
    for (const ValueId id : graph_.outputs) {
      if (!in_range(id)) {
        return make_error(ErrorCode::kInvalidModel, "a graph output's id is out of range");
      }
      const Value& value = graph_.value(id);
      if (is_output[static_cast<size_t>(id)]) {
        return value_error(ErrorCode::kInvalidModel, value, "it is listed as a graph output twice");
      }
      is_output[static_cast<size_t>(id)] = true;
      if (value.constant || is_input[static_cast<size_t>(id)]) {
        return value_error(ErrorCode::kUnsupportedFeature, value,
                           "a graph output must be made by a node");
      }
      if (!is_made(id)) {
        return value_error(ErrorCode::kInvalidModel, value, "no node makes this graph output");
      }
    }
    return success();
  }

  const Graph& graph_;
  std::vector<bool> is_made_;
};

}  // namespace

Status check_extent(const Shape& shape, const Text& what) {
  int64_t product = 1;
  for (const int64_t dim : shape.dims()) {
    if (dim < 0) continue;
    if (dim == 0) {
      return make_error(
          ErrorCode::kShapeMismatch,
          format_text("{} has shape {}, which has no elements", what, shape.to_string()));
    }
    // Both factors are at most 2^30 here, so the product cannot overflow.
    if (dim <= kMaxElements) product *= dim;
    if (dim > kMaxElements || product > kMaxElements) {
      return make_error(ErrorCode::kLimitExceeded,
                        format_text("{} has shape {}, which has more than {} elements", what,
                                    shape.to_string(), kMaxElements));
    }
  }
  return success();
}

Status check_node_form(const Node& node) {
  if (!has_attributes_of_its_op(node)) {
    return node_error(ErrorCode::kInvalidModel, node, "its attributes are another operator's");
  }
  const OpInfo& info = op_info(node.op);
  const bool is_variadic = info.max_inputs < 0;
  const auto minimum = static_cast<size_t>(info.min_inputs);
  if (node.inputs.size() < minimum ||
      (!is_variadic && node.inputs.size() > static_cast<size_t>(info.max_inputs))) {
    std::string range = format_text("{}", info.min_inputs);
    if (is_variadic) {
      range += " or more";
    } else if (info.max_inputs != info.min_inputs) {
      range += format_text(" to {}", info.max_inputs);
    }
    return node_error(
        ErrorCode::kInvalidModel, node,
        format_text("it has {}, it needs {}",
                    count_of(static_cast<int64_t>(node.inputs.size()), "input"), range));
  }
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    if (node.inputs[i] != kNoValue || (i >= minimum && !is_variadic)) continue;
    return node_error(ErrorCode::kInvalidModel, node, format_text("its input {} is not given", i));
  }
  return success();
}

Status check_structure(const Graph& graph) { return StructureCheck(graph).run(); }

}  // namespace lowbit
