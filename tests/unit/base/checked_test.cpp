#include "base/checked.h"

#include <doctest/doctest.h>

#include <limits>

namespace lowbit {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST_CASE("checked arithmetic: exact up to the limits") {
  CHECK(checked_add(kMax - 1, 1) == kMax);
  CHECK(checked_add(kMin + 1, -1) == kMin);
  CHECK(checked_multiply(3037000499, 3037000499) == 9223372030926249001);
  CHECK(checked_multiply(kMin, 1) == kMin);
}

TEST_CASE("checked arithmetic: says when it overflows") {
  CHECK_FALSE(checked_add(kMax, 1));
  CHECK_FALSE(checked_add(kMin, -1));
  CHECK_FALSE(checked_multiply(3037000500, 3037000500));
  CHECK_FALSE(checked_multiply(kMin, -1));
}

}  // namespace lowbit
