#include <doctest/doctest.h>

#include "support/check_error.h"
#include "support/graph_builder.h"
#include "unit/engine/plan_check.h"

namespace lowbit::test {
namespace {

ResizeAttributes asymmetric(ResizeMode mode, std::vector<int64_t> sizes) {
  return {.mode = mode,
          .coordinates = ResizeCoordinates::kAsymmetric,
          .rounding = ResizeRounding::kFloor,
          .scales = {},
          .sizes = std::move(sizes),
          .roi = {}};
}

TEST_CASE("Resize of images in either layout and precision, with a symbolic batch") {
  for (const ResizeMode mode : {ResizeMode::kNearest, ResizeMode::kLinear}) {
    for (const auto& [height, width] :
         {std::pair{8, 8}, {4, 16}, {2, 2}, {16, 2}, {1, 5}, {4, 4}}) {
      for (const bool integer : {false, true}) {
        CAPTURE(height);
        CAPTURE(width);
        GraphBuilder b;
        const Shape shape{b.symbol("N"), 5, 4, 4};
        const ValueId x =
            integer ? b.input_u8("x", shape, activation_params(0.02f, 100)) : b.input("x", shape);
        const ResizeAttributes attributes = asymmetric(mode, {0, 0, height, width});
        ValueId y = b.conv(x, {.channels = 6});
        y = b.add_node(Op::kResize, "inner", {y}, attributes);
        if (integer) b.set_quant(y, activation_params(0.03f, 90));
        b.output(b.conv(y, {.channels = 2}))
            .output(b.add_node(Op::kResize, "outer", {x}, attributes));
        CHECK(b.graph().value(y).shape == Shape{shape[0], 6, height, width});
        check_plan(b.build());
      }
    }
  }
}

std::vector<float> resized(const ResizeAttributes& attributes, std::vector<float> values) {
  GraphBuilder b;
  const Shape shape{1, 1, 1, static_cast<int64_t>(values.size())};
  b.output(b.add_node(Op::kResize, "y", {b.input("x", shape)}, attributes));
  Plan plan = must(make_plan(b.build(), std::vector<Shape>{shape}, {}));
  const std::vector<Tensor> inputs = {
      must(Tensor::from_values<float>(shape, std::span<const float>(values)))};
  const Tensor y = must(plan.run(inputs))[0];
  return {y.data<float>().begin(), y.data<float>().end()};
}

TEST_CASE("Resize keeps the aspect by one scale, and rounds the sizes that follow") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 1, 6, 4});
  ResizeAttributes attributes = asymmetric(ResizeMode::kNearest, {0, 0, 3, 3});
  attributes.aspect = ResizeAspect::kNotLarger;
  CHECK(b.graph().value(b.add_node(Op::kResize, "a", {x}, attributes)).shape == Shape{1, 1, 3, 2});
  attributes.aspect = ResizeAspect::kNotSmaller;
  CHECK(b.graph().value(b.add_node(Op::kResize, "b", {x}, attributes)).shape == Shape{1, 1, 5, 3});
}

TEST_CASE("Without aliasing, each output is the mean of what it covers") {
  ResizeAttributes attributes = asymmetric(ResizeMode::kLinear, {0, 0, 0, 2});
  attributes.coordinates = ResizeCoordinates::kHalfPixel;
  attributes.antialias = true;
  // Scale 1/2: a triangle of 4 elements, weights 1/8 3/8 3/8 1/8, edges repeated.
  const std::vector<float> y = resized(attributes, {8, 16, 24, 32});
  CHECK(y ==
        std::vector<float>{(8 + 3 * 8 + 3 * 16 + 24) / 8.0f, (16 + 3 * 24 + 3 * 32 + 32) / 8.0f});
}

TEST_CASE("A symmetric half pixel keeps the centre where it is") {
  ResizeAttributes attributes = asymmetric(ResizeMode::kNearest, {});
  attributes.coordinates = ResizeCoordinates::kHalfPixelSymmetric;
  attributes.scales = {1, 1, 1, 0.6f};
  // 2.4 pixels become 2, whose centre is that of 4: x = (4 / 2) (1 - 2 / 2.4) + (i + 1/2) / 0.6 -
  // 1/2 = 0.67 and 2.33.
  attributes.rounding = ResizeRounding::kRoundPreferFloor;
  CHECK(resized(attributes, {0, 1, 2, 3}) == std::vector<float>{1, 2});
  attributes.rounding = ResizeRounding::kFloor;
  CHECK(resized(attributes, {0, 1, 2, 3}) == std::vector<float>{0, 2});
}

TEST_CASE("Resize refuses what has no meaning, and sizes beyond the limit") {
  const auto error = [](ResizeAttributes attributes) {
    GraphBuilder b;
    b.output(b.add_node(Op::kResize, "y", {b.input("x", {1, 1, 4, 4})}, attributes));
    const auto plan = make_plan(b.build(), std::vector<Shape>{{1, 1, 4, 4}}, {});
    REQUIRE_FALSE(plan.ok());
    CHECK(plan.error().where == "y");
    return plan.error().code;
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  ResizeAttributes a = asymmetric(ResizeMode::kNearest, {});
  CHECK(error(a) == ErrorCode::kInvalidModel);
  for (const float bad : {0.0f, -1.0f, nan}) {
    a.scales = {1, 1, bad, 1};
    CHECK(error(a) == ErrorCode::kInvalidModel);
  }
  a.scales = {1, 1, 1};
  CHECK(error(a) == ErrorCode::kInvalidModel);
  for (const float bad : {infinity, 1e30f, 1e9f}) {
    a.scales = {1, 1, bad, 1};
    CHECK(error(a) == ErrorCode::kLimitExceeded);
  }
  a.scales = {1, 1, 0.1f, 1};
  CHECK(error(a) == ErrorCode::kShapeMismatch);
  a.sizes = {1, 1, 1, 1};
  CHECK(error(a) == ErrorCode::kInvalidModel);
  a.scales.clear();
  a.coordinates = ResizeCoordinates::kTfCropAndResize;
  CHECK(error(a) == ErrorCode::kInvalidModel);
  a.roi = {0, 0, 0, 0, 1, 1, 1, nan};
  CHECK(error(a) == ErrorCode::kInvalidModel);
}

}  // namespace
}  // namespace lowbit::test
