#include "qmath/softmax.h"

#include <doctest/doctest.h>

#include <vector>

namespace lowbit {
namespace {

std::vector<uint8_t> softmax(const std::vector<uint8_t>& x, float input_scale) {
  const auto table = softmax_table(input_scale);
  const SoftmaxRow row = softmax_row(x, table.data());
  std::vector<uint8_t> y;
  for (const uint8_t q : x) y.push_back(static_cast<uint8_t>(quantized_softmax(q, row, {})));
  return y;
}

}  // namespace

TEST_CASE("softmax_table: ends in 1, falls towards its start, and underflows to 0") {
  const auto table = softmax_table(0.1f);
  CHECK(table[255] == 1.0f);
  for (size_t i = 1; i < 256; ++i) CHECK(table[i - 1] < table[i]);
  CHECK(softmax_table(3e38f)[254] == 0.0f);
  CHECK(softmax_table(3e38f)[255] == 1.0f);
}

TEST_CASE("quantized_softmax: equal values share, one value takes all, and 1.0 saturates to 255") {
  CHECK(softmax({9, 9, 9, 9}, 0.1f) == std::vector<uint8_t>{64, 64, 64, 64});
  CHECK(softmax({42}, 0.1f) == std::vector<uint8_t>{255});
  CHECK(softmax({0, 255, 0}, 1.0f) == std::vector<uint8_t>{0, 255, 0});
}

TEST_CASE("quantized_softmax: only differences matter") {
  CHECK(softmax({0, 10, 25}, 0.05f) == softmax({230, 240, 255}, 0.05f));
}

TEST_CASE("quantized_softmax: a wide row of equals keeps its sum in float32") {
  const std::vector<uint8_t> y = softmax(std::vector<uint8_t>(1000, 7), 0.1f);
  CHECK(y == std::vector<uint8_t>(1000, 0));  // 0.256 of a step each
}

}  // namespace lowbit
