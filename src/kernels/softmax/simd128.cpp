#include <limits>

#include "kernels/kernels.h"
#include "kernels/simd_tail.h"
#include "kernels/simd_u8.h"

namespace lowbit::kernels {

namespace {

// e^x for x <= 0: 2^k * e^r with k = rne(x / ln 2) and |r| <= ln 2 / 2. ln 2 is split (Cody and
// Waite, 1980), its high part so short that k * kLn2High is exact. The Taylor series of e^r to r^7
// leaves r^8 / 8! < 5.3e-9. Below ln 2^-126 the answer is 0; NaN stays NaN.
v128_t exp_nonpositive_f32x4(v128_t x) {
  constexpr float kLn2High = 0x1.63p-1f;
  constexpr float kLn2Low = -0x1.bd0106p-13f;
  const v128_t k = wasm_f32x4_nearest(wasm_f32x4_mul(x, wasm_f32x4_splat(1.44269504f)));
  v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(k, wasm_f32x4_splat(kLn2High)));
  r = wasm_f32x4_sub(r, wasm_f32x4_mul(k, wasm_f32x4_splat(kLn2Low)));
  constexpr float kInverseFactorial[] = {1.0f,      1.0f,       1.0f / 2,   1.0f / 6,
                                         1.0f / 24, 1.0f / 120, 1.0f / 720, 1.0f / 5040};
  v128_t series = wasm_f32x4_splat(kInverseFactorial[7]);
  for (int n = 6; n >= 0; --n) {
    series = wasm_f32x4_add(wasm_f32x4_mul(series, r), wasm_f32x4_splat(kInverseFactorial[n]));
  }
  const v128_t exponent = wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(k), wasm_i32x4_splat(127));
  const v128_t y = wasm_f32x4_mul(series, wasm_i32x4_shl(exponent, 23));
  return wasm_v128_andnot(y, wasm_f32x4_lt(x, wasm_f32x4_splat(-87.3365448f)));
}

// Up to four values; -inf, which adds nothing to a softmax, for those beyond the row's end.
v128_t load_up_to_4(const float* x, int32_t count) {
  if (count >= 4) return wasm_v128_load(x);
  constexpr float kNone = -std::numeric_limits<float>::infinity();
  const float values[4] = {x[0], count > 1 ? x[1] : kNone, count > 2 ? x[2] : kNone, kNone};
  return wasm_v128_load(values);
}

void store_up_to_4(float* y, v128_t values, int32_t count) {
  if (count >= 4) {
    wasm_v128_store(y, values);
  } else {
    store_first_bytes(y, values, 4 * count);
  }
}

float largest_lane(v128_t x) {
  const v128_t pairs = wasm_f32x4_pmax(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(
      wasm_f32x4_pmax(pairs, wasm_i32x4_shuffle(pairs, pairs, 1, 0, 3, 2)), 0);
}

float sum_of_lanes(v128_t x) {
  const v128_t pairs = wasm_f32x4_add(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
  return wasm_f32x4_extract_lane(pairs, 0) + wasm_f32x4_extract_lane(pairs, 1);
}

}  // namespace

void softmax_f32__simd128(const SoftmaxF32& args) {
  const int32_t columns = args.columns;
  for (int64_t row = 0; row < args.rows; ++row) {
    const float* x = args.input + row * columns;
    float* y = args.output + row * columns;
    v128_t maxima = wasm_f32x4_splat(-std::numeric_limits<float>::infinity());
    for (int32_t i = 0; i < columns; i += 4) {
      maxima = wasm_f32x4_pmax(maxima, load_up_to_4(x + i, columns - i));
    }
    const v128_t max = wasm_f32x4_splat(largest_lane(maxima));
    v128_t sums = wasm_f32x4_splat(0.0f);
    for (int32_t i = 0; i < columns; i += 4) {
      const v128_t shifted = wasm_f32x4_sub(load_up_to_4(x + i, columns - i), max);
      const v128_t e = exp_nonpositive_f32x4(shifted);
      sums = wasm_f32x4_add(sums, e);
      store_up_to_4(y + i, e, columns - i);
    }
    const v128_t sum = wasm_f32x4_splat(sum_of_lanes(sums));
    for (int32_t i = 0; i < columns; i += 4) {
      const v128_t e = load_up_to_4(y + i, columns - i);
      store_up_to_4(y + i, wasm_f32x4_div(e, sum), columns - i);
    }
  }
}

void softmax_u8__simd128(const SoftmaxU8& args) {
  const SoftmaxParams& p = args.params;
  const v128_t output_scale = wasm_f32x4_splat(p.output_scale);
  const SaturateU8 saturate(p.output_zero_point, p.qmin, p.qmax);
  for (int64_t n = 0; n < args.rows; ++n) {
    const uint8_t* x = args.input + n * args.columns;
    // One value after the other: the law fixes the order of the float32 sum.
    const SoftmaxRow row = softmax_row({x, static_cast<size_t>(args.columns)}, p.table);
    const v128_t sum = wasm_f32x4_splat(row.sum);
    for_each_block<16>(
        args.columns,
        [&](const uint8_t* input, uint8_t* output) {
          F32x16 e;
          for (int i = 0; i < 4; ++i) {
            const uint8_t* q = input + 4 * i;
            const v128_t exponentials =
                wasm_f32x4_make(row.exponentials[q[0]], row.exponentials[q[1]],
                                row.exponentials[q[2]], row.exponentials[q[3]]);
            e.lanes[i] = wasm_f32x4_div(wasm_f32x4_div(exponentials, sum), output_scale);
          }
          wasm_v128_store(output, saturate.u8x16(e));
        },
        args.output + n * args.columns, x);
  }
}

}  // namespace lowbit::kernels
