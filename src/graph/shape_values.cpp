#include "graph/shape_values.h"

#include <algorithm>

#include "graph/slice_range.h"
#include "qmath/binary_functions.h"

namespace lowbit {

namespace {

// Longer lists are data, not shapes.
constexpr int64_t kMaxCount = 64;

using Kind = ShapeNumber::Kind;
using Numbers = std::vector<ShapeNumber>;

bool is_shape_like(const Value& value) {
  const auto count = value.shape.element_count();
  const bool is_type =
      value.dtype == DType::kI64 || value.dtype == DType::kI32 || value.dtype == DType::kBool;
  return is_type && value.shape.rank() <= 1 && count && *count <= kMaxCount;
}

template <class T>
Numbers numbers_in(const Tensor& constant) {
  Numbers numbers;
  for (const T value : constant.data<T>()) numbers.push_back({Kind::kNumber, value});
  return numbers;
}

Numbers numbers_of(const Tensor& constant) {
  switch (constant.dtype()) {
    case DType::kBool:
      return numbers_in<bool>(constant);
    case DType::kI32:
      return numbers_in<int32_t>(constant);
    default:
      return numbers_in<int64_t>(constant);
  }
}

// What int32 would cut off is not followed. (A dimension always fits.)
void forget_overflow(Numbers& numbers) {
  for (ShapeNumber& number : numbers) {
    if (number.kind == Kind::kNumber && static_cast<int32_t>(number.value) != number.value) {
      number = {};
    }
  }
}

Numbers dims_of(const Shape& shape, const ShapeAttributes& attributes) {
  const auto rank = static_cast<int64_t>(shape.rank());
  const auto clamped = [rank](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  Numbers numbers;
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
  if (function != BinaryFunction::kEqual) return {};
  if (a.kind == Kind::kSymbol && a == b) return {Kind::kNumber, 1};
  // A dimension is at least 1, so it is not the -1 that stands for "as it was".
  const auto is_no_dimension = [](ShapeNumber number) {
    return number.kind == Kind::kNumber && number.value < 1;
  };
  const bool differ = (a.kind == Kind::kSymbol && is_no_dimension(b)) ||
                      (b.kind == Kind::kSymbol && is_no_dimension(a));
  return differ ? ShapeNumber{Kind::kNumber, 0} : ShapeNumber{};
}

ShapeNumber at(const Numbers& numbers, size_t i) { return numbers[numbers.size() == 1 ? 0 : i]; }

std::optional<Numbers> select(const Numbers& condition, const Numbers& a, const Numbers& b) {
  const size_t count = std::max({condition.size(), a.size(), b.size()});
  for (const Numbers* operand : {&condition, &a, &b}) {
    if (operand->size() != count && operand->size() != 1) return std::nullopt;
  }
  Numbers result;
  for (size_t i = 0; i < count; ++i) {
    const ShapeNumber choice = at(condition, i);
    const ShapeNumber chosen = choice.value != 0 ? at(a, i) : at(b, i);
    const bool is_known = choice.kind == Kind::kNumber || at(a, i) == at(b, i);
    result.push_back(is_known ? chosen : ShapeNumber{});
  }
  return result;
}

// A dimension is at least 1.
Numbers truth_of(const Numbers& numbers) {
  Numbers result;
  for (const ShapeNumber number : numbers) {
    const bool is_true = number.kind == Kind::kSymbol || number.value != 0;
    result.push_back(number.kind == Kind::kUnknown ? number : ShapeNumber{Kind::kNumber, is_true});
  }
  return result;
}

// Of a list: `count` is how long the result is.
std::optional<Numbers> gather(const Numbers& data, const Numbers& indices, size_t count) {
  Numbers result;
  for (const ShapeNumber index : indices) {
    const auto size = static_cast<int64_t>(data.size());
    if (index.kind != Kind::kNumber || index.value < -size || index.value >= size) {
      return std::nullopt;
    }
    const int64_t place = index.value < 0 ? index.value + size : index.value;
    result.push_back(data[static_cast<size_t>(place)]);
  }
  return result.size() == count ? std::optional(std::move(result)) : std::nullopt;
}

std::optional<Numbers> slice(const Numbers& data, const SliceAttributes& attributes) {
  // Of a list, which has one axis.
  if (attributes.axes.empty() || data.empty()) return data;
  const SliceRange range = slice_range(attributes.starts[0], attributes.ends[0],
                                       attributes.steps[0], static_cast<int64_t>(data.size()));
  Numbers result;
  for (int64_t i = 0; i < range.count; ++i) {
    result.push_back(data[static_cast<size_t>(range.start + i * range.step)]);
  }
  return result;
}

std::optional<Numbers> combine_all(BinaryFunction function, const Numbers& a, const Numbers& b) {
  if (a.size() != b.size() && a.size() != 1 && b.size() != 1) return std::nullopt;
  Numbers result;
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    result.push_back(combine(function, at(a, i), at(b, i)));
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
  if (numbers && graph.value(node.output).dtype == DType::kI32) forget_overflow(*numbers);
  known_.resize(std::max(known_.size(), graph.values.size()));
  known_[static_cast<size_t>(node.output)] = std::move(numbers);
}

std::optional<ShapeValues::Numbers> ShapeValues::evaluate(const Graph& graph, const Node& node) {
  if (node.op == Op::kShape) {
    return dims_of(graph.value(node.inputs[0]).shape, std::get<ShapeAttributes>(node.attributes));
  }
  const Shape& output = graph.value(node.output).shape;
  const auto count = static_cast<size_t>(output.element_count().value_or(0));
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
    case Op::kCast:
      return graph.value(node.output).dtype == DType::kBool ? truth_of(*inputs[0]) : *inputs[0];
    case Op::kIdentity:
    case Op::kReshape:
    case Op::kSqueeze:
    case Op::kUnsqueeze:
      return *inputs[0];
    case Op::kWhere:
      return select(*inputs[0], *inputs[1], *inputs[2]);
    case Op::kGather:
      return gather(*inputs[0], *inputs[1], count);
    case Op::kSlice:
      return slice(*inputs[0], std::get<SliceAttributes>(node.attributes));
    case Op::kExpand:
      if (inputs[0]->size() != 1 && inputs[0]->size() != count) return std::nullopt;
      return inputs[0]->size() == 1 ? Numbers(count, inputs[0]->front()) : *inputs[0];
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
