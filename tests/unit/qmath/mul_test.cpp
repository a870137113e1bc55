#include "qmath/mul.h"

#include <doctest/doctest.h>

using namespace lowbit;

TEST_CASE("a product is scaled, moved by the zero point and rounded half to even") {
  const MulParams p{.ratio = 0.5f, .a_zero_point = 3, .b_zero_point = 250, .output_zero_point = 10};
  CHECK(quantized_mul(3, 0, p) == 10);
  CHECK(quantized_mul(5, 255, p) == 15);
  CHECK(quantized_mul(4, 255, p) == 12);  // 12.5
  CHECK(quantized_mul(6, 251, p) == 12);  // 11.5
  CHECK(quantized_mul(0, 255, p) == 2);   // 2.5
  CHECK(quantized_mul(255, 0, p) == 0);
  CHECK(quantized_mul(0, 0, p) == 255);
}

TEST_CASE("a product stays within the range of its integers") {
  const MulParams p{.ratio = 1, .output_zero_point = 7, .qmin = 5, .qmax = 9};
  CHECK(quantized_mul(0, 9, p) == 7);
  CHECK(quantized_mul(2, 1, p) == 9);
  CHECK(quantized_mul(255, 255, p) == 9);
}
