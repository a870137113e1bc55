#include <doctest/doctest.h>

#include <bit>
#include <limits>

#include "kernels/kernels.h"
#include "qmath/quantize.h"
#include "support/buffers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::random_bytes;
using test::random_floats;
using test::same_floats;

struct Params {
  float scale;
  int32_t zero_point;
  int32_t qmin;
  int32_t qmax;
};

std::vector<uint8_t> quantize_u8(void (*kernel)(const QuantizeU8&), const std::vector<float>& x,
                                 const Params& p) {
  Guarded<uint8_t> output(x.size());
  kernel({x.data(), output.data(), static_cast<int64_t>(x.size()), p.scale, p.zero_point, p.qmin,
          p.qmax});
  CHECK(output.intact());
  return output.values();
}

std::vector<float> dequantize_u8(void (*kernel)(const DequantizeU8&), const std::vector<uint8_t>& x,
                                 float scale, int32_t zero_point) {
  Guarded<float> output(x.size());
  kernel({x.data(), output.data(), static_cast<int64_t>(x.size()), scale, zero_point});
  CHECK(output.intact());
  return output.values();
}

constexpr Params kParams[] = {
    {0.05f, 128, 0, 255}, {1.0f, 0, 0, 255},     {0.3f, 255, 0, 255},
    {0.5f, 7, 0, 15},     {0.1f, 100, 100, 160}, {std::numeric_limits<float>::min(), 3, 0, 255},
    {1e30f, 3, 0, 255},
};

}  // namespace

TEST_CASE("quantize_u8: both tiers give the same integers for every count") {
  Random random(1);
  for (size_t count = 0; count <= 40; ++count) {
    CAPTURE(count);
    const auto x = random_floats(random, count, -10.0f, 10.0f);
    CHECK(quantize_u8(quantize_u8__simd128, x, kParams[0]) ==
          quantize_u8(quantize_u8__reference, x, kParams[0]));
  }
}

TEST_CASE("quantize_u8: both tiers agree on any bits: NaN, infinities, subnormals, huge values") {
  Random random(2);
  std::vector<float> x;
  for (int i = 0; i < 100000; ++i) {
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(random.next())));
  }
  for (const Params& p : kParams) {
    CAPTURE(p.scale);
    CHECK(quantize_u8(quantize_u8__simd128, x, p) == quantize_u8(quantize_u8__reference, x, p));
  }
}

TEST_CASE("quantize_u8: both tiers agree on ties and on their neighbours") {
  for (const Params& p : kParams) {
    std::vector<float> x;
    for (int half = -600; half <= 600; ++half) {
      const float tie = 0.5f * static_cast<float>(half) * p.scale;
      x.insert(x.end(), {std::nextafter(tie, -3e38f), tie, std::nextafter(tie, 3e38f)});
    }
    CAPTURE(p.scale);
    CHECK(quantize_u8(quantize_u8__simd128, x, p) == quantize_u8(quantize_u8__reference, x, p));
  }
}

TEST_CASE("quantize_u8: the reference is the law") {
  const std::vector<float> x = {0.5f,
                                1.5f,
                                2.5f,
                                -0.5f,
                                std::numeric_limits<float>::quiet_NaN(),
                                std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity()};
  const std::vector<uint8_t> expected = {10, 12, 12, 10, 2, 200, 2};
  CHECK(quantize_u8(quantize_u8__reference, x, {1.0f, 10, 2, 200}) == expected);
}

TEST_CASE(
    "dequantize_u8: scale times the exact difference, for every byte, equally in both tiers") {
  std::vector<uint8_t> x;
  for (int q = 0; q < 256; ++q) x.push_back(static_cast<uint8_t>(q));
  for (const Params& p : kParams) {
    std::vector<float> expected;
    for (const uint8_t q : x) expected.push_back(dequantize(q, p.scale, p.zero_point));
    CHECK(same_floats(dequantize_u8(dequantize_u8__reference, x, p.scale, p.zero_point), expected));
    CHECK(same_floats(dequantize_u8(dequantize_u8__simd128, x, p.scale, p.zero_point), expected));
  }
}

TEST_CASE("dequantize_u8: both tiers are equal for every count") {
  Random random(3);
  for (size_t count = 0; count <= 40; ++count) {
    CAPTURE(count);
    const auto x = random_bytes(random, count);
    CHECK(same_floats(dequantize_u8(dequantize_u8__simd128, x, 0.07f, 13),
                      dequantize_u8(dequantize_u8__reference, x, 0.07f, 13)));
  }
}

}  // namespace lowbit::kernels
