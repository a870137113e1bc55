#include "graph/graph.h"

#include <algorithm>
#include <array>

namespace lowbit {

namespace {

constexpr auto kOps = std::to_array<OpInfo>({
#define LOWBIT_OP(name, min_inputs, max_inputs, attributes, integer, gradient) \
  {#name, min_inputs, max_inputs, integer, gradient},
#include "graph/ops.inc"
#undef LOWBIT_OP
});

}  // namespace

const OpInfo& op_info(Op op) { return kOps[static_cast<size_t>(op)]; }

std::optional<Op> op_from_name(std::string_view name) {
  const auto found = std::ranges::find(kOps, name, &OpInfo::name);
  if (found == kOps.end()) return std::nullopt;
  return static_cast<Op>(found - kOps.begin());
}

std::optional<UnaryFunction> unary_function(Op op) {
  switch (op) {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) \
  case Op::k##name:                                           \
    return UnaryFunction::k##name;
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
    default:
      return std::nullopt;
  }
}

std::optional<BinaryFunction> binary_function(Op op) {
  switch (op) {
#define LOWBIT_BINARY(name, opset, result) \
  case Op::k##name:                        \
    return BinaryFunction::k##name;
#include "qmath/binary.inc"
#undef LOWBIT_BINARY
    default:
      return std::nullopt;
  }
}

void Metadata::set_property(std::string_view key, std::string text) {
  const auto found =
      std::ranges::find(properties, key, &std::pair<std::string, std::string>::first);
  if (found == properties.end()) {
    properties.emplace_back(key, std::move(text));
  } else {
    found->second = std::move(text);
  }
}

ValueId Graph::add_value(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::find_value(std::string_view wanted) const {
  const auto found = std::ranges::find(values, wanted, &Value::name);
  return found == values.end() ? kNoValue : static_cast<ValueId>(found - values.begin());
}

bool Graph::is_quantized() const {
  return std::ranges::any_of(values, [](const Value& v) { return v.quant.has_value(); });
}

}  // namespace lowbit
