#include "kernels/mul/mul.h"

#include <algorithm>

#include "kernels/binary/rows.h"

namespace lowbit::kernels {

namespace {

constexpr int64_t kBlock = 64;

void gather(const uint8_t* source, int64_t stride, int64_t count, uint8_t* block) {
  for (int64_t i = 0; i < count; ++i) block[i] = source[i * stride];
}

}  // namespace

void mul_u8(const MulU8& args) {
  uint8_t a[kBlock] = {};
  uint8_t b[kBlock] = {};
  uint8_t y[kBlock] = {};
  uint8_t* output = args.output;
  for_each_row<2>(args.dims, {&args.a_strides, &args.b_strides},
                  [&](const RowOf<2>& row, int64_t columns) {
                    const auto [step_a, step_b] = row.steps;
                    for (int64_t i = 0; i < columns; i += kBlock) {
                      const int64_t count = std::min(kBlock, columns - i);
                      gather(args.a + row.offsets[0] + i * step_a, step_a, count, a);
                      gather(args.b + row.offsets[1] + i * step_b, step_b, count, b);
                      for (int64_t k = 0; k < kBlock; ++k) {
                        y[k] = static_cast<uint8_t>(quantized_mul(a[k], b[k], args.params));
                      }
                      output = std::copy_n(y, count, output);
                    }
                  });
}

}  // namespace lowbit::kernels
