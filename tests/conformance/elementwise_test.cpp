#include <doctest/doctest.h>

#include <limits>

#include "kernels/kernels.h"
#include "qmath/rescale.h"
#include "support/buffers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::random_bytes;
using test::random_floats;
using test::same_floats;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

}  // namespace

TEST_CASE("clamp_f32: NaN stays NaN, the bounds hold, and both tiers are equal for every count") {
  Random random(1);
  for (size_t count = 0; count <= 40; ++count) {
    CAPTURE(count);
    auto x = random_floats(random, count, -10.0f, 10.0f);
    const float specials[] = {kNaN, kInfinity, -kInfinity, -0.0f, 6.0f};
    for (size_t i = 0; i < count; i += 2) x[i] = specials[(i / 2) % 5];
    const auto n = static_cast<int64_t>(count);
    Guarded<float> expected(count);
    clamp_f32__reference({x.data(), expected.data(), n, -1.0f, 6.0f});
    for (size_t i = 0; i < count; ++i) {
      const float y = expected.data()[i];
      CHECK((std::isnan(x[i]) ? std::isnan(y) : y == std::fmin(std::fmax(x[i], -1.0f), 6.0f)));
    }
    Guarded<float> in_place(x);
    clamp_f32__simd128({in_place.data(), in_place.data(), n, -1.0f, 6.0f});
    CHECK(same_floats(in_place.values(), expected.values()));
    CHECK((expected.intact() && in_place.intact()));
  }
}

TEST_CASE("scale_shift_f32: rounds the product before the sum, equally in both tiers") {
  Random random(2);
  for (int32_t channels = 1; channels <= 20; ++channels) {
    CAPTURE(channels);
    const auto c = static_cast<size_t>(channels);
    const auto x = random_floats(random, 7 * c, -3.0f, 3.0f);
    const auto scale = random_floats(random, c, -2.0f, 2.0f);
    const auto shift = random_floats(random, c, -1.0f, 1.0f);
    std::vector<float> expected;
    for (size_t i = 0; i < x.size(); ++i) {
      const volatile float product = x[i] * scale[i % c];
      expected.push_back(product + shift[i % c]);
    }
    for (const auto kernel : {scale_shift_f32__reference, scale_shift_f32__simd128}) {
      Guarded<float> y(x);
      kernel({y.data(), scale.data(), shift.data(), y.data(), 7, channels});
      CHECK(same_floats(y.values(), expected));
      CHECK(y.intact());
    }
  }
}

TEST_CASE("lookup_u8: maps every byte through the table into slices, and leaves the gaps alone") {
  RescaleParams params;
  params.input_scale = 0.05f;
  params.output_scale = 0.11f;
  params.input_zero_point = 120;
  params.output_zero_point = 33;
  const auto table = rescale_table(params);
  Random random(3);
  for (int32_t columns = 0; columns <= 40; ++columns) {
    const auto x = random_bytes(random, static_cast<size_t>(3 * columns));
    const int64_t stride = columns + 5;
    for (const auto kernel : {lookup_u8__reference, lookup_u8__simd128}) {
      Guarded<uint8_t> y(std::vector<uint8_t>(static_cast<size_t>(3 * stride), uint8_t{99}));
      kernel({x.data(), table.data(), y.data(), 3, columns, stride});
      for (int64_t i = 0; i < 3 * stride; ++i) {
        const int64_t row = i / stride;
        const int64_t column = i % stride;
        const uint8_t expected =
            column < columns ? table[x[static_cast<size_t>(row * columns + column)]] : uint8_t{99};
        CHECK(y.data()[i] == expected);
      }
      CHECK(y.intact());
    }
  }
}

TEST_CASE("lookup_u8: works in place") {
  const auto table = rescale_table({0.1f, 0.2f, 0, 0, 0, 255});
  Random random(4);
  const auto x = random_bytes(random, 33);
  for (const auto kernel : {lookup_u8__reference, lookup_u8__simd128}) {
    Guarded<uint8_t> y(x);
    kernel({y.data(), table.data(), y.data(), 3, 11, 11});
    for (size_t i = 0; i < x.size(); ++i) CHECK(y.data()[i] == table[x[i]]);
  }
}

}  // namespace lowbit::kernels
