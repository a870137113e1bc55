#include "qmath/average_pool.h"

#include <doctest/doctest.h>

namespace lowbit {

TEST_CASE(
    "quantized_average: the zero point joins before rounding, so that a tie goes to the even "
    "output") {
  constexpr AveragePoolParams kSame = {1.0f, 1.0f, 7, 7, 0, 255};
  static_assert(quantized_average(2.0f, 4, kSame) == 8);   // 7.5
  static_assert(quantized_average(6.0f, 4, kSame) == 8);   // 8.5
  static_assert(quantized_average(-2.0f, 4, kSame) == 6);  // 6.5
}

TEST_CASE("quantized_global_average: rounds before the zero point joins") {
  constexpr AveragePoolParams kSame = {1.0f, 1.0f, 7, 7, 0, 255};
  static_assert(quantized_global_average(2, global_average_multiplier(4, kSame), kSame) == 7);
  static_assert(quantized_global_average(6, global_average_multiplier(4, kSame), kSame) == 9);
}

TEST_CASE("averages: of a constant image are that constant, and saturate at the bounds") {
  const AveragePoolParams p = {0.3f, 0.3f, 20, 20, 0, 255};
  for (int32_t x = 0; x <= 255; ++x) {
    const float real = dequantize(x, p.input_scale, p.input_zero_point);
    CHECK(quantized_average(((real + real) + real) + real, 4, p) == x);
    CHECK(quantized_global_average(49 * (x - 20), global_average_multiplier(49, p), p) == x);
  }
  AveragePoolParams narrow = p;
  narrow.qmin = 10;
  narrow.qmax = 30;
  CHECK(quantized_average(1000.0f, 4, narrow) == 30);
  CHECK(quantized_average(-1000.0f, 4, narrow) == 10);
  CHECK(quantized_global_average(1000, 1.0f, narrow) == 30);
  CHECK(quantized_global_average(-1000, 1.0f, narrow) == 10);
}

}  // namespace lowbit
