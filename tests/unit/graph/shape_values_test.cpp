#include "graph/shape_values.h"

#include <doctest/doctest.h>

#include "graph/shape_inference.h"
#include "support/graph_builder.h"

namespace lowbit::test {
namespace {

using Kind = ShapeNumber::Kind;
using Numbers = std::vector<ShapeNumber>;

ShapeNumber number(int64_t value) { return {Kind::kNumber, value}; }

// What is known of the graph's output; nothing: an empty list.
Numbers follow_all(const GraphBuilder& b) {
  const Graph graph = must(infer_shapes(b.build()));
  ShapeValues values;
  for (const Node& node : graph.nodes) values.follow(graph, node);
  const Numbers* const known = values.find(graph, graph.outputs[0]);
  return known != nullptr ? *known : Numbers{};
}

ValueId cast(GraphBuilder& b, const char* name, ValueId x, DType to) {
  const ValueId y = b.add_node(Op::kCast, name, {x}, CastAttributes{.to = to});
  b.graph().value(y).dtype = to;
  return y;
}

// The first `count` dimensions of an input [N, 3, 4], as int32.
ValueId shape_i32(GraphBuilder& b, int64_t count) {
  const ValueId x = b.input("x", {b.symbol("N"), 3, 4});
  const ValueId shape = b.add_node(Op::kShape, "shape", {x}, ShapeAttributes{.end = count});
  b.graph().value(shape).dtype = DType::kI64;
  return cast(b, "narrow", shape, DType::kI32);
}

TEST_CASE("shapes are followed through int32 and back, as PaddlePaddle writes them") {
  GraphBuilder b;
  const ValueId first =
      b.add_node(Op::kSlice, "first", {shape_i32(b, 3)},
                 SliceAttributes{.starts = {0}, .ends = {1}, .axes = {0}, .steps = {1}});
  const ValueId wide = cast(b, "wide", first, DType::kI64);
  const ValueId rest = cast(b, "rest", b.constant<int32_t>("constant", {2}, {6, -1}), DType::kI64);
  b.output(b.concat({wide, rest}, 0));
  CHECK(follow_all(b) == Numbers{{Kind::kSymbol, -1}, number(6), number(-1)});
}

TEST_CASE("a number that int32 would cut off is not known") {
  GraphBuilder b;
  const int32_t largest = std::numeric_limits<int32_t>::max();
  b.output(b.add(shape_i32(b, 3), b.constant<int32_t>("c", {3}, {0, largest - 3, largest - 3})));
  CHECK(follow_all(b) == Numbers{{Kind::kSymbol, -1}, number(largest), {}});
}

}  // namespace
}  // namespace lowbit::test
