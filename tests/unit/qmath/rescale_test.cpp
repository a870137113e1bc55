#include "qmath/rescale.h"

#include <doctest/doctest.h>

namespace lowbit {

TEST_CASE("rescale_table: equal parameters change nothing") {
  const auto table = rescale_table({0.37f, 0.37f, 19, 19, 0, 255});
  for (size_t q = 0; q < 256; ++q) CHECK(table[q] == q);
}

TEST_CASE("rescale_table: goes through the real number, rounding half to even, and saturates") {
  const auto table = rescale_table({0.5f, 1.0f, 10, 100, 0, 255});
  CHECK(table[10] == 100);
  CHECK(table[11] == 100);  // 0.5
  CHECK(table[13] == 102);  // 1.5
  CHECK(table[9] == 100);   // -0.5
  CHECK(table[0] == 95);
  CHECK(rescale_table({4.0f, 1.0f, 128, 128, 0, 255})[0] == 0);
  CHECK(rescale_table({4.0f, 1.0f, 128, 128, 0, 255})[255] == 255);
}

TEST_CASE("rescale_table: is Relu and Clip when the bounds are an activation's") {
  const auto relu = rescale_table({0.1f, 0.1f, 50, 50, 50, 110});
  for (size_t q = 0; q < 256; ++q) CHECK(relu[q] == (q < 50 ? 50 : q > 110 ? 110 : q));
}

}  // namespace lowbit
