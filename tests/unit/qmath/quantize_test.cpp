#include "qmath/quantize.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <limits>

#include "base/random.h"

namespace lowbit {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMax = std::numeric_limits<float>::max();

}  // namespace

TEST_CASE("quantize: rounds half to even before the zero point is added") {
  // With an odd zero point the result is odd: 0.5 -> 0 -> 7, not 7.5 -> 8 (ONNX QuantizeLinear).
  static_assert(quantize(0.5f, 1.0f, 7, 0, 255) == 7);
  static_assert(quantize(1.5f, 1.0f, 7, 0, 255) == 9);
  static_assert(quantize(-0.5f, 1.0f, 7, 0, 255) == 7);
  static_assert(quantize(-2.5f, 1.0f, 7, 0, 255) == 5);
}

TEST_CASE("quantize: divides by the scale; a product with its reciprocal is another function") {
  Random random(1);
  int distinguishable = 0;
  for (int i = 0; i < 10000; ++i) {
    const float scale = random.uniform(0.01f, 0.1f);
    const float x = (static_cast<float>(random.below(255)) + 0.5f) * scale;
    const volatile float quotient = x / scale;
    CHECK(quantize(x, scale, 0, 0, 255) == static_cast<int32_t>(round_half_even(quotient)));
    const volatile float reciprocal = 1.0f / scale;
    if (round_half_even(x * reciprocal) != round_half_even(quotient)) ++distinguishable;
  }
  CHECK(distinguishable > 100);
}

TEST_CASE("quantize: saturates at both ends") {
  CHECK(quantize(1000.0f, 1.0f, 10, 0, 255) == 255);
  CHECK(quantize(-1000.0f, 1.0f, 10, 0, 255) == 0);
  CHECK(quantize(kMax, std::numeric_limits<float>::min(), 10, 0, 255) == 255);
  CHECK(quantize(-kMax, std::numeric_limits<float>::min(), 10, 3, 255) == 3);
  CHECK(quantize(100.0f, 1.0f, 0, -127, 127) == 100);
  CHECK(quantize(-128.0f, 1.0f, 0, -127, 127) == -127);
  CHECK(quantize(5.0f, 1.0f, 1, 0, 3) == 3);
}

TEST_CASE("quantize: infinities saturate and NaN becomes qmin") {
  CHECK(quantize(kInfinity, 0.1f, 128, 0, 255) == 255);
  CHECK(quantize(-kInfinity, 0.1f, 128, 0, 255) == 0);
  CHECK(quantize(kNaN, 0.1f, 128, 0, 255) == 0);
  CHECK(quantize(kNaN, 0.1f, 0, -127, 127) == -127);
}

TEST_CASE("quantize: 0.0 and -0.0 are exactly the zero point, and dequantize gives 0.0 back") {
  for (int32_t zero_point = 0; zero_point <= 255; ++zero_point) {
    CHECK(quantize(0.0f, 0.3f, zero_point, 0, 255) == zero_point);
    CHECK(quantize(-0.0f, 0.3f, zero_point, 0, 255) == zero_point);
    CHECK(dequantize(zero_point, 0.3f, zero_point) == 0.0f);
  }
}

TEST_CASE("dequantize then quantize: gives every integer back") {
  for (const float scale : {std::numeric_limits<float>::min(), 0.003f, 0.1f, 1.0f, 3.7f, 1e30f}) {
    for (int32_t q = 0; q <= 255; ++q) {
      CAPTURE(scale);
      CAPTURE(q);
      CHECK(quantize(dequantize(q, scale, 131), scale, 131, 0, 255) == q);
    }
  }
}

TEST_CASE("saturate_to_int: works up to the documented bounds of 2^22") {
  constexpr int32_t kBound = (1 << 22) - 1;
  CHECK(saturate_to_int(kInfinity, 0, -kBound, kBound) == kBound);
  CHECK(saturate_to_int(-kInfinity, 0, -kBound, kBound) == -kBound);
  CHECK(saturate_to_int(kInfinity, -kBound, -kBound, kBound) == kBound);
  CHECK(saturate_to_int(1.0f, kBound - 1, 0, kBound) == kBound);
}

}  // namespace lowbit
