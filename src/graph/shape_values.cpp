#include "graph/shape_values.h"

#include <algorithm>

#include "qmath/binary_functions.h"

namespace lowbit {

namespace {

// Longer lists are data, not shapes.
constexpr int64_t kMaxCount = 64;

using Kind = ShapeNumber::Kind;

bool is_shape_like(const Value& value) {
  const auto count = value.shape.element_count();
  return value.dtype == DType::kI64 && value.shape.rank() <= 1 && count && *count <= kMaxCount;
}

std::vector<ShapeNumber> numbers_of(const Tensor& constant) {
  std::vector<ShapeNumber> numbers;
  for (const int64_t value : constant.data<int64_t>()) numbers.push_back({Kind::kNumber, value});
  return numbers;
}

std::vector<ShapeNumber> dims_of(const Shape& shape, const ShapeAttributes& attributes) {
  const auto rank = static_cast<int64_t>(shape.rank());
  const auto clamped = [rank](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  std::vector<ShapeNumber> numbers;
  for (int64_t axis = clamped(attributes.start); axis < clamped(attributes.end); ++axis) {
    const int64_t dim = shape[static_cast<int>(axis)];
    numbers.push_back({dim < 0 ? Kind::kSymbol : Kind::kNumber, dim});
  }
  return numbers;
}

ShapeNumber combine(BinaryFunction function, ShapeNumber a, ShapeNumber b) {
  const auto is = [](ShapeNumber number, int64_t value) {
    return number == ShapeNumber{Kind::kNumber, value};
  };
  if (a.kind == Kind::kNumber && b.kind == Kind::kNumber) {
    return {Kind::kNumber, evaluate(function, a.value, b.value)};
  }
  const bool is_product = function == BinaryFunction::kMul;
  if (is(b, 1) && (is_product || function == BinaryFunction::kDiv)) return a;
  if (is(b, 0) && (function == BinaryFunction::kAdd || function == BinaryFunction::kSub)) return a;
  if ((is(a, 1) && is_product) || (is(a, 0) && function == BinaryFunction::kAdd)) return b;
  return {};
}

std::optional<std::vector<ShapeNumber>> combine_all(BinaryFunction function,
                                                    const std::vector<ShapeNumber>& a,
                                                    const std::vector<ShapeNumber>& b) {
  if (a.size() != b.size() && a.size() != 1 && b.size() != 1) return std::nullopt;
  std::vector<ShapeNumber> result;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    result.push_back(combine(function, a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]));
  }
  return result;
}

}  // namespace

const std::vector<ShapeNumber>* ShapeValues::find(const Graph& graph, ValueId id) {
  if (id == kNoValue) return nullptr;
  known_.resize(std::max(known_.size(), graph.values.size()));
  std::optional<Numbers>& known = known_[static_cast<size_t>(id)];
  const Value& value = graph.value(id);
  if (!known && value.constant && is_shape_like(value)) known = numbers_of(*value.constant);
  return known ? &*known : nullptr;
}

void ShapeValues::follow(const Graph& graph, const Node& node) {
  if (!is_shape_like(graph.value(node.output))) return;
  std::optional<Numbers> numbers = evaluate(graph, node);
  known_.resize(std::max(known_.size(), graph.values.size()));
  known_[static_cast<size_t>(node.output)] = std::move(numbers);
}

std::optional<ShapeValues::Numbers> ShapeValues::evaluate(const Graph& graph, const Node& node) {
  if (node.op == Op::kShape) {
    return dims_of(graph.value(node.inputs[0]).shape, std::get<ShapeAttributes>(node.attributes));
  }
  std::vector<const Numbers*> inputs;
  for (const ValueId id : node.inputs) {
    inputs.push_back(find(graph, id));
    if (inputs.back() == nullptr) return std::nullopt;
  }
  if (const auto function = binary_function(node.op)) {
    return combine_all(*function, *inputs[0], *inputs[1]);
  }
  switch (node.op) {
    case Op::kAdd:
      return combine_all(BinaryFunction::kAdd, *inputs[0], *inputs[1]);
    case Op::kIdentity:
    case Op::kCast:
    case Op::kReshape:
    case Op::kSqueeze:
    case Op::kUnsqueeze:
      return *inputs[0];
    case Op::kConcat: {
      Numbers joined;
      for (const Numbers* part : inputs) joined.insert(joined.end(), part->begin(), part->end());
      return joined;
    }
    default:
      return std::nullopt;
  }
}

}  // namespace lowbit
