#include <doctest/doctest.h>

#include <limits>

#include "kernels/kernels.h"
#include "support/buffers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::random_bytes;
using test::random_floats;
using test::same_floats;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

AddParams random_params(Random& random) {
  AddParams p;
  const float output_scale = random.uniform(0.02f, 0.2f);
  p.a_ratio = random.uniform(0.01f, 0.1f) / output_scale;
  p.b_ratio = random.uniform(0.01f, 0.1f) / output_scale;
  p.a_zero_point = static_cast<int32_t>(random.below(256));
  p.b_zero_point = static_cast<int32_t>(random.below(256));
  p.output_zero_point = static_cast<int32_t>(random.below(256));
  return p;
}

std::vector<uint8_t> add_u8(void (*kernel)(const AddU8&), const std::vector<uint8_t>& a,
                            const std::vector<uint8_t>& b, const AddParams& params) {
  Guarded<uint8_t> output(a.size());
  kernel({a.data(), b.data(), output.data(), static_cast<int64_t>(a.size()), params});
  CHECK(output.intact());
  return output.values();
}

}  // namespace

TEST_CASE("add_u8: both tiers give the same integers for every count") {
  Random random(1);
  for (size_t count = 0; count <= 40; ++count) {
    CAPTURE(count);
    const auto a = random_bytes(random, count);
    const auto b = random_bytes(random, count);
    const AddParams params = random_params(random);
    CHECK(add_u8(add_u8__simd128, a, b, params) == add_u8(add_u8__reference, a, b, params));
  }
}

TEST_CASE("add_u8: both tiers give the same integers for every pair of inputs") {
  std::vector<uint8_t> a;
  std::vector<uint8_t> b;
  for (int i = 0; i < 65536; ++i) {
    a.push_back(static_cast<uint8_t>(i >> 8));
    b.push_back(static_cast<uint8_t>(i));
  }
  std::vector<AddParams> cases = {
      {0.5f, 0.5f, 3, 200, 129, 0, 255},        // a tie in every second output
      {0.25f, 1.25f, 128, 128, 7, 20, 100},     // bounds of a fused activation
      {1e30f, -1e30f, 0, 255, 0, 0, 255},       // far outside the range
      {-8200.0f, -8200.0f, 0, 0, 9, 0, 255},    // nearly 2^22 below zero
      {-40000.0f, -40000.0f, 0, 0, 9, 0, 255},  // more than 1.5 * 2^23 below it
      {1e-30f, 1e-38f, 10, 20, 255, 0, 255},    // nothing left but the zero point
      {1.0f, 1.0f, 0, 0, 0, 0, 15},             // a 4-bit output
  };
  Random random(2);
  for (int i = 0; i < 20; ++i) cases.push_back(random_params(random));
  for (const AddParams& params : cases) {
    CAPTURE(params.a_ratio);
    CHECK(add_u8(add_u8__simd128, a, b, params) == add_u8(add_u8__reference, a, b, params));
  }
}

TEST_CASE("add_u8: the output may be either input") {
  Random random(3);
  const auto a = random_bytes(random, 37);
  const auto b = random_bytes(random, 37);
  const AddParams params = random_params(random);
  const auto expected = add_u8(add_u8__reference, a, b, params);
  for (const auto kernel : {add_u8__reference, add_u8__simd128}) {
    Guarded<uint8_t> x(a);
    kernel({x.data(), b.data(), x.data(), 37, params});
    CHECK(x.values() == expected);
    Guarded<uint8_t> y(b);
    kernel({a.data(), y.data(), y.data(), 37, params});
    CHECK(y.values() == expected);
    CHECK((x.intact() && y.intact()));
  }
}

TEST_CASE("add_f32: both tiers are equal, keep NaN and clamp the rest, in place too") {
  Random random(4);
  for (size_t count = 0; count <= 40; ++count) {
    CAPTURE(count);
    auto a = random_floats(random, count, -8.0f, 8.0f);
    const auto b = random_floats(random, count, -8.0f, 8.0f);
    const float specials[] = {kNaN, kInfinity, -kInfinity, -0.0f, 3e38f};
    for (size_t i = 0; i < count; i += 3) a[i] = specials[i % 5];
    const auto n = static_cast<int64_t>(count);
    Guarded<float> expected(count);
    add_f32__reference({a.data(), b.data(), expected.data(), n, 0.0f, 6.0f});
    for (size_t i = 0; i < count; ++i) {
      const float y = expected.data()[i];
      CHECK((std::isnan(a[i]) ? std::isnan(y) : y >= 0.0f && y <= 6.0f));
    }
    Guarded<float> actual(count);
    add_f32__simd128({a.data(), b.data(), actual.data(), n, 0.0f, 6.0f});
    CHECK(same_floats(actual.values(), expected.values()));
    Guarded<float> in_place(a);
    add_f32__simd128({in_place.data(), b.data(), in_place.data(), n, 0.0f, 6.0f});
    CHECK(same_floats(in_place.values(), expected.values()));
    CHECK((expected.intact() && actual.intact() && in_place.intact()));
  }
}

}  // namespace lowbit::kernels
