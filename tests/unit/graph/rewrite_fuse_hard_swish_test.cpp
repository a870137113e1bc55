#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;
using Names = std::vector<std::string>;

namespace {

// How a file may have x * min(max(x + 3, 0), 6) / 6, each flag independent of the others; and what
// is not that.
struct Pieces {
  bool divides_last = true;
  bool is_sum_swapped = false;
  bool is_product_swapped = false;
  float shift = 3;
  float low = 0;
  float high = 6;
  float divisor = 6;
  Shape number{};  // of the shift and the divisor
};

ValueId add_pieces(GraphBuilder& b, ValueId x, const Pieces& p = {}) {
  const auto number = [&](const char* name, float value) {
    const auto count = static_cast<size_t>(p.number.element_count().value());
    return b.constant(name + std::to_string(b.graph().values.size()), p.number,
                      std::vector<float>(count, value));
  };
  const auto sixth = [&](ValueId y) { return b.binary(Op::kDiv, y, number("divisor", p.divisor)); };
  const auto times_x = [&](ValueId y) {
    return p.is_product_swapped ? b.binary(Op::kMul, y, x) : b.binary(Op::kMul, x, y);
  };
  const ValueId three = number("shift", p.shift);
  const ValueId sum = p.is_sum_swapped ? b.add(three, x) : b.add(x, three);
  const ValueId clamped = b.clip(sum, p.low, p.high);
  return p.divides_last ? sixth(times_x(clamped)) : times_x(sixth(clamped));
}

Graph graph_of(const Pieces& pieces) {
  GraphBuilder b;
  return b.output(add_pieces(b, b.input("x", {2, 3}), pieces)).build();
}

// Some 4 roundings in double precision on either side.
constexpr double kTolerance = 8 * 0x1p-53;
constexpr UnaryParameters kSixth{.alpha = 1.0f / 6, .beta = 0.5f};

}  // namespace

TEST_CASE("Add, Clip, Mul and Div become HardSwish, in any order") {
  for (int flags = 0; flags < 8; ++flags) {
    CAPTURE(flags);
    for (const Shape& number : {Shape{}, Shape{1}, Shape{1, 1}}) {
      const Graph graph = graph_of({.divides_last = (flags & 1) != 0,
                                    .is_sum_swapped = (flags & 2) != 0,
                                    .is_product_swapped = (flags & 4) != 0,
                                    .number = number});
      const Graph result = fuse_hard_swish(graph);
      REQUIRE(node_names(result) == Names{"add1"});
      CHECK(result.nodes[0].op == Op::kHardSwish);
      CHECK(names_of(result, result.nodes[0].inputs) == Names{"x"});
      CHECK(names_of(result, {result.nodes[0].output}) == names_of(graph, graph.outputs));
      CHECK(result.values.size() == 2);
      check_equivalent(graph, result, 3, kTolerance);
    }
  }
}

TEST_CASE("x times its HardSigmoid becomes HardSwish") {
  for (const bool is_swapped : {false, true}) {
    GraphBuilder b;
    const ValueId x = b.input("x", {2, 3});
    const ValueId gate = b.unary(Op::kHardSigmoid, x, kSixth);
    const ValueId y = is_swapped ? b.binary(Op::kMul, gate, x) : b.binary(Op::kMul, x, gate);
    const Graph graph = b.output(y).build();
    const Graph result = fuse_hard_swish(graph);
    REQUIRE(node_names(result) == Names{"unary1"});
    CHECK(result.nodes[0].op == Op::kHardSwish);
    CHECK(names_of(result, result.nodes[0].inputs) == Names{"x"});
    // alpha is 1/6 rounded to float32.
    check_equivalent(graph, result, 3, 0x1p-24);
  }
}

TEST_CASE("One HardSwish may be another's input") {
  GraphBuilder b;
  ValueId y = b.input("x", {2, 3});
  for (const bool divides_last : {true, false, true}) {
    y = add_pieces(b, y, {.divides_last = divides_last});
  }
  const Graph graph = b.output(y).build();
  const Graph result = fuse_hard_swish(graph);
  CHECK(node_names(result) == Names{"add1", "add2", "add3"});
  check_equivalent(graph, result, 3, 3 * kTolerance);
}

TEST_CASE("Other numbers stay in pieces, and ones that make x larger") {
  for (const bool divides_last : {true, false}) {
    for (Pieces pieces :
         {Pieces{.shift = 2}, Pieces{.low = 1}, Pieces{.high = 5}, Pieces{.divisor = 3},
          Pieces{.number = {3}}, Pieces{.number = {1, 1, 1}}}) {
      pieces.divides_last = divides_last;
      const Graph graph = graph_of(pieces);
      CHECK(node_names(fuse_hard_swish(graph)) == node_names(graph));
    }
  }
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  b.output(b.binary(Op::kMul, x, b.unary(Op::kHardSigmoid, x)));
  b.output(b.binary(Op::kMul, x, b.unary(Op::kHardSigmoid, x, UnaryParameters{1.0f / 6, 0.25f})));
  CHECK(node_names(fuse_hard_swish(b.build())) == node_names(b.build()));
}

TEST_CASE("What is divided by is the 6") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId six = b.constant<float>("six", {}, {6});
  const ValueId clamped = b.clip(b.add(x, b.constant<float>("three", {}, {3})), 0, 6);
  const ValueId y = b.binary(Op::kDiv, six, b.binary(Op::kMul, x, clamped));
  const Graph graph = b.output(y).build();
  CHECK(node_names(fuse_hard_swish(graph)) == node_names(graph));
}

TEST_CASE("The product is of the very x") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId other = b.input("other", {2, 3});
  const ValueId clamped = b.clip(b.add(x, b.constant<float>("three", {}, {3})), 0, 6);
  const ValueId six = b.constant<float>("six", {}, {6});
  b.output(b.binary(Op::kDiv, b.binary(Op::kMul, other, clamped), six));
  b.output(b.binary(Op::kMul, other, b.unary(Op::kHardSigmoid, x, kSixth)));
  CHECK(node_names(fuse_hard_swish(b.build())) == node_names(b.build()));
}

TEST_CASE("Pieces stay where another needs a value between them") {
  for (const bool is_shown : {false, true}) {
    for (const bool divides_last : {false, true}) {
      const Graph pieces = graph_of({.divides_last = divides_last});
      for (size_t i = 0; i + 1 < pieces.nodes.size(); ++i) {
        Graph graph = pieces;
        const ValueId between = graph.nodes[i].output;
        if (is_shown) {
          graph.outputs.push_back(between);
        } else {
          const ValueId y = graph.add_value({.name = "other", .shape = {2, 3}});
          graph.nodes.push_back(
              {.op = Op::kRelu, .name = "other", .inputs = {between}, .output = y});
          graph.outputs.push_back(y);
        }
        CHECK(node_names(fuse_hard_swish(graph)) == node_names(graph));
      }
    }
  }
}

TEST_CASE("A sum with an activation of its own stays") {
  Graph graph = graph_of({});
  graph.nodes[0].activation = {.min = 1};
  CHECK(node_names(fuse_hard_swish(graph)) == node_names(graph));
}

TEST_CASE("Integers stay in pieces: a rounding lies between them") {
  GraphBuilder b;
  const ValueId x = b.quantize_linear(b.input("x", {1, 4}), activation_params(0.1f, 128));
  const ValueId y = b.binary(Op::kMul, x, b.unary(Op::kHardSigmoid, x, kSixth));
  const Graph graph = b.output(b.dequantize_linear(y)).build();
  CHECK(node_names(fuse_hard_swish(graph)) == node_names(graph));
}
