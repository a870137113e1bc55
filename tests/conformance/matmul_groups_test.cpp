// The product in groups: the reference against the formula of qmath, every tier against the
// reference, bit for bit.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/kernels.h"
#include "qmath/requantize_groups.h"
#include "support/buffers.h"
#include "support/matmul_operand.h"
#include "support/packed_weights.h"
#include "support/tiers.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;
using test::Operand;
using test::PackedWeights;
using test::simd_tiers;
using Sizes = test::ProductSizes;

struct GroupsCase {
  MatmulU8S8 product;
  PackMatmulU8S8 weights;
};

std::vector<uint8_t> run(Tier tier, const GroupsCase& test) {
  const KernelTable kernels = kernel_table(tier);
  MatmulU8S8 product = test.product;
  PackMatmulU8S8 weights = test.weights;
  PackedWeights packed(packed_matmul_u8s8_groups_bytes(
      tier, weights.columns, weights.taps * weights.depth, weights.block_size));
  weights.packed = packed.data();
  kernels.pack_matmul_u8s8_groups(weights);
  product.packed = packed.data();
  product.c_stride = product.columns + 3;
  Guarded<uint8_t> c(std::vector<uint8_t>(
      static_cast<size_t>(product.rows.count) * static_cast<size_t>(product.c_stride), 77));
  product.c = c.data();
  kernels.matmul_u8s8_groups(product);
  CHECK(c.intact());
  return c.values();  // with the gaps between rows, which must stay as they are
}

uint8_t expected(const GroupsCase& test, int32_t i, int32_t j) {
  const MatmulRows<uint8_t>& rows = test.product.rows;
  const PackMatmulU8S8& w = test.weights;
  const int32_t k = w.taps * w.depth;
  const int32_t blocks = block_count(k, w.block_size);
  float sum = w.bias == nullptr ? 0.0f : group_term(w.bias[j], w.bias_multiplier[j]);
  for (int32_t block = 0; block < blocks; ++block) {
    int32_t accumulator = 0;
    for (int32_t at = block * w.block_size; at < std::min(k, (block + 1) * w.block_size); ++at) {
      const int32_t start = rows.row_offsets == nullptr ? i * rows.row_stride : rows.row_offsets[i];
      const int32_t piece = rows.words[at / w.depth * piece_words(w.depth, 1)];
      accumulator +=
          (rows.a[start + piece + at % w.depth] - w.input_zero_point) *
          w.weights[static_cast<size_t>(j) * static_cast<size_t>(k) + static_cast<size_t>(at)];
    }
    sum += group_term(accumulator, w.multiplier[j * blocks + block]);
  }
  return static_cast<uint8_t>(
      requantize_groups(sum, test.product.output_zero_point, test.product.qmin, test.product.qmax));
}

void compare(Random& random, const Sizes& s, int32_t block_size, bool extremes = false) {
  CAPTURE(s.rows);
  CAPTURE(s.columns);
  CAPTURE(s.taps);
  CAPTURE(s.depth);
  CAPTURE(block_size);
  const auto activation = [&] {
    return static_cast<uint8_t>(extremes ? random.below(2) * 255 : random.below(256));
  };
  const Operand<uint8_t> a(random, s, 0xee, activation);
  const auto columns = static_cast<size_t>(s.columns);
  std::vector<int8_t> weights(columns * static_cast<size_t>(s.k()));
  constexpr int8_t kExtremes[] = {-128, -127, 127, 0};
  for (int8_t& weight : weights) {
    weight = extremes ? kExtremes[random.below(4)] : static_cast<int8_t>(random.next());
  }
  const auto blocks = static_cast<size_t>(block_count(s.k(), block_size));
  const float spread = std::sqrt(static_cast<float>(s.k())) * 74.0f * 128.0f;
  std::vector<float> multiplier(columns * blocks);
  for (float& m : multiplier) m = random.uniform(0.1f, 2.0f) * 100.0f / spread;
  std::vector<int32_t> bias(columns);
  std::vector<float> bias_multiplier(columns);
  for (size_t j = 0; j < columns; ++j) {
    bias[j] = static_cast<int32_t>(random.uniform(-spread, spread));
    bias_multiplier[j] = 100.0f / spread;
    if (!extremes || random.below(2) == 0) continue;
    bias[j] = random.below(2) == 0 ? (1 << 30) : -(1 << 30);
    bias_multiplier[j] = 2e-7f;
    // Sums beyond every integer, also of infinities of both signs.
    if (random.below(4) == 0) multiplier[j * blocks] = std::numeric_limits<float>::max();
  }
  constexpr struct {
    int32_t zero_point, qmin, qmax;
  } kOutputs[] = {{128, 0, 255}, {0, 0, 255}, {255, 0, 255}, {3, 3, 12}, {7, 0, 15}};
  const auto& output = kOutputs[random.below(5)];
  constexpr int32_t kZeroPoints[] = {0, 128, 255, 3};
  const GroupsCase test{.product = {.rows = a.rows(),
                                    .columns = s.columns,
                                    .output_zero_point = output.zero_point,
                                    .qmin = output.qmin,
                                    .qmax = output.qmax,
                                    .block_size = block_size},
                        .weights = {.weights = weights.data(),
                                    .bias = random.below(4) == 0 ? nullptr : bias.data(),
                                    .multiplier = multiplier.data(),
                                    .input_zero_point = kZeroPoints[random.below(4)],
                                    .columns = s.columns,
                                    .taps = s.taps,
                                    .depth = s.depth,
                                    .block_size = block_size,
                                    .bias_multiplier = bias_multiplier.data()}};
  const std::vector<uint8_t> reference = run(Tier::kReference, test);
  bool is_formula = true;
  for (int32_t i = 0; i < s.rows; ++i) {
    for (int32_t j = 0; j < s.columns; ++j) {
      const auto at = static_cast<size_t>(i) * (columns + 3) + static_cast<size_t>(j);
      is_formula = is_formula && reference[at] == expected(test, i, j);
    }
  }
  CHECK(is_formula);
  for (const Tier tier : simd_tiers()) {
    CAPTURE(tier_name(tier));
    CHECK(run(tier, test) == reference);
  }
}

int32_t below(Random& random, uint32_t limit) { return static_cast<int32_t>(random.below(limit)); }

TEST_CASE("matmul_u8s8_groups: every tier gives the formula's integers for every small size") {
  Random random(1);
  for (int32_t columns = 1; columns <= 20; ++columns) {
    for (int32_t depth = 1; depth <= 40; ++depth) {
      Sizes s{.rows = 1 + below(random, 10), .columns = columns, .depth = depth};
      s.taps = random.below(2) == 0 ? 1 : 9;
      s.table = s.taps > 1;
      compare(random, s, 1 + below(random, 40), depth % 4 == 0);
    }
  }
}

TEST_CASE("matmul_u8s8_groups: long sums, in blocks that do and do not divide those of K") {
  Random random(2);
  for (const int32_t depth : {255, 511, 512, 513, 1025, 2000}) {
    for (const int32_t block_size : {1, 31, 32, 64, 100, 128, 257, 511, kMaxBlockSize}) {
      for (const int32_t rows : {1, 2, 3, 4, 17}) {
        compare(random, {.rows = rows, .columns = 1 + below(random, 80), .depth = depth},
                block_size, rows == 3);
      }
    }
  }
}

TEST_CASE("matmul_u8s8_groups: one block and no bias is requantize") {
  Random random(3);
  const Sizes s{.rows = 5, .columns = 9, .depth = 77};
  const Operand<uint8_t> a(random, s, 0xee,
                           [&] { return static_cast<uint8_t>(random.below(256)); });
  std::vector<int8_t> weights(9 * 77);
  for (int8_t& weight : weights) weight = static_cast<int8_t>(random.next());
  const std::vector<float> multiplier(9, 1e-3f);
  GroupsCase test{
      .product = {.rows = a.rows(), .columns = 9, .output_zero_point = 128, .block_size = 77},
      .weights = {.weights = weights.data(),
                  .multiplier = multiplier.data(),
                  .input_zero_point = 100,
                  .columns = 9,
                  .depth = 77,
                  .block_size = 77}};
  const std::vector<uint8_t> groups = run(Tier::kSimd128, test);
  PackedWeights packed(packed_matmul_u8s8_bytes(Tier::kSimd128, 9, 1, 77));
  test.weights.packed = packed.data();
  kSimd128Table.pack_matmul_u8s8(test.weights);
  std::vector<uint8_t> plain(5 * 12, 77);
  test.product.packed = packed.data();
  test.product.c = plain.data();
  test.product.c_stride = 12;
  kSimd128Table.matmul_u8s8(test.product);
  CHECK(plain == groups);
}

}  // namespace
}  // namespace lowbit::kernels
