// The product of floats and integer weights: every tier gives the floats of the formula, bit for
// bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "kernels/kernels.h"
#include "qmath/quantize.h"
#include "support/buffers.h"
#include "support/matmul_operand.h"
#include "support/packed_weights.h"
#include "support/tiers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::Operand;
using test::PackedWeights;
using test::same_floats;
using test::simd_tiers;
using Sizes = test::ProductSizes;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::vector<float> run(Tier tier, MatmulF32S8 product, PackMatmulF32S8 weights) {
  const KernelTable kernels = kernel_table(tier);
  const int32_t k = weights.taps * weights.depth;
  PackedWeights packed(packed_matmul_f32s8_bytes(tier, weights.columns, k, weights.block_size));
  PackedWeights unpacked(unpacked_matmul_f32s8_bytes(tier, k));
  weights.packed = packed.data();
  kernels.pack_matmul_f32s8(weights);
  product.packed = packed.data();
  product.unpacked = unpacked.data();
  product.c_stride = product.columns + 3;
  Guarded<float> c(std::vector<float>(
      static_cast<size_t>(product.rows.count) * static_cast<size_t>(product.c_stride), 77.0f));
  product.c = c.data();
  kernels.matmul_f32s8(product);
  CHECK(c.intact());
  return c.values();  // with the gaps between rows, which must stay as they are
}

float expected(const MatmulF32S8& m, const PackMatmulF32S8& w, int32_t i, int32_t j) {
  const int32_t k = w.taps * w.depth;
  const MatmulRows<float>& rows = m.rows;
  float sum = w.bias == nullptr ? 0.0f : w.bias[j];
  for (int32_t at = 0; at < k; ++at) {
    const int32_t start = rows.row_offsets == nullptr ? i * rows.row_stride : rows.row_offsets[i];
    const int32_t piece = rows.words[at / w.depth * w.depth] / 4;
    const float scale = w.scale[j * block_count(k, w.block_size) + at / w.block_size];
    sum += rows.a[start + piece + at % w.depth] *
           dequantize(w.weights[ptrdiff_t{j} * k + at], scale, 0);
  }
  return std::min(std::max(sum, m.min), m.max);
}

void compare(Random& random, const Sizes& s, int32_t block_size) {
  CAPTURE(s.rows);
  CAPTURE(s.columns);
  CAPTURE(s.taps);
  CAPTURE(s.depth);
  CAPTURE(block_size);
  const Operand<float> a(random, s, kNaN, [&] { return random.uniform(-1.0f, 1.0f); });
  const auto columns = static_cast<size_t>(s.columns);
  std::vector<int8_t> weights(columns * static_cast<size_t>(s.k()));
  for (int8_t& weight : weights) weight = static_cast<int8_t>(random.next());
  const auto blocks = static_cast<size_t>(block_count(s.k(), block_size));
  const auto scale = test::random_floats(random, columns * blocks, 0.001f, 0.1f);
  const auto bias = test::random_floats(random, columns, -1.0f, 1.0f);
  const bool is_bounded = random.below(2) == 0;
  MatmulF32S8 product;
  product.rows = a.rows();
  product.columns = s.columns;
  product.min = is_bounded ? 0.0f : -kInfinity;
  product.max = is_bounded ? 6.0f : kInfinity;
  product.block_size = block_size;
  const PackMatmulF32S8 pack{.weights = weights.data(),
                             .scale = scale.data(),
                             .bias = random.below(4) == 0 ? nullptr : bias.data(),
                             .columns = s.columns,
                             .taps = s.taps,
                             .depth = s.depth,
                             .block_size = block_size};
  std::vector<float> formula(static_cast<size_t>(s.rows) * (columns + 3), 77.0f);
  for (int32_t i = 0; i < s.rows; ++i) {
    for (int32_t j = 0; j < s.columns; ++j) {
      formula[static_cast<size_t>(i) * (columns + 3) + static_cast<size_t>(j)] =
          expected(product, pack, i, j);
    }
  }
  std::vector<Tier> tiers = simd_tiers();
  tiers.push_back(Tier::kReference);
  for (const Tier tier : tiers) {
    CAPTURE(tier_name(tier));
    CHECK(same_floats(run(tier, product, pack), formula));
  }
}

int32_t below(Random& random, uint32_t limit) { return static_cast<int32_t>(random.below(limit)); }

TEST_CASE("matmul_f32s8: every tier gives the formula's floats for every small size") {
  Random random(1);
  for (int32_t columns = 1; columns <= 40; ++columns) {
    for (int32_t depth = 1; depth <= 30; ++depth) {
      Sizes s{.rows = 1 + below(random, 10), .columns = columns, .depth = depth};
      s.taps = random.below(2) == 0 ? 1 : 9;
      s.table = s.taps > 1;
      compare(random, s, random.below(2) == 0 ? s.k() : 1 + below(random, 40));
    }
  }
}

// Beyond 4,095 rows of B less than four, and beyond 4,095 times 4 less than one panel fit a cache.
TEST_CASE("matmul_f32s8: long sums, of which few panels or none fit a cache") {
  Random random(2);
  for (const int32_t depth : {1000, 1023, 1024, 2049, 4095, 4096, 5000}) {
    for (const int32_t rows : {1, 3, 9}) {
      for (const int32_t block_size : {32, 100, depth}) {
        compare(random, {.rows = rows, .columns = 37, .depth = depth}, block_size);
      }
    }
  }
}

}  // namespace
}  // namespace lowbit::kernels
