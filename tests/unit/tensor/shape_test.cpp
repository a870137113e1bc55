#include "tensor/shape.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace lowbit {

TEST_CASE("Shape: counts its elements, the empty product being 1") {
  CHECK(Shape{}.element_count() == 1);
  CHECK(Shape{2, 3, 4}.element_count() == 24);
  CHECK(Shape{5, 0, 7}.element_count() == 0);
}

TEST_CASE("Shape: refuses to count what is symbolic, too large or would overflow") {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  CHECK_FALSE(Shape{-1, 3}.element_count());
  CHECK_FALSE(Shape{0, -1}.element_count());
  CHECK(Shape{kMaxElements}.element_count() == kMaxElements);
  CHECK_FALSE(Shape{kMaxElements + 1}.element_count());
  CHECK_FALSE(Shape{1 << 20, 1 << 20}.element_count());
  CHECK_FALSE(Shape{kHuge, kHuge, kHuge}.element_count());
  CHECK_FALSE(Shape{int64_t{1} << 32, int64_t{1} << 32}.element_count());
}

TEST_CASE("Shape: a zero hides no overflow behind or before it") {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  CHECK_FALSE(Shape{0, kHuge, kHuge}.element_count());
  CHECK_FALSE(Shape{kHuge, kHuge, 0}.element_count());
}

TEST_CASE("Shape: from_dims accepts eight dimensions and no more") {
  const std::vector<int64_t> eight(8, 2);
  const auto shape = Shape::from_dims(eight);
  REQUIRE(shape.ok());
  CHECK(shape->rank() == 8);
  CHECK(shape->element_count() == 256);
  const std::vector<int64_t> nine(9, 1);
  const auto refused = Shape::from_dims(nine);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kLimitExceeded);
}

TEST_CASE("Shape: equality looks at the rank and the dimensions") {
  CHECK(Shape{2, 3} == Shape{2, 3});
  CHECK_FALSE(Shape{2, 3} == Shape{3, 2});
  CHECK_FALSE(Shape{2, 3} == Shape{2, 3, 1});
  CHECK(Shape{} == Shape{});
}

TEST_CASE("Shape: prints its dimensions, symbols as question marks") {
  CHECK(Shape{}.to_string() == "[]");
  CHECK(Shape{2, -1, 3}.to_string() == "[2, ?, 3]");
  CHECK_FALSE(Shape{2, -1}.is_concrete());
  CHECK(Shape{2, 0}.is_concrete());
}

}  // namespace lowbit
