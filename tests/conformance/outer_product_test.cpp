// The simd128 outer product against the reference. Each sum of n products may be added in another
// order, so results differ by at most n * epsilon * sum |a * b| on either side (Higham 2002,
// section 3.1): twice that bounds their distance.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/kernels.h"
#include "support/buffers.h"
#include "tensor/tensor.h"

namespace lowbit::kernels {
namespace {

using test::Guarded;

struct Problem {
  int32_t rows = 1;
  int32_t depth = 1;
  int32_t taps = 1;
  int32_t columns = 1;
  bool is_indirect = false;
};

// Inputs end exactly where the header's slack begins; what lies in the slack is NaN.
std::vector<float> with_slack(Random& random, int64_t count) {
  std::vector<float> values = test::random_floats(random, static_cast<size_t>(count), -1.0f, 1.0f);
  values.resize(values.size() + Buffer::kSlackBytes / sizeof(float),
                std::numeric_limits<float>::quiet_NaN());
  return values;
}

void compare_tiers(const Problem& p) {
  INFO("rows " << p.rows << ", depth " << p.depth << ", taps " << p.taps << ", columns "
               << p.columns << (p.is_indirect ? ", indirect" : ""));
  Random random(static_cast<uint64_t>(p.rows * 7919 + p.depth * 131 + p.columns));
  const int32_t row_stride = p.depth + 3;
  const int32_t b_stride = p.columns + 2;
  const std::vector<float> a = with_slack(random, int64_t{p.rows} * row_stride);
  const std::vector<float> b = with_slack(random, int64_t{p.rows} * b_stride);
  const std::vector<float> padding = with_slack(random, p.depth);
  std::vector<int32_t> offsets;
  for (int32_t i = 0; p.is_indirect && i < p.rows * p.taps; ++i) {
    const int32_t row = static_cast<int32_t>(random.below(static_cast<uint32_t>(p.rows) + 1));
    offsets.push_back(row == p.rows ? kPaddingOffset : row * row_stride);
  }
  const auto k = static_cast<size_t>(p.taps) * static_cast<size_t>(p.depth);
  const std::vector<float> start =
      test::random_floats(random, k * static_cast<size_t>(p.columns), -1.0f, 1.0f);
  Guarded<float> expected(start);
  Guarded<float> computed(start);
  OuterProductF32 call{.rows = {.a = a.data(),
                                .count = p.rows,
                                .depth = p.depth,
                                .taps = p.taps,
                                .row_stride = row_stride,
                                .offsets = p.is_indirect ? offsets.data() : nullptr,
                                .padding = padding.data()},
                       .b = b.data(),
                       .b_stride = b_stride,
                       .columns = p.columns};
  call.c = expected.data();
  outer_product_f32__reference(call);
  call.c = computed.data();
  outer_product_f32__simd128(call);
  CHECK(computed.intact());
  // |a|, |b| and |c| are at most 1.
  const float terms = static_cast<float>(p.rows + 1);
  const float bound = 2.0f * terms * std::numeric_limits<float>::epsilon() * terms;
  const std::vector<float> wanted = expected.values();
  const std::vector<float> got = computed.values();
  float worst = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    // Written so that a NaN fails.
    if (!(std::abs(wanted[i] - got[i]) <= worst)) worst = std::abs(wanted[i] - got[i]);
  }
  CHECK(worst <= bound);
}

}  // namespace

TEST_CASE("outer_product_f32: every tail of rows, depth and columns") {
  for (const int32_t columns : {1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 21}) {
    for (int32_t depth = 1; depth <= 9; ++depth) {
      compare_tiers({.rows = 5, .depth = depth, .columns = columns});
      compare_tiers(
          {.rows = 6, .depth = depth, .taps = 9, .columns = columns, .is_indirect = true});
    }
  }
  for (const int32_t rows : {1, 2, 63, 64, 65, 130}) {
    compare_tiers({.rows = rows, .depth = 6, .columns = 10});
    compare_tiers({.rows = rows, .depth = 3, .taps = 4, .columns = 10, .is_indirect = true});
  }
}

TEST_CASE("outer_product_f32: rows longer than one panel, pieces that straddle two") {
  compare_tiers({.rows = 70, .depth = 37, .taps = 25, .columns = 9, .is_indirect = true});
  compare_tiers({.rows = 20, .depth = 700, .taps = 2, .columns = 5, .is_indirect = true});
  compare_tiers({.rows = 33, .depth = 1, .taps = 49, .columns = 8, .is_indirect = true});
}

TEST_CASE("outer_product_f32: adds to C, by a case worked by hand") {
  const std::vector<float> a = {1, 2, 3, 4, 0, 0, 0, 0};
  const std::vector<float> b = {10, 20, 30, 40, 0, 0, 0, 0};
  for (const auto kernel : {outer_product_f32__reference, outer_product_f32__simd128}) {
    std::vector<float> c = {1000, 0, 0, 0};
    kernel({.rows = {.a = a.data(), .count = 2, .depth = 2, .row_stride = 2},
            .b = b.data(),
            .b_stride = 2,
            .columns = 2,
            .c = c.data()});
    // [1 2]^T [10 20] + [3 4]^T [30 40]
    CHECK(c == std::vector<float>{1100, 140, 140, 200});
  }
}

}  // namespace lowbit::kernels
