#include <doctest/doctest.h>

#include <limits>

#include "graph/shape_inference.h"
#include "graph/validate.h"
#include "support/check_error.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kBegin = std::numeric_limits<int64_t>::min();

// Of the operator on [N, 4, 6, T].
Result<Shape> shape_of(Op op, const Attributes& attributes) {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 4, 6, b.symbol("T")});
  const ValueId y = b.add_node(op, "y", {x}, attributes);
  Result<Graph> graph = infer_shapes(b.output(y).build());
  if (!graph) return std::move(graph).failure();
  return graph->value(y).shape;
}

SliceAttributes slice(int64_t axis, int64_t start, int64_t end, int64_t step = 1) {
  return {.starts = {start}, .ends = {end}, .axes = {axis}, .steps = {step}};
}

constexpr int64_t kN = -1, kT = -2, kNew = -3;

}  // namespace

TEST_CASE("Symbolic dimensions are carried where elements only change places") {
  CHECK(must(shape_of(Op::kTranspose, TransposeAttributes{{3, 1, 0, 2}})) == Shape{kT, 4, kN, 6});
  CHECK(must(shape_of(Op::kTile, TileAttributes{{1, 2, 1, 1}})) == Shape{kN, 8, 6, kT});
  CHECK(must(shape_of(Op::kTile, TileAttributes{{1, 1, 1, 2}})) == Shape{kN, 4, 6, kNew});
  CHECK(must(shape_of(Op::kPad, PadAttributes{.pads = {0, 1, 0, 0, 0, -2, 3, 0}})) ==
        Shape{kN, 3, 9, kT});
  CHECK(must(shape_of(Op::kPad, PadAttributes{.pads = {0, 0, 0, 0, 0, 0, 0, 1}})) ==
        Shape{kN, 4, 6, kNew});
  CHECK(must(shape_of(Op::kExpand, ExpandAttributes{{3, 1, 1, 1, 1}})) == Shape{3, kN, 4, 6, kT});
  CHECK(must(shape_of(Op::kDepthToSpace, BlockAttributes{2})) == Shape{kN, 1, 12, kNew});
  CHECK(must(shape_of(Op::kSpaceToDepth, BlockAttributes{2})) == Shape{kN, 16, 3, kNew});
  CHECK(must(shape_of(Op::kSpaceToDepth, BlockAttributes{1})) == Shape{kN, 4, 6, kT});
}

TEST_CASE("A slice of a symbolic dimension is all of it, one element, or something new") {
  CHECK(must(shape_of(Op::kSlice, slice(3, 0, kEnd))) == Shape{kN, 4, 6, kT});
  CHECK(must(shape_of(Op::kSlice, slice(-1, kEnd, kBegin, -1))) == Shape{kN, 4, 6, kT});
  CHECK(must(shape_of(Op::kSlice, slice(3, 0, 1))) == Shape{kN, 4, 6, 1});
  CHECK(must(shape_of(Op::kSlice, slice(3, -1, kEnd))) == Shape{kN, 4, 6, 1});
  CHECK(must(shape_of(Op::kSlice, slice(3, 0, 2))) == Shape{kN, 4, 6, kNew});
  CHECK(must(shape_of(Op::kSlice, slice(3, 0, -1))) == Shape{kN, 4, 6, kNew});
  CHECK(must(shape_of(Op::kSlice, slice(3, 0, kEnd, 2))) == Shape{kN, 4, 6, kNew});
  CHECK(must(shape_of(Op::kSlice, slice(2, 1, -1, 2))) == Shape{kN, 4, 2, kT});
}

TEST_CASE("An Expand takes dimensions of its second input") {
  GraphBuilder b;
  const ValueId like = b.input("like", {b.symbol("N"), b.symbol("T")});
  const ValueId x = b.constant<float>("x", {1, 1, 3}, {1, 2, 3});
  const ValueId y = b.add_node(Op::kExpand, "y", {x, like}, ExpandAttributes{{-1, -2, 3}});
  const Graph graph = b.output(y).build();
  CHECK(must(infer_shapes(graph)).value(y).shape == Shape{kN, kT, 3});
  CHECK(must(specialize(graph, std::vector<Shape>{{5, 7}})).value(y).shape == Shape{5, 7, 3});
}

TEST_CASE("Attributes that make no sense are refused by name, whatever their numbers") {
  const auto refused = [](Op op, const Attributes& attributes, ErrorCode code) {
    CAPTURE(op_info(op).name);
    const auto shape = shape_of(op, attributes);
    REQUIRE_FALSE(shape.ok());
    CHECK(shape.error().where == "y");
    CHECK(shape.error().code == code);
  };
  using enum ErrorCode;
  for (const auto& bad : std::vector<std::vector<int64_t>>{
           {}, {0, 1, 2}, {0, 1, 2, 2}, {0, 1, 2, 4}, {0, 1, 2, -1}, {kEnd, 0, 1, 2}}) {
    refused(Op::kTranspose, TransposeAttributes{bad}, kInvalidModel);
  }
  refused(Op::kSlice, slice(4, 0, 1), kInvalidModel);
  refused(Op::kSlice, slice(kBegin, 0, 1), kInvalidModel);
  refused(Op::kSlice, slice(2, 0, 1, 0), kInvalidModel);
  refused(Op::kSlice, slice(2, 3, 3), kShapeMismatch);
  refused(Op::kSlice, SliceAttributes{.starts = {0}, .ends = {}, .axes = {0}, .steps = {1}},
          kInvalidModel);
  refused(Op::kSlice, SliceAttributes{{0, 0}, {1, 1}, {1, -3}, {1, 1}}, kInvalidModel);
  refused(Op::kPad, PadAttributes{.pads = {0, 0, 0}}, kInvalidModel);
  refused(Op::kPad, PadAttributes{.pads = {0, 0, kEnd, 0, 0, 0, kBegin, 0}}, kLimitExceeded);
  refused(Op::kPad, PadAttributes{.pads = {0, 0, -3, 0, 0, 0, -3, 0}}, kShapeMismatch);
  refused(Op::kPad, PadAttributes{.mode = PadMode::kReflect, .pads = {0, 4, 0, 0, 0, 0, 0, 0}},
          kInvalidModel);
  refused(Op::kPad, PadAttributes{.mode = PadMode::kEdge, .pads = {0, -4, 0, 0, 0, 1, 0, 0}},
          kInvalidModel);
  refused(Op::kTile, TileAttributes{{1, 1, 1}}, kInvalidModel);
  refused(Op::kTile, TileAttributes{{1, 1, -1, 1}}, kInvalidModel);
  refused(Op::kTile, TileAttributes{{1, 1, kEnd, 1}}, kInvalidModel);
  refused(Op::kTile, TileAttributes{{1, 0, 1, 1}}, kShapeMismatch);
  refused(Op::kTile, TileAttributes{{1, 1 << 20, 1 << 20, 1}}, kLimitExceeded);
  refused(Op::kExpand, ExpandAttributes{{-1, 1}}, kInvalidModel);
  refused(Op::kExpand, ExpandAttributes{{3, 6, 1}}, kShapeMismatch);
  refused(Op::kExpand, ExpandAttributes{std::vector<int64_t>(9, 1)}, kLimitExceeded);
  for (const int64_t block : {int64_t{0}, int64_t{-2}, int64_t{3}, kEnd, kBegin}) {
    refused(Op::kDepthToSpace, BlockAttributes{block}, kShapeMismatch);
  }
  for (const int64_t block : {int64_t{0}, int64_t{-2}, int64_t{4}, kEnd, kBegin}) {
    refused(Op::kSpaceToDepth, BlockAttributes{block}, kShapeMismatch);
  }
}

TEST_CASE("a Pad's value is one that its elements can have") {
  const auto status = [](DType dtype, double value) {
    GraphBuilder b;
    const ValueId x = b.input("x", {3});
    b.graph().value(x).dtype = dtype;
    const ValueId y = b.add_node(Op::kPad, "y", {x}, PadAttributes{.pads = {0, 1}, .value = value});
    b.graph().value(y).dtype = dtype;
    return validate(b.output(y).build());
  };
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double good : {0.5, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(status(DType::kF32, good).ok());
  }
  CHECK(status(DType::kI8, -128).ok());
  CHECK(status(DType::kI64, -0x1p52).ok());
  CHECK(status(DType::kBool, 1).ok());
  const std::pair<DType, double> bad[] = {
      {DType::kF32, 1e300},     {DType::kF32, 0.1},     {DType::kU8, -1},  {DType::kI8, 128},
      {DType::kI32, 0x1p31},    {DType::kI64, 0x1p63},  {DType::kBool, 2}, {DType::kU8, 0.5},
      {DType::kI64, -infinity}, {DType::kI32, infinity}};
  for (const auto& [dtype, value] : bad) {
    CAPTURE(value);
    check_error(status(dtype, value), ErrorCode::kUnsupportedFeature, "its value is no");
  }
}
