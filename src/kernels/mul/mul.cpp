#include "kernels/mul/mul.h"

#include <algorithm>

#include "kernels/binary/rows.h"
#include "kernels/simd_tail.h"
#include "kernels/simd_u8.h"

namespace lowbit::kernels {

namespace {

constexpr int64_t kBlock = 64;

// A row of an operand.
struct Operand {
  const uint8_t* data = nullptr;
  int64_t step = 1;
  const CenterU8* center = nullptr;
};

class RowMultiplier {
 public:
  explicit RowMultiplier(const MulParams& params)
      : ratio_(wasm_f32x4_splat(params.ratio)),
        output_zero_(wasm_f32x4_splat(static_cast<float>(params.output_zero_point))),
        saturate_(0, params.qmin, params.qmax) {}

  void multiply(Operand a, Operand b, int64_t count, uint8_t* output) const {
    if (a.step == 1 && b.step == 1) return multiply_dense(a, b, count, output);
    uint8_t gathered[2][kBlock];
    for (int64_t first = 0; first < count; first += kBlock) {
      const int64_t length = std::min(kBlock, count - first);
      Operand blocks[2] = {a, b};
      for (size_t k = 0; k < 2; ++k) {
        const uint8_t* const from = blocks[k].data + first * blocks[k].step;
        for (int64_t i = 0; i < length; ++i) gathered[k][i] = from[i * blocks[k].step];
        blocks[k].data = gathered[k];
      }
      multiply_dense(blocks[0], blocks[1], length, output + first);
    }
  }

 private:
  // Products of integers are exact in float32, as they stay below 2^16.
  v128_t product(const F32x16& x, const F32x16& y) const {
    F32x16 scaled;
    for (int i = 0; i < 4; ++i) {
      const v128_t real = wasm_f32x4_mul(wasm_f32x4_mul(x.lanes[i], y.lanes[i]), ratio_);
      scaled.lanes[i] = wasm_f32x4_add(real, output_zero_);
    }
    return saturate_.u8x16(scaled);
  }

  void multiply_dense(const Operand& a, const Operand& b, int64_t count, uint8_t* output) const {
    for_each_block<16>(
        count,
        [&](const uint8_t* x, const uint8_t* y, uint8_t* to) {
          wasm_v128_store(to, product(a.center->f32x16(wasm_v128_load(x)),
                                      b.center->f32x16(wasm_v128_load(y))));
        },
        output, a.data, b.data);
  }

  v128_t ratio_;
  v128_t output_zero_;
  SaturateU8 saturate_;
};

}  // namespace

void mul_u8(const MulU8& args) {
  const CenterU8 center_a(args.params.a_zero_point);
  const CenterU8 center_b(args.params.b_zero_point);
  const RowMultiplier multiplier(args.params);
  uint8_t* output = args.output;
  for_each_row<2>(
      args.dims, {&args.a_strides, &args.b_strides}, [&](const RowOf<2>& row, int64_t columns) {
        multiplier.multiply({args.a + row.offsets[0], row.steps[0], &center_a},
                            {args.b + row.offsets[1], row.steps[1], &center_b}, columns, output);
        output += columns;
      });
}

}  // namespace lowbit::kernels
