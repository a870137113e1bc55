#include "graph/finite.h"

#include <doctest/doctest.h>

#include <limits>

#include "support/check_error.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("the weight that holds NaN or an infinity is named, with the element") {
  for (const float bad : {kInfinity, -kInfinity, kNaN}) {
    GraphBuilder b;
    const ValueId x = b.input("x", {1, 2});
    b.output(b.name("fc").gemm(x, {.features = 1, .weight = {1, bad}}));
    check_error(check_finite_weights(b.build()), ErrorCode::kNonFinite, "fc.weight");
    check_error(check_finite_constants(b.build()), ErrorCode::kNonFinite, "element 1");
  }
}

TEST_CASE("an infinity that is no weight may stay until the model is quantized") {
  GraphBuilder b;
  const ValueId x = b.input("x", {1, 2});
  const ValueId mask = b.constant<float>("mask", {2}, {0, -kInfinity});
  b.output(b.matmul(b.add(x, mask), 3));
  CHECK(check_finite_weights(b.build()).ok());
  check_error(check_finite_constants(b.build()), ErrorCode::kNonFinite, "mask");
}
