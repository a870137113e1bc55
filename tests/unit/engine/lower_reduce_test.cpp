#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "graph/einsum.h"
#include "unit/engine/last_node.h"

namespace lowbit::test {
namespace {

constexpr double kEpsilon = 0x1p-23;

template <class T>
Tensor tensor_of(const Shape& shape, const std::vector<T>& values) {
  return must(Tensor::from_values<T>(shape, std::span<const T>(values)));
}

ValueId input_of(GraphBuilder& b, DType dtype, const Shape& shape) {
  const ValueId x = b.input("x", shape);
  b.graph().value(x).dtype = dtype;
  return x;
}

ValueId add(GraphBuilder& b, Op op, ValueId x, DType dtype, Attributes attributes) {
  const ValueId y = b.add_node(op, "node", {x}, std::move(attributes));
  b.graph().value(y).dtype = dtype;
  return y;
}

double folded(Op op, double a, double b) {
  if (op == Op::kReduceMax) return std::max(a, b);
  if (op == Op::kReduceMin) return std::min(a, b);
  return op == Op::kReduceProd ? a * b : a + b;
}

// Sums are within n ulp of the sum of the magnitudes, products of the product.
void check_reduce(Op op, const ReduceAttributes& attributes, const NodeRun& run) {
  const Tensor& x = run.inputs[0];
  const int rank = x.shape().rank();
  std::vector<bool> is_reduced(static_cast<size_t>(rank), attributes.axes.empty());
  for (const int64_t axis : attributes.axes) {
    is_reduced[static_cast<size_t>(axis < 0 ? axis + rank : axis)] = true;
  }
  const auto count = static_cast<size_t>(run.output.element_count());
  std::vector<double> expected(count, op == Op::kReduceProd ? 1 : 0);
  std::vector<double> magnitudes(count, op == Op::kReduceProd ? 1 : 0);
  if (op == Op::kReduceMax) std::ranges::fill(expected, -1e30);
  if (op == Op::kReduceMin) std::ranges::fill(expected, 1e30);
  for (int64_t i = 0; i < x.element_count(); ++i) {
    size_t at = 0;
    const auto where = coordinates(x.shape(), i);
    for (int axis = 0; axis < rank; ++axis) {
      if (is_reduced[static_cast<size_t>(axis)]) continue;
      at = at * static_cast<size_t>(x.shape()[axis]) +
           static_cast<size_t>(where[static_cast<size_t>(axis)]);
    }
    expected[at] = folded(op, expected[at], number(x, i));
    magnitudes[at] = folded(op, magnitudes[at], std::abs(number(x, i)));
  }
  const double n = static_cast<double>(x.element_count()) / static_cast<double>(count);
  for (size_t i = 0; i < count; ++i) {
    const bool is_exact = op == Op::kReduceMax || op == Op::kReduceMin;
    const double divisor = op == Op::kReduceMean ? n : 1;
    expected[i] /= divisor;
    magnitudes[i] *= is_exact ? 0 : n * kEpsilon / divisor;
  }
  check_near(run.output, expected, magnitudes);
}

TEST_CASE("Reductions over any axes of what lies in NHWC and of other ranks") {
  const std::vector<std::vector<int64_t>> axes_of_images = {{},     {1},    {-1},        {2, 3},
                                                            {0, 2}, {3, 1}, {0, 1, 2, 3}};
  for (const Op op :
       {Op::kReduceSum, Op::kReduceMean, Op::kReduceMax, Op::kReduceMin, Op::kReduceProd}) {
    CAPTURE(op_info(op).name);
    for (const bool keep_dims : {true, false}) {
      for (const std::vector<int64_t>& axes : axes_of_images) {
        const ReduceAttributes attributes{axes, keep_dims};
        GraphBuilder b;
        const ValueId x = channels_last(b, 5, 3, 4);
        check_last_node(b.output(b.add_node(op, "node", {x}, attributes)).build(),
                        [&](const NodeRun& run) { check_reduce(op, attributes, run); });
        GraphBuilder plain;
        const ValueId y = plain.input("x", {2, 5, 3, 4});
        check_last_node(plain.output(plain.add_node(op, "node", {y}, attributes)).build(),
                        [&](const NodeRun& run) { check_reduce(op, attributes, run); });
      }
      for (const Shape& shape :
           {Shape{}, Shape{1, 1}, Shape{70}, Shape{3, 70}, Shape{2, 1, 3, 4, 5}}) {
        const ReduceAttributes attributes{.axes = {}, .keep_dims = keep_dims};
        GraphBuilder b;
        const ValueId x = b.input("x", shape);
        check_last_node(b.output(b.add_node(op, "node", {x}, attributes)).build(),
                        [&](const NodeRun& run) { check_reduce(op, attributes, run); });
      }
    }
  }
}

TEST_CASE("A reduction that keeps its dimensions stays between convolutions") {
  GraphBuilder b;
  const ValueId x = channels_last(b, 4, 5, 5);
  const ValueId mean = b.add_node(Op::kReduceMean, "mean", {x}, ReduceAttributes{{2, 3}, true});
  const Graph graph = b.output(b.conv(mean, {.channels = 2})).build();
  const std::vector<Shape> shapes{Shape{2, 3, 5, 5}};
  const Plan plan = must(make_plan(graph, shapes, {}));
  CHECK(plan.graph().value(plan.graph().outputs[0]).shape == Shape{2, 2, 1, 1});
}

TEST_CASE("Integers are reduced in their own type, and a mean of them drops the fraction") {
  const auto reduced = [](Op op, DType dtype, const Tensor& x) {
    GraphBuilder b;
    const ValueId id = input_of(b, dtype, x.shape());
    Tensor result;
    check_last_node(b.output(add(b, op, id, dtype, ReduceAttributes{{-1}, false})).build(), {x},
                    [&](const NodeRun& run) { result = run.output; });
    return result;
  };
  const Tensor longs = tensor_of<int64_t>({2, 2}, {int64_t{1} << 40, 5, -7, 2});
  CHECK(number(reduced(Op::kReduceSum, DType::kI64, longs), 0) == 1099511627781.0);
  CHECK(number(reduced(Op::kReduceMean, DType::kI64, longs), 1) == -2);
  CHECK(number(reduced(Op::kReduceProd, DType::kI64, longs), 1) == -14);
  const Tensor bytes = tensor_of<uint8_t>({256}, std::vector<uint8_t>(256, 3));
  CHECK(number(reduced(Op::kReduceMax, DType::kU8, bytes), 0) == 3);
  CHECK(number(reduced(Op::kReduceMean, DType::kU8, bytes), 0) == 0);  // 768 mod 256
  const Tensor least = tensor_of<int32_t>({2}, {std::numeric_limits<int32_t>::min(), -4});
  CHECK(number(reduced(Op::kReduceMax, DType::kI32, least), 0) == -4);
}

// The indices of a row in order: better numbers first, of equal ones the lower index, or the
// higher.
std::vector<int64_t> ranking(const std::vector<double>& row, bool largest, bool last_first) {
  std::vector<int64_t> order(row.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::ranges::sort(order, [&](int64_t a, int64_t b) {
    const double x = row[static_cast<size_t>(a)];
    const double y = row[static_cast<size_t>(b)];
    if (x != y) return largest ? x > y : x < y;
    return last_first ? a > b : a < b;
  });
  return order;
}

struct Wanted {
  int64_t axis;
  int64_t k;
  bool largest;
  bool last_first;
  bool gives_indices;
};

void check_top(const Wanted& wanted, const NodeRun& run) {
  const Tensor& x = run.inputs[0];
  int64_t inner = 1;
  const int at = static_cast<int>(wanted.axis < 0 ? wanted.axis + x.shape().rank() : wanted.axis);
  for (int axis = at + 1; axis < x.shape().rank(); ++axis) inner *= x.shape()[axis];
  const int64_t count = x.shape()[at];
  std::vector<double> expected(static_cast<size_t>(run.output.element_count()));
  for (int64_t line = 0; line < x.element_count() / count; ++line) {
    const int64_t outer = line / inner;
    std::vector<double> row;
    for (int64_t i = 0; i < count; ++i) {
      row.push_back(number(x, (outer * count + i) * inner + line % inner));
    }
    const auto order = ranking(row, wanted.largest, wanted.last_first);
    for (int64_t k = 0; k < wanted.k; ++k) {
      const int64_t index = order[static_cast<size_t>(k)];
      expected[static_cast<size_t>((outer * wanted.k + k) * inner + line % inner)] =
          wanted.gives_indices ? static_cast<double>(index) : row[static_cast<size_t>(index)];
    }
  }
  check_near(run.output, expected, std::vector<double>(expected.size()));
}

TEST_CASE("ArgMax, ArgMin and TopK along every axis, with many equal numbers") {
  for (const bool is_image : {true, false}) {
    for (const int64_t axis : {0, 1, 2, 3, -1}) {
      CAPTURE(axis);
      const auto value = [&](GraphBuilder& b) {
        const ValueId x = is_image ? channels_last(b, 5, 4, 6) : b.input("x", {3, 5, 4, 6});
        return b.unary(Op::kRound, x);
      };
      for (const bool flag : {true, false}) {
        for (const bool keep_dims : {true, false}) {
          GraphBuilder b;
          const ValueId y = add(b, flag ? Op::kArgMax : Op::kArgMin, value(b), DType::kI64,
                                ArgAttributes{axis, keep_dims, flag});
          check_last_node(b.output(y).build(),
                          [&](const NodeRun& run) { check_top({axis, 1, flag, flag, true}, run); });
        }
        for (const int64_t k : {1, 2}) {
          for (const bool indices : {true, false}) {
            GraphBuilder b;
            const ValueId y = add(b, Op::kTopK, value(b), indices ? DType::kI64 : DType::kF32,
                                  TopKAttributes{axis, k, flag, indices});
            check_last_node(b.output(y).build(), [&](const NodeRun& run) {
              check_top({axis, k, flag, false, indices}, run);
            });
          }
        }
      }
    }
  }
}

TEST_CASE("NaN is the greatest number to TopK, 0 and -0 are equal, and int64 keeps every bit") {
  const auto top = [](const Tensor& x, bool largest) {
    GraphBuilder b;
    const ValueId id = input_of(b, x.dtype(), x.shape());
    Tensor result;
    check_last_node(
        b.output(add(b, Op::kTopK, id, DType::kI64, TopKAttributes{0, x.shape()[0], largest, true}))
            .build(),
        {x}, [&](const NodeRun& run) { result = run.output; });
    const auto indices = result.data<int64_t>();
    return std::vector<int64_t>(indices.begin(), indices.end());
  };
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const Tensor reals = tensor_of<float>({6}, {-0.0f, kNaN, kInfinity, -kInfinity, 0.0f, -2.5f});
  CHECK(top(reals, true) == std::vector<int64_t>{1, 2, 0, 4, 5, 3});
  CHECK(top(reals, false) == std::vector<int64_t>{3, 5, 0, 4, 2, 1});
  const int64_t least = std::numeric_limits<int64_t>::min();
  CHECK(top(tensor_of<int64_t>({3}, {-1, least, -1 - least}), true) ==
        std::vector<int64_t>{2, 0, 1});
}

// Every product of the operands' elements, added where its letters say.
void check_einsum(const std::string& equation, const NodeRun& run) {
  const Einsum einsum = must(parse_einsum(equation));
  std::vector<Shape> shapes;
  for (const Tensor& input : run.inputs) shapes.push_back(input.shape());
  const Shape dims = must(Shape::from_dims(must(einsum_dims(einsum, shapes))));
  const auto index = [&](const std::string& letters, const Shape& shape,
                         const std::vector<int64_t>& where) {
    int64_t at = 0;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const int64_t i = where[einsum.index(letters[static_cast<size_t>(axis)])];
      at = at * shape[axis] + (shape[axis] == 1 ? 0 : i);
    }
    return at;
  };
  std::vector<double> expected(static_cast<size_t>(run.output.element_count()));
  std::vector<double> bounds(expected.size());
  const int64_t count = *dims.element_count();
  const double terms = static_cast<double>(count) / static_cast<double>(expected.size());
  for (int64_t i = 0; i < count; ++i) {
    const auto where = coordinates(dims, i);
    double product = 1;
    for (size_t k = 0; k < shapes.size(); ++k) {
      product *= number(run.inputs[k], index(einsum.operands[k], shapes[k], where));
    }
    const auto at = static_cast<size_t>(index(einsum.output, run.output.shape(), where));
    expected[at] += product;
    bounds[at] += (terms + 1) * kEpsilon * std::abs(product);
  }
  check_near(run.output, expected, bounds);
}

TEST_CASE("Einsum of one and of two operands") {
  struct Case {
    const char* equation;
    std::vector<Shape> shapes;
  };
  for (const auto& [equation, shapes] :
       {Case{"ab,bc->ac", {{5, 17}, {17, 9}}}, Case{"ab,cb->ac", {{5, 17}, {9, 17}}},
        Case{"bhqd,bhkd->bhqk", {{2, 3, 5, 4}, {2, 3, 6, 4}}},
        Case{"bhqk,bhkd->bqhd", {{2, 3, 5, 6}, {2, 3, 6, 4}}}, Case{"ab->ba", {{3, 5}}},
        Case{"ab->", {{3, 5}}}, Case{"aab->ab", {{4, 4, 3}}}, Case{"aa->", {{4, 4}}},
        Case{"a,b->ab", {{4}, {7}}}, Case{"a,a->", {{40}, {40}}}, Case{"ab,b->a", {{1, 5}, {5}}},
        Case{"ab,ab->ab", {{3, 1}, {3, 6}}}, Case{",a->a", {{}, {5}}}}) {
    CAPTURE(equation);
    GraphBuilder b;
    std::vector<ValueId> inputs;
    for (const Shape& shape : shapes) {
      inputs.push_back(b.input("x" + std::to_string(inputs.size()), shape));
    }
    const ValueId y = b.add_node(Op::kEinsum, "node", inputs, EinsumAttributes{equation});
    check_last_node(b.output(y).build(), [&](const NodeRun& run) { check_einsum(equation, run); });
  }
}

}  // namespace
}  // namespace lowbit::test
