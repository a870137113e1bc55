#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "kernels/kernels.h"
#include "support/buffers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::random_bytes;
using test::random_floats;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr auto kTiersF32 = {softmax_f32__reference, softmax_f32__simd128};

std::vector<float> softmax_f32(void (*kernel)(const SoftmaxF32&), const std::vector<float>& x,
                               int32_t columns) {
  Guarded<float> y(x);
  kernel({y.data(), y.data(), static_cast<int64_t>(x.size()) / columns, columns});
  CHECK(y.intact());
  return y.values();
}

// One row in double precision, from the float32 differences that the kernels see too.
std::vector<double> exact_softmax(const std::vector<float>& x) {
  const float max = *std::ranges::max_element(x);
  std::vector<double> y;
  double sum = 0;
  for (const float value : x) {
    y.push_back(std::exp(static_cast<double>(value - max)));
    sum += y.back();
  }
  for (double& value : y) value /= sum;
  return y;
}

// With u = 2^-24: 4u for exp (2^-22), (n - 1)u for the sum and u for the quotient; below 2^-126 the
// simd128 exp gives 0.
void check_row(const std::vector<float>& x, const std::vector<float>& y) {
  const auto exact = exact_softmax(x);
  const double relative = (2.0 * 4 + static_cast<double>(x.size()) + 1) * 0x1p-24;
  for (size_t i = 0; i < x.size(); ++i) {
    CAPTURE(x[i]);
    CHECK(std::fabs(y[i] - exact[i]) <= relative * exact[i] + 0x1p-126);
  }
}

}  // namespace

TEST_CASE("softmax_f32: both tiers stay within the derived error, for every row length, in place") {
  Random random(1);
  for (int32_t columns = 1; columns <= 40; ++columns) {
    CAPTURE(columns);
    for (const float spread : {1.0f, 20.0f, 200.0f}) {
      const auto x = random_floats(random, static_cast<size_t>(columns), -spread, spread);
      for (const auto kernel : kTiersF32) check_row(x, softmax_f32(kernel, x, columns));
    }
  }
}

TEST_CASE("softmax_f32: exp is accurate over its whole range") {
  // Against a 0 in every second column, softmax gives e / (1 + e).
  for (int i = 0; i <= 9000; ++i) {
    const std::vector<float> x = {0.0f, -0.01f * static_cast<float>(i)};
    for (const auto kernel : kTiersF32) check_row(x, softmax_f32(kernel, x, 2));
  }
}

TEST_CASE("softmax_f32: rows are independent") {
  Random random(2);
  const auto x = random_floats(random, 5 * 11, -4.0f, 4.0f);
  for (const auto kernel : kTiersF32) {
    const auto y = softmax_f32(kernel, x, 11);
    for (size_t row = 0; row < 5; ++row) {
      const auto begin = static_cast<std::ptrdiff_t>(11 * row);
      const std::vector<float> one(x.begin() + begin, x.begin() + begin + 11);
      const std::vector<float> part(y.begin() + begin, y.begin() + begin + 11);
      CHECK(softmax_f32(kernel, one, 11) == part);
    }
  }
}

TEST_CASE("softmax_f32: -inf gets exactly nothing; NaN, +inf or -inf alone make the row NaN") {
  for (const auto kernel : kTiersF32) {
    CHECK(softmax_f32(kernel, {2.0f, -kInfinity, 2.0f, -kInfinity, -kInfinity}, 5) ==
          std::vector<float>{0.5f, 0.0f, 0.5f, 0.0f, 0.0f});
    for (const std::vector<float>& row : {std::vector<float>{1.0f, kNaN, 2.0f, 0.0f, 5.0f, 1.0f},
                                          {kNaN, 1.0f, 2.0f},
                                          {1.0f, 2.0f, 3.0f, 4.0f, kInfinity},
                                          {-kInfinity, -kInfinity, -kInfinity}}) {
      for (const float y : softmax_f32(kernel, row, static_cast<int32_t>(row.size()))) {
        CHECK(std::isnan(y));
      }
    }
  }
}

TEST_CASE("softmax_u8: both tiers give the same integers, in place too") {
  Random random(3);
  for (const float scale : {0.001f, 0.05f, 0.4f, 100.0f}) {
    const auto table = softmax_table(scale);
    const SoftmaxParams params = {.table = table.data()};
    for (int32_t columns = 1; columns <= 40; ++columns) {
      CAPTURE(columns);
      const auto x = random_bytes(random, static_cast<size_t>(3 * columns));
      Guarded<uint8_t> expected(x.size());
      softmax_u8__reference({x.data(), expected.data(), 3, columns, params});
      Guarded<uint8_t> actual(x);
      softmax_u8__simd128({actual.data(), actual.data(), 3, columns, params});
      CHECK(actual.values() == expected.values());
      CHECK((expected.intact() && actual.intact()));
    }
  }
}

}  // namespace lowbit::kernels
