#include <doctest/doctest.h>

#include <limits>

#include "support/check_error.h"
#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
constexpr int64_t kBegin = std::numeric_limits<int64_t>::min();

const Shape kShapes[] = {{5}, {4, 6}, {2, 3, 4}, {2, 4, 6, 8}, {1, 1, 3, 5}, {2, 3, 2, 2, 3}};

// y = op(relu(x)), read by the graph's output and by another node; and the same between two
// convolutions, in their layout.
void check_op(Op op, const Attributes& attributes, const Shape& shape) {
  CAPTURE(op_info(op).name);
  CAPTURE(shape.to_string());
  for (const bool integer : {false, true}) {
    GraphBuilder b;
    ValueId x =
        integer ? b.input_u8("x", shape, activation_params(0.02f, 100)) : b.input("x", shape);
    const ValueId y = b.add_node(op, "y", {b.relu(x)}, attributes);
    check_plan(b.output(y).output(b.relu(y)).build());
    if (shape.rank() != 4) continue;
    GraphBuilder c;
    x = integer ? c.input_u8("x", shape, activation_params(0.02f, 100)) : c.input("x", shape);
    x = c.conv(x, {.channels = shape[1], .kernel = {1, 1}});
    x = c.add_node(op, "y", {x}, attributes);
    const bool is_image = c.graph().value(x).shape.rank() == 4;
    check_plan(c.output(is_image ? c.conv(x, {.channels = 3}) : x).build());
  }
}

TEST_CASE("Transpose by every permutation of up to four axes") {
  for (const Shape& shape : kShapes) {
    std::vector<int64_t> permutation;
    for (int axis = 0; axis < shape.rank(); ++axis) permutation.push_back(axis);
    if (shape.rank() > 4) {
      check_op(Op::kTranspose, TransposeAttributes{{4, 0, 2, 1, 3}}, shape);
      continue;
    }
    do {
      check_op(Op::kTranspose, TransposeAttributes{permutation}, shape);
    } while (std::ranges::next_permutation(permutation).found);
  }
}

TEST_CASE("Slice from either end, with steps of either sign, beyond the ends") {
  for (const Shape& shape : kShapes) {
    for (int axis = -shape.rank(); axis < shape.rank(); ++axis) {
      for (const auto& [start, end, step] :
           std::initializer_list<std::array<int64_t, 3>>{{0, kEnd, 1},
                                                         {-1, kEnd, 1},
                                                         {0, 1, 1},
                                                         {0, -1, kEnd},
                                                         {0, kEnd, 2},
                                                         {kEnd, kBegin, -1},
                                                         {-1, kBegin, -2},
                                                         {0, kBegin, kBegin},
                                                         {kBegin, kEnd, 3}}) {
        const int64_t length = shape[axis < 0 ? axis + shape.rank() : axis];
        if (end == -1 && length == 1) continue;
        check_op(Op::kSlice,
                 SliceAttributes{.starts = {start}, .ends = {end}, .axes = {axis}, .steps = {step}},
                 shape);
      }
    }
  }
  check_op(Op::kSlice,
           SliceAttributes{
               .starts = {1, -3, 7}, .ends = {3, kEnd, 0}, .axes = {1, 2, -1}, .steps = {1, 2, -3}},
           {2, 4, 6, 8});
}

TEST_CASE("Pad in every mode, cutting too") {
  for (const Shape& shape : kShapes) {
    for (const PadMode mode :
         {PadMode::kConstant, PadMode::kReflect, PadMode::kEdge, PadMode::kWrap}) {
      PadAttributes pad{.mode = mode,
                        .pads = std::vector<int64_t>(2 * static_cast<size_t>(shape.rank()), 0),
                        .value = 0.5};
      pad.pads.back() = 2;
      check_op(Op::kPad, pad, shape);
      pad.pads[static_cast<size_t>(shape.rank()) - 1] = 2;
      pad.pads[0] = mode == PadMode::kReflect ? 0 : 1;
      check_op(Op::kPad, pad, shape);
      pad.pads.back() = -2;
      pad.pads[static_cast<size_t>(shape.rank()) - 1] = shape.rank() == 1 ? 1 : 0;
      check_op(Op::kPad, pad, shape);
    }
  }
  check_op(Op::kPad, PadAttributes{.pads = {0, 0, 1, 2, 0, 0, 3, 4}, .value = -100}, {2, 4, 6, 8});
}

TEST_CASE("Expand and Tile repeat along any axis") {
  check_op(Op::kExpand, ExpandAttributes{{3, 1, 5}}, {4, 1});
  check_op(Op::kExpand, ExpandAttributes{{2, 4, 6, 8}}, {1, 4, 1, 8});
  check_op(Op::kExpand, ExpandAttributes{{2, 3, 4, 5}}, {1, 3, 1, 1});
  check_op(Op::kExpand, ExpandAttributes{{2, 3, 4, 5}}, {5});
  check_op(Op::kExpand, ExpandAttributes{{1}}, {2, 3, 4});
  for (const Shape& shape : kShapes) {
    for (size_t axis = 0; axis < static_cast<size_t>(shape.rank()); ++axis) {
      TileAttributes tile{std::vector<int64_t>(static_cast<size_t>(shape.rank()), 1)};
      check_op(Op::kTile, tile, shape);
      tile.repeats[axis] = 3;
      check_op(Op::kTile, tile, shape);
    }
  }
}

TEST_CASE("DepthToSpace and SpaceToDepth in blocks") {
  for (const int64_t block : {1, 2, 3}) {
    const int64_t area = block * block;
    for (const bool depth_first : {false, true}) {
      check_op(Op::kDepthToSpace, BlockAttributes{block, depth_first}, {2, 5 * area, 3, 2});
      check_op(Op::kDepthToSpace, BlockAttributes{block, depth_first}, {1, area, 1, 4});
    }
    check_op(Op::kSpaceToDepth, BlockAttributes{block}, {2, 5, 2 * block, 3 * block});
  }
}

TEST_CASE("Gather by constant indices of every rank") {
  const std::vector<int64_t> values = {1, -1, 0, 1, 0, -2};
  for (const Shape& shape : kShapes) {
    for (int64_t axis = -shape.rank(); axis < shape.rank(); ++axis) {
      if (shape[static_cast<int>(axis < 0 ? axis + shape.rank() : axis)] < 2) continue;
      for (const Shape& indices : {Shape{}, Shape{1}, Shape{6}, Shape{2, 3}}) {
        for (const bool integer : {false, true}) {
          GraphBuilder b;
          const ValueId x =
              integer ? b.input_u8("x", shape, activation_params(0.02f, 100)) : b.input("x", shape);
          const auto count = static_cast<ptrdiff_t>(*indices.element_count());
          const ValueId by =
              b.constant("by", indices, std::vector(values.begin(), values.begin() + count));
          const ValueId y = b.add_node(Op::kGather, "y", {b.relu(x), by}, AxisAttributes{axis});
          check_plan(b.output(y).output(b.relu(y)).build());
        }
      }
    }
  }
}

TEST_CASE("Constant indices out of range are refused by the plan") {
  for (const int64_t index : {int64_t{4}, int64_t{-5}, kEnd, kBegin}) {
    GraphBuilder b;
    const ValueId x = b.input("x", {2, 4});
    const ValueId by = b.constant<int64_t>("by", {1}, {index});
    b.output(b.add_node(Op::kGather, "y", {x, by}, AxisAttributes{1}));
    check_error(make_plan(b.build(), std::vector<Shape>{{2, 4}}, {}), ErrorCode::kInvalidModel,
                "out of range");
  }
}

TEST_CASE("Computed indices count from the end, and are clamped into the axis") {
  GraphBuilder b;
  const ValueId x = b.input("x", {2, 3});
  const ValueId by = b.input("by", {2, 4});
  b.graph().value(by).dtype = DType::kI64;
  b.output(b.add_node(Op::kGather, "y", {x, by}, AxisAttributes{1}));
  Plan plan = must(make_plan(b.build(), std::vector<Shape>{{2, 3}, {2, 4}}, {}));
  const std::vector<float> elements = {10, 11, 12, 20, 21, 22};
  const std::vector<int64_t> indices = {0, -1, 2, -3, 3, -4, kEnd, kBegin};
  const std::vector<Tensor> inputs = {
      must(Tensor::from_values<float>({2, 3}, std::span<const float>(elements))),
      must(Tensor::from_values<int64_t>({2, 4}, std::span<const int64_t>(indices)))};
  const Tensor y = must(plan.run(inputs))[0];
  CHECK(y.shape() == Shape{2, 2, 4});
  const auto got = y.data<float>();
  CHECK(std::vector<float>(got.begin(), got.end()) ==
        std::vector<float>{10, 12, 12, 10, 12, 10, 12, 10, 20, 22, 22, 20, 22, 20, 22, 20});
}

TEST_CASE("What stays where it is takes no place of its own") {
  GraphBuilder b;
  const ValueId x = b.relu(b.input("x", {1, 8, 16, 16}));
  GraphBuilder moved = b;
  b.output(b.relu(x));
  moved.output(moved.relu(moved.add_node(Op::kTile, "y", {x}, TileAttributes{{1, 1, 1, 1}})));
  const std::vector<Shape> shapes = {{1, 8, 16, 16}};
  CHECK(must(make_plan(moved.build(), shapes, {})).arena_bytes() ==
        must(make_plan(b.build(), shapes, {})).arena_bytes());
}

}  // namespace
}  // namespace lowbit::test
