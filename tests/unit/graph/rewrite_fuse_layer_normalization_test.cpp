#include <doctest/doctest.h>

#include "graph/rewrites.h"
#include "support/rewrite_check.h"

using namespace lowbit;
using namespace lowbit::test;
using Names = std::vector<std::string>;

namespace {

// How a file may have the nodes, and what is not that.
struct Pieces {
  bool is_swapped = false;  // the operands of sums and products
  bool multiplies = false;  // the square is a product
  bool subtracts_twice = false;
  std::vector<int64_t> axes{-1};
  bool keep_dims = true;
  float power = 2;
  Shape epsilon{};
  Shape parameters{4};          // of scale and bias
  ClipAttributes activation{};  // of the sum with epsilon
};

ValueId add_pieces(GraphBuilder& b, ValueId x, const Pieces& p = {}) {
  const ReduceAttributes rows{p.axes, p.keep_dims};
  const auto swap = [&](Op op, ValueId u, ValueId v) {
    return p.is_swapped ? b.binary(op, v, u) : b.binary(op, u, v);
  };
  const auto constant = [&](const char* name, const Shape& shape, float first) {
    std::vector<float> values(static_cast<size_t>(shape.element_count().value()), first);
    for (size_t i = 0; i < values.size(); ++i) values[i] += 0.25f * static_cast<float>(i);
    return b.constant(name + std::to_string(b.graph().values.size()), shape, values);
  };
  const ValueId mean = b.reduce_mean(x, rows);
  const ValueId distance = b.binary(Op::kSub, x, mean);
  const ValueId again = p.subtracts_twice ? b.binary(Op::kSub, x, mean) : distance;
  const ValueId square = p.multiplies ? b.binary(Op::kMul, again, again)
                                      : b.binary(Op::kPow, again, constant("power", {}, p.power));
  const ValueId variance = b.reduce_mean(square, rows);
  const ValueId spread = swap(Op::kAdd, variance, constant("epsilon", p.epsilon, 1e-3f));
  b.set_activation(p.activation.min, p.activation.max);
  const ValueId standardized = b.binary(Op::kDiv, distance, b.unary(Op::kSqrt, spread));
  const ValueId scaled = swap(Op::kMul, standardized, constant("scale", p.parameters, 0.5f));
  return swap(Op::kAdd, scaled, constant("bias", p.parameters, -0.5f));
}

Graph graph_of(const Pieces& pieces) {
  GraphBuilder b;
  return b.output(add_pieces(b, b.input("x", {2, 3, 4}), pieces)).build();
}

// Some 20 roundings in double precision on either side, of numbers up to 4.
constexpr double kTolerance = 160 * 0x1p-53;

}  // namespace

TEST_CASE("The nodes that old files have become LayerNormalization, in any order") {
  for (int flags = 0; flags < 16; ++flags) {
    CAPTURE(flags);
    const Graph graph = graph_of({.is_swapped = (flags & 1) != 0,
                                  .multiplies = (flags & 2) != 0,
                                  .subtracts_twice = (flags & 4) != 0,
                                  .axes = {(flags & 8) != 0 ? 2 : -1}});
    const Graph result = fuse_layer_normalization(graph);
    REQUIRE(node_names(result) == Names{"reduce_mean2"});
    const Node& node = result.nodes[0];
    CHECK(node.op == Op::kLayerNormalization);
    CHECK(std::get<NormalizationAttributes>(node.attributes) ==
          NormalizationAttributes{.axis = -1, .epsilon = 1e-3f});
    CHECK(names_of(result, {node.output}) == names_of(graph, graph.outputs));
    CHECK(result.values.size() == 4);
    check_equivalent(graph, result, 3, kTolerance);
  }
}

TEST_CASE("One LayerNormalization may be another's input") {
  GraphBuilder b;
  const ValueId y = add_pieces(b, add_pieces(b, b.input("x", {2, 3, 4})), {.multiplies = true});
  const Graph graph = b.output(y).build();
  const Graph result = fuse_layer_normalization(graph);
  CHECK(node_names(result) == Names{"reduce_mean2", "reduce_mean4"});
  check_equivalent(graph, result, 3, 4 * kTolerance);
}

TEST_CASE("What is no LayerNormalization along the last dimension stays in pieces") {
  for (const Pieces& pieces :
       {Pieces{.axes = {1}}, Pieces{.axes = {1, 2}}, Pieces{.power = 3}, Pieces{.epsilon = {4}},
        Pieces{.parameters = {1}}, Pieces{.parameters = {3, 4}}, Pieces{.parameters = {}},
        Pieces{.activation = {.min = 0}}}) {
    const Graph graph = graph_of(pieces);
    CHECK(node_names(fuse_layer_normalization(graph)) == node_names(graph));
  }
  GraphBuilder b;
  const ValueId square = b.input("x", {4, 4});
  const Graph graph = b.output(add_pieces(b, square, {.keep_dims = false})).build();
  CHECK(node_names(fuse_layer_normalization(graph)) == node_names(graph));
}

TEST_CASE("Scale and bias are constants") {
  for (const size_t input : {0u, 1u}) {
    Graph graph = graph_of({});
    const ValueId given = graph.add_value({.name = "given", .shape = {4}});
    graph.inputs.push_back(given);
    graph.nodes[graph.nodes.size() - 1 - input].inputs[1] = given;
    CHECK(node_names(fuse_layer_normalization(graph)) == node_names(graph));
  }
}

TEST_CASE("The distance is squared that is divided, from the mean of the very x") {
  const Graph pieces = graph_of({.subtracts_twice = true});
  for (const size_t node : {0u, 1u, 2u}) {
    Graph graph = pieces;
    const ValueId other = graph.add_value({.name = "other", .shape = {2, 3, 4}});
    graph.inputs.push_back(other);
    graph.nodes[node].inputs[0] = other;
    CHECK(node_names(fuse_layer_normalization(graph)) == node_names(graph));
  }
}

TEST_CASE("Mean and distance may have other readers, what lies behind them may not") {
  const Graph pieces = graph_of({});
  for (size_t i = 0; i + 1 < pieces.nodes.size(); ++i) {
    CAPTURE(i);
    Graph graph = pieces;
    graph.outputs.push_back(graph.nodes[i].output);
    const Graph result = fuse_layer_normalization(graph);
    const std::vector<std::string> names = node_names(result);
    if (i < 2) {
      CHECK(names.size() == i + 2);
      CHECK(names.back() == "reduce_mean2");
    } else {
      CHECK(names == node_names(graph));
    }
    check_equivalent(graph, result, 3, kTolerance);
  }
}
