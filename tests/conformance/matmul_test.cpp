// The matrix products of every tier against the reference: integers bit for bit, floats within a
// derived bound.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "kernels/kernels.h"
#include "qmath/requantize.h"
#include "support/buffers.h"
#include "support/matmul_operand.h"
#include "support/packed_weights.h"
#include "support/tiers.h"
#include "tensor/tensor.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using Sizes = test::ProductSizes;
using test::Operand;
using test::PackedWeights;
using test::same_floats;
using test::simd_tiers;
using test::tiles_of;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// Runs one product in one tier. Writes beyond C's rows and columns fail the test.
template <class T, class Product>
std::vector<T> run(void (*kernel)(const Product&), Product product) {
  const int32_t gap = 3;
  product.c_stride = product.columns + gap;
  const auto stride = static_cast<size_t>(product.c_stride);
  const auto columns = static_cast<size_t>(product.columns);
  constexpr T kUntouched = 77;
  Guarded<T> c(std::vector<T>(static_cast<size_t>(product.rows.count) * stride, kUntouched));
  product.c = c.data();
  kernel(product);
  CHECK(c.intact());
  const std::vector<T> all = c.values();
  std::vector<T> result;
  for (size_t i = 0; i < all.size(); ++i) {
    if (i % stride < columns) {
      result.push_back(all[i]);
    } else {
      CHECK(all[i] == kUntouched);
    }
  }
  return result;
}

struct IntegerCase {
  MatmulU8S8 product;  // rows, columns, and the output's parameters
  std::span<const int8_t> weights;
  const int32_t* bias = nullptr;
  std::span<const float> multiplier;
  int32_t input_zero_point = 0;
};

enum class Packing { kU8S8, kU8S4 };

std::vector<uint8_t> run(Tier tier, const IntegerCase& test, Packing packing = Packing::kU8S8,
                         const Tiles& tiles = {}) {
  const KernelTable kernels = kernel_table(tier, tiles);
  const bool is_u8s8 = packing == Packing::kU8S8;
  MatmulU8S8 product = test.product;
  const MatmulRows<uint8_t>& rows = product.rows;
  const auto bytes = is_u8s8 ? packed_matmul_u8s8_bytes : packed_matmul_u8s4_bytes;
  PackedWeights packed(bytes(tier, product.columns, rows.taps, rows.depth));
  const auto pack = is_u8s8 ? kernels.pack_matmul_u8s8 : kernels.pack_matmul_u8s4;
  pack({.weights = test.weights.data(),
        .bias = test.bias,
        .multiplier = test.multiplier.data(),
        .input_zero_point = test.input_zero_point,
        .columns = product.columns,
        .taps = rows.taps,
        .depth = rows.depth,
        .packed = packed.data()});
  product.packed = packed.data();
  return run<uint8_t>(is_u8s8 ? kernels.matmul_u8s8 : kernels.matmul_u8s4, product);
}

enum class Fill { kRandom, kExtremes, kLargestSums, kSevenBits, kUpperHalf };

// All tiers on one random problem of these sizes. Weights of four bits are compared with the
// product of bytes.
void compare_integers(Random& random, const Sizes& s, Packing packing, Fill fill) {
  CAPTURE(s.rows);
  CAPTURE(s.columns);
  CAPTURE(s.taps);
  CAPTURE(s.depth);
  constexpr int32_t kZeroPoints[] = {0, 128, 255, 3};
  const int32_t zero_point = fill == Fill::kLargestSums ? 0
                             : fill == Fill::kUpperHalf ? 200
                                                        : kZeroPoints[random.below(4)];
  const auto activation = [&] {
    if (fill == Fill::kLargestSums) return uint8_t{255};
    if (fill == Fill::kExtremes) return static_cast<uint8_t>(random.below(2) * 255);
    if (fill == Fill::kUpperHalf) return static_cast<uint8_t>(128 + random.below(128));
    return static_cast<uint8_t>(random.below(256));
  };
  const Operand<uint8_t> a(random, s, 0xee, activation);

  const auto columns = static_cast<size_t>(s.columns);
  std::vector<int8_t> weights(columns * static_cast<size_t>(s.k()));
  constexpr int8_t kExtremes[] = {-128, -127, 127, 0};
  for (int8_t& weight : weights) {
    weight = static_cast<int8_t>(random.next());
    if (fill == Fill::kExtremes) weight = kExtremes[random.below(4)];
    if (fill == Fill::kLargestSums) weight = -128;
    if (packing == Packing::kU8S4) {
      // Every nibble, or the two extremes.
      const auto nibble = static_cast<int8_t>(random.below(16)) - 8;
      weight = static_cast<int8_t>(fill == Fill::kRandom     ? nibble
                                   : fill == Fill::kExtremes ? (nibble < 0 ? -8 : 7)
                                                             : -8);
    }
    // Pairs fit int16 then, but in the odd panel (class P, kernels/tier.h).
    if (fill == Fill::kSevenBits && random.below(200) > 0) weight = static_cast<int8_t>(weight / 2);
  }
  std::vector<int32_t> bias(columns);
  std::vector<float> multiplier(columns);
  const float spread = std::sqrt(static_cast<float>(s.k())) * 74.0f * 128.0f;
  for (size_t j = 0; j < columns; ++j) {
    bias[j] = static_cast<int32_t>(random.uniform(-spread, spread));
    multiplier[j] = random.uniform(0.1f, 2.0f) * 100.0f / spread;
    if (fill == Fill::kLargestSums) bias[j] = -(1 << 30);
    if (fill != Fill::kRandom && random.below(2) == 0) {
      bias[j] = random.below(2) == 0 ? (1 << 30) : -(1 << 30);
      multiplier[j] = 2e-7f;
    }
  }
  constexpr struct {
    int32_t zero_point, qmin, qmax;
  } kOutputs[] = {{128, 0, 255}, {0, 0, 255}, {255, 0, 255}, {3, 3, 12}, {7, 0, 15}, {0, 0, 1}};
  const auto& output = kOutputs[random.below(6)];
  IntegerCase test{.product = {.rows = a.rows(),
                               .columns = s.columns,
                               .output_zero_point = output.zero_point,
                               .qmin = output.qmin,
                               .qmax = output.qmax},
                   .weights = weights,
                   .bias = random.below(4) == 0 ? nullptr : bias.data(),
                   .multiplier = multiplier,
                   .input_zero_point = zero_point};
  const std::vector<uint8_t> expected = run(Tier::kReference, test);
  std::vector<Tier> tiers = simd_tiers();
  if (fill == Fill::kUpperHalf && probe_tier() >= Tier::kRelaxed) tiers.push_back(Tier::kRelaxedS);
  for (const Tier tier : tiers) {
    CAPTURE(tier_name(tier));
    for (const Tiles& tiles : tiles_of(tier, &Tiles::matmul_u8s8)) {
      CAPTURE(tiles.matmul_u8s8);
      for (const bool is_bounded : {false, true}) {
        test.product.is_bounded = is_bounded;
        CHECK(run(tier, test, packing, tiles) == expected);
      }
    }
  }
}

void compare_u8s8(Random& random, const Sizes& s, Fill fill = Fill::kRandom) {
  compare_integers(random, s, Packing::kU8S8, fill);
}

void compare_u8s4(Random& random, const Sizes& s, Fill fill = Fill::kRandom) {
  compare_integers(random, s, Packing::kU8S4, fill);
}

template <class Compare>
void for_each_size(Random& random, Compare compare) {
  constexpr int32_t kTaps[] = {1, 2, 3, 9, 25};
  for (int32_t columns = 1; columns <= 20; ++columns) {
    for (int32_t depth = 1; depth <= 40; ++depth) {
      Sizes s{
          .rows = 1 + static_cast<int32_t>(random.below(10)), .columns = columns, .depth = depth};
      s.taps = kTaps[random.below(depth > 20 ? 4 : 5)];
      s.table = s.taps > 1 || random.below(2) == 0;
      compare(s);
    }
  }
  for (const int32_t rows : {1, 2, 3, 15, 16, 17, 31, 32, 33, 65}) {
    for (const int32_t columns : {7, 8, 9, 31, 32, 33, 64, 127}) {
      compare(Sizes{
          .rows = rows, .columns = columns, .depth = 1 + static_cast<int32_t>(random.below(70))});
    }
  }
}

// Around the blocks of K and the groups of columns in blocked_simd128.h.
template <class Compare>
void for_each_long_size(Compare compare) {
  for (const int32_t depth : {255, 256, 257, 511, 512, 513, 1023, 1025}) {
    for (const int32_t columns : {1, 63, 64, 65, 97}) {
      for (const int32_t rows : {1, 2, 3, 4, 18}) {
        compare(Sizes{.rows = rows, .columns = columns, .depth = depth});
      }
    }
  }
  for (const int32_t depth : {1, 3, 30, 100, 300}) {
    for (const int32_t rows : {1, 5}) {
      compare(Sizes{.rows = rows, .columns = 70, .taps = 25, .depth = depth, .table = true});
    }
  }
}

TEST_CASE("matmul_u8s8: every tier gives the reference's integers for every small size") {
  Random random(1);
  for_each_size(random, [&](const Sizes& s) { compare_u8s8(random, s); });
}

TEST_CASE("matmul_u8s8: every tier gives the reference's integers when K spans several blocks") {
  Random random(2);
  for_each_long_size([&](const Sizes& s) { compare_u8s8(random, s); });
}

TEST_CASE("matmul_u8s8: weights of seven bits, whose pairs fit int16, beside others") {
  Random random(9);
  for_each_size(random, [&](const Sizes& s) { compare_u8s8(random, s, Fill::kSevenBits); });
}

// Class S makes such activations 0..127, for which every machine's dot product is specified.
TEST_CASE("matmul_u8s8: activations from 128 on, with class S on any machine") {
  Random random(10);
  for_each_size(random, [&](const Sizes& s) { compare_u8s8(random, s, Fill::kUpperHalf); });
}

TEST_CASE("matmul_u8s8: extreme operands, weights of -128 and biases of +-2^30") {
  Random random(3);
  for_each_size(random, [&](const Sizes& s) { compare_u8s8(random, s, Fill::kExtremes); });
}

TEST_CASE("matmul_u8s8: the longest K with the largest sums does not overflow") {
  Random random(4);
  const Sizes s{.rows = 5, .columns = 9, .depth = kMaxMatmulU8S8Depth};
  compare_u8s8(random, s, Fill::kLargestSums);
}

TEST_CASE("matmul_u8s4: every tier gives the integers of u8s8 for every small size") {
  Random random(11);
  for_each_size(random, [&](const Sizes& s) { compare_u8s4(random, s); });
}

TEST_CASE("matmul_u8s4: every tier gives the integers of u8s8 when K spans several blocks") {
  Random random(12);
  for_each_long_size([&](const Sizes& s) { compare_u8s4(random, s); });
}

TEST_CASE("matmul_u8s4: extreme operands, weights of -8 and 7 and biases of +-2^30") {
  Random random(13);
  for_each_size(random, [&](const Sizes& s) { compare_u8s4(random, s, Fill::kExtremes); });
}

// Sixteen rows and two: on unpacked panels, of which one fills the memory for them, and in
// registers. In pieces of one element, class U packs more than that memory holds.
TEST_CASE("matmul_u8s4: the longest K with the largest sums does not overflow") {
  Random random(14);
  for (const int32_t rows : {2, 16}) {
    for (const int32_t depth : {kMaxMatmulU8S4Depth, kMaxMatmulU8S4Depth - 1}) {
      compare_u8s4(random, {.rows = rows, .columns = 17, .depth = depth}, Fill::kLargestSums);
    }
    compare_u8s4(
        random,
        {.rows = rows, .columns = 9, .taps = kMaxMatmulU8S4Depth, .depth = 1, .table = true});
  }
}

// Zero weights make the bias the accumulator, so that any accumulator can be tried.
TEST_CASE("matmul_u8s8: the output stage is qmath's requantize, bit for bit") {
  std::vector<int32_t> accumulators = {0, 1, -1, std::numeric_limits<int32_t>::max(),
                                       std::numeric_limits<int32_t>::min()};
  std::vector<float> multipliers = {0.0f, 1e-38f, 0x1p-31f, 0.5f,  0.25f,
                                    1.0f, 1.5f,   1e30f,    3e38f, kInfinity};
  for (int32_t bit = 1; bit < 31; ++bit) {
    for (int32_t near = -3; near <= 3; ++near) {
      accumulators.push_back((1 << bit) + near);
      accumulators.push_back(-(1 << bit) + near);
    }
    multipliers.push_back(std::ldexp(1.0f, -bit));
    multipliers.push_back(std::nextafter(std::ldexp(1.0f, -bit), 1.0f));
    multipliers.push_back(std::nextafter(std::ldexp(1.0f, -bit), 0.0f));
  }
  Random random(5);
  for (int i = 0; i < 3000; ++i) accumulators.push_back(static_cast<int32_t>(random.next()));

  const auto columns = static_cast<int32_t>(accumulators.size());
  const std::vector<int8_t> weights(accumulators.size(), 0);
  const std::vector<uint8_t> a(1 + Buffer::kSlackBytes, 255);
  constexpr struct {
    int32_t zero_point, qmin, qmax;
  } kOutputs[] = {{0, 0, 255}, {255, 0, 255}, {128, 0, 255}, {100, 100, 107}, {0, 255, 255}};
  for (const float multiplier : multipliers) {
    const std::vector<float> all(accumulators.size(), multiplier);
    const double largest = -double{std::numeric_limits<int32_t>::min()} * multiplier;
    for (const auto& output : kOutputs) {
      IntegerCase test{
          .product = {.rows = {.a = a.data(), .count = 1, .depth = 1, .words = kOnePiece},
                      .columns = columns,
                      .output_zero_point = output.zero_point,
                      .qmin = output.qmin,
                      .qmax = output.qmax},
          .weights = weights,
          .bias = accumulators.data(),
          .multiplier = all};
      std::vector<uint8_t> expected;
      for (const int32_t accumulator : accumulators) {
        expected.push_back(static_cast<uint8_t>(
            requantize(accumulator, multiplier, output.zero_point, output.qmin, output.qmax)));
      }
      CAPTURE(multiplier);
      CHECK(run(Tier::kReference, test) == expected);
      for (const Tier tier : simd_tiers()) {
        CAPTURE(tier_name(tier));
        test.product.is_bounded = false;
        CHECK(run(tier, test) == expected);
        if (!(largest <= kMaxScaledSum)) continue;
        test.product.is_bounded = true;
        CHECK(run(tier, test) == expected);
      }
    }
  }
}

struct FloatCase {
  MatmulF32 product;  // rows, columns, min and max
  std::span<const float> weights;
  const float* bias = nullptr;
};

std::vector<float> run(Tier tier, const FloatCase& test, const Tiles& tiles = {}) {
  const KernelTable kernels = kernel_table(tier, tiles);
  MatmulF32 product = test.product;
  const MatmulRows<float>& rows = product.rows;
  PackedWeights packed(packed_matmul_f32_bytes(tier, product.columns, rows.taps, rows.depth));
  kernels.pack_matmul_f32({.weights = test.weights.data(),
                           .bias = test.bias,
                           .columns = product.columns,
                           .taps = rows.taps,
                           .depth = rows.depth,
                           .packed = packed.data()});
  product.packed = packed.data();
  return run<float>(kernels.matmul_f32, product);
}

// Small integers: every sum is exact in float32, whatever its order, so the tiers must agree in
// every bit. Memory that does not belong to A is NaN and must not come near a sum.
void compare_exact_f32(Random& random, const Sizes& s) {
  CAPTURE(s.rows);
  CAPTURE(s.columns);
  CAPTURE(s.taps);
  CAPTURE(s.depth);
  const auto small = [&] { return static_cast<float>(static_cast<int32_t>(random.below(17)) - 8); };
  const Operand<float> a(random, s, kNaN, small);
  std::vector<float> weights(static_cast<size_t>(s.columns * s.k()));
  std::generate(weights.begin(), weights.end(), small);
  std::vector<float> bias(static_cast<size_t>(s.columns));
  std::generate(bias.begin(), bias.end(), small);
  const bool clamped = random.below(2) == 0;
  const FloatCase test{.product = {.rows = a.rows(),
                                   .columns = s.columns,
                                   .min = clamped ? 0.0f : -kInfinity,
                                   .max = clamped ? 6.0f : kInfinity},
                       .weights = weights,
                       .bias = random.below(4) == 0 ? nullptr : bias.data()};
  const std::vector<float> expected = run(Tier::kReference, test);
  for (const Tier tier : {Tier::kSimd128, simd_tiers().back()}) {
    CAPTURE(tier_name(tier));
    for (const Tiles& tiles : tiles_of(tier, &Tiles::matmul_f32)) {
      CAPTURE(tiles.matmul_f32);
      CHECK(same_floats(run(tier, test, tiles), expected));
    }
  }
}

TEST_CASE("matmul_f32: every tier gives the reference's floats exactly where sums are exact") {
  Random random(6);
  for_each_size(random, [&](const Sizes& s) { compare_exact_f32(random, s); });
  for_each_long_size([&](const Sizes& s) { compare_exact_f32(random, s); });
}

// Each tier's error is at most (K + 1) u sum|a||b| to first order, u = 2^-24 (Higham, Accuracy and
// Stability of Numerical Algorithms, 2002, section 3.1), the bias being one more term; so the tiers
// differ by at most twice that. K + 2 covers the second order.
TEST_CASE("matmul_f32: every tier stays within the error bound of a sum in any order") {
  Random random(7);
  for (const int32_t depth : {3, 17, 64, 300, 1000}) {
    const Sizes s{.rows = 7, .columns = 21, .depth = depth};
    const Operand<float> a(random, s, kNaN, [&] { return random.uniform(-1.0f, 1.0f); });
    const auto weights = test::random_floats(random, static_cast<size_t>(21 * depth), -1.0f, 1.0f);
    const auto bias = test::random_floats(random, 21, -1.0f, 1.0f);
    const FloatCase test{
        .product = {.rows = a.rows(), .columns = 21, .min = -kInfinity, .max = kInfinity},
        .weights = weights,
        .bias = bias.data()};
    const std::vector<float> reference = run(Tier::kReference, test);
    const std::vector<float> simd128 = run(Tier::kSimd128, test);
    const std::vector<float> last = run(simd_tiers().back(), test);
    for (const Tiles& tiles : tiles_of(simd_tiers().back(), &Tiles::matmul_f32)) {
      CHECK(same_floats(run(simd_tiers().back(), test, tiles), last));
    }
    for (int32_t i = 0; i < s.rows; ++i) {
      for (int32_t j = 0; j < s.columns; ++j) {
        double magnitude = std::fabs(double{bias[static_cast<size_t>(j)]});
        for (int32_t d = 0; d < depth; ++d) {
          magnitude += std::fabs(double{a.rows().a[i * a.rows().row_stride + d]} *
                                 double{weights[static_cast<size_t>(j * depth + d)]});
        }
        const auto index = static_cast<size_t>(i * s.columns + j);
        const double bound = 2.0 * (depth + 2) * 0x1p-24 * magnitude;
        for (const std::vector<float>& simd : {simd128, last}) {
          CHECK(std::fabs(double{simd[index]} - double{reference[index]}) <= bound);
        }
      }
    }
  }
}

TEST_CASE("matmul_f32: NaN stays in its row and passes through the activation, in every tier") {
  Random random(8);
  const Sizes s{.rows = 9, .columns = 11, .depth = 6};
  Operand<float> a(random, s, kNaN, [] { return 1.0f; });
  a.values()[static_cast<size_t>(5 * a.rows().row_stride + 2)] = kNaN;
  const std::vector<float> weights(66, 1.0f);
  const FloatCase test{.product = {.rows = a.rows(), .columns = 11, .min = 0.0f, .max = 4.0f},
                       .weights = weights};
  for (const Tier tier : {Tier::kReference, Tier::kSimd128, simd_tiers().back()}) {
    const std::vector<float> c = run(tier, test);
    for (size_t i = 0; i < c.size(); ++i) {
      if (i / 11 == 5) {
        CHECK(std::isnan(c[i]));
      } else {
        CHECK(c[i] == 4.0f);
      }
    }
  }
}

TEST_CASE("packed_matmul_*_bytes: what does not fit becomes what cannot be allocated") {
  for (const Tier tier :
       {Tier::kReference, Tier::kSimd128, Tier::kRelaxedU, Tier::kRelaxedS, Tier::kRelaxedP}) {
    CHECK(packed_matmul_f32_bytes(tier, 9, 3, 5) >= (9 * 15 + 9) * sizeof(float));
    CHECK(packed_matmul_u8s8_bytes(tier, 9, 3, 5) >= 9 * 15 + 9 * 8);
    CHECK(packed_matmul_u8s4_bytes(tier, 9, 3, 5) >= 9 * 8 + 9 * 8);
    constexpr uint64_t kHuge = uint64_t{1} << 61;
    constexpr uint64_t kMax = std::numeric_limits<size_t>::max();
    CHECK(packed_matmul_f32_bytes(tier, 1 << 30, 1, 1 << 29) >= std::min(kHuge, kMax));
    CHECK(packed_matmul_u8s8_bytes(tier, 1 << 30, 1, 1 << 29) >= std::min(kHuge / 4, kMax));
    CHECK(packed_matmul_u8s4_bytes(tier, 1 << 30, 1, 1 << 29) >= std::min(kHuge / 8, kMax));
    // Half of the weights, where the panels' headers are small beside them.
    CHECK(packed_matmul_u8s4_bytes(tier, 64, 1, 4096) <
          0.51 * static_cast<double>(packed_matmul_u8s8_bytes(tier, 64, 1, 4096)));
  }
}

}  // namespace
}  // namespace lowbit::kernels
