// The law of arithmetic against vectors that Python computed with exact rational numbers
// (make_qmath_vectors.py): each line of qmath_vectors.inc is a call of one of the functions below.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "qmath/add.h"
#include "qmath/average_pool.h"
#include "qmath/quant_params.h"
#include "qmath/requantize.h"
#include "qmath/softmax.h"

namespace lowbit {
namespace {

void check_quantize(float x, float scale, int32_t zero_point, int32_t qmin, int32_t qmax,
                    int32_t expected) {
  CAPTURE(x);
  CAPTURE(scale);
  CHECK(quantize(x, scale, zero_point, qmin, qmax) == expected);
}

void check_dequantize(int32_t q, float scale, int32_t zero_point, float expected) {
  CHECK(dequantize(q, scale, zero_point) == expected);
}

void check_requantize(int32_t accumulator, float input_scale, float weight_scale,
                      float output_scale, float multiplier, int32_t zero_point, int32_t expected) {
  CAPTURE(accumulator);
  CHECK(requantize_multiplier(input_scale, weight_scale, output_scale) == multiplier);
  CHECK(requantize(accumulator, multiplier, zero_point, 0, 255) == expected);
}

void check_add(int32_t a, float a_ratio, int32_t a_zero_point, int32_t b, float b_ratio,
               int32_t b_zero_point, int32_t output_zero_point, int32_t expected) {
  CAPTURE(a);
  CAPTURE(b);
  CHECK(quantized_add(a, b,
                      {a_ratio, b_ratio, a_zero_point, b_zero_point, output_zero_point, 0, 255}) ==
        expected);
}

void check_average(int32_t t0, int32_t t1, int32_t t2, int32_t t3, float input_scale,
                   int32_t input_zero_point, float output_scale, int32_t output_zero_point,
                   int32_t expected) {
  float sum = 0;
  for (const int32_t tap : {t0, t1, t2, t3}) sum += dequantize(tap, input_scale, input_zero_point);
  CAPTURE(sum);
  CHECK(quantized_average(
            sum, 4, {input_scale, output_scale, input_zero_point, output_zero_point, 0, 255}) ==
        expected);
}

void check_global_average(int32_t sum, int32_t count, float input_scale, float output_scale,
                          int32_t output_zero_point, int32_t expected) {
  CAPTURE(sum);
  const AveragePoolParams params = {input_scale, output_scale, 0, output_zero_point, 0, 255};
  CHECK(quantized_global_average(sum, global_average_multiplier(count, params), params) ==
        expected);
}

void check_softmax(float input_scale, uint8_t x0, uint8_t x1, uint8_t x2, uint8_t x3, uint8_t x4,
                   uint8_t x5, uint8_t y0, uint8_t y1, uint8_t y2, uint8_t y3, uint8_t y4,
                   uint8_t y5) {
  const auto table = softmax_table(input_scale);
  const std::vector<uint8_t> x = {x0, x1, x2, x3, x4, x5};
  const SoftmaxRow row = softmax_row(x, table.data());
  std::vector<uint8_t> y;
  for (const uint8_t q : x) y.push_back(static_cast<uint8_t>(quantized_softmax(q, row, {})));
  CHECK(y == std::vector<uint8_t>{y0, y1, y2, y3, y4, y5});
}

void check_exp(float input_scale, size_t distance, float expected) {
  CAPTURE(input_scale);
  CHECK(softmax_table(input_scale)[255 - distance] == expected);
}

void check_asymmetric(float low, float high, int32_t qmax, float scale, int32_t zero_point) {
  const auto params = asymmetric_params(low, high, 0, qmax);
  CHECK(params.scale == scale);
  CHECK(params.zero_point == zero_point);
}

}  // namespace

TEST_CASE("qmath: gives the integers of exact rational arithmetic") {
#include "golden/qmath_vectors.inc"
}

}  // namespace lowbit
