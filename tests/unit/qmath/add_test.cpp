#include "qmath/add.h"

#include <doctest/doctest.h>

namespace lowbit {

TEST_CASE(
    "quantized_add: the zero point joins before rounding, so that a tie goes to the even output") {
  // (1 + 0) / 2 + 7 = 7.5 -> 8; rounding first would give 0 + 7.
  static_assert(quantized_add(1, 0, {0.5f, 0.5f, 0, 0, 7, 0, 255}) == 8);
  static_assert(quantized_add(1, 0, {0.5f, 0.5f, 0, 0, 8, 0, 255}) == 8);
  static_assert(quantized_add(2, 1, {0.5f, 0.5f, 0, 0, 8, 0, 255}) == 10);
}

TEST_CASE("quantized_add: real zeros add to real zero") {
  CHECK(quantized_add(13, 200, {0.7f, 1.3f, 13, 200, 99, 0, 255}) == 99);
}

TEST_CASE("quantized_add: saturates at the activation's bounds") {
  CHECK(quantized_add(255, 255, {1.0f, 1.0f, 0, 0, 0, 0, 255}) == 255);
  CHECK(quantized_add(0, 0, {1.0f, 1.0f, 255, 255, 0, 0, 255}) == 0);
  CHECK(quantized_add(100, 100, {1.0f, 1.0f, 0, 0, 0, 30, 60}) == 60);
  CHECK(quantized_add(0, 0, {1.0f, 1.0f, 100, 100, 50, 30, 60}) == 30);
}

}  // namespace lowbit
