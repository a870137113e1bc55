#include <limits>

#include "kernels/kernels.h"
#include "kernels/pool/taps.h"
#include "kernels/simd_tail.h"
#include "kernels/simd_u8.h"

namespace lowbit::kernels {

namespace {

// visit(channel's first tap) for every tap, in row-major order.
template <class T, class Visit>
inline void for_each_tap(const Taps<T>& taps, int32_t channel, Visit visit) {
  const T* row = taps.first + channel;
  for (int32_t ky = 0; ky < taps.rows; ++ky, row += taps.row_step) {
    const T* tap = row;
    for (int32_t kx = 0; kx < taps.columns; ++kx, tap += taps.column_step) visit(tap);
  }
}

// Stores the vector of the channels from c on, or the part of it that the image has.
template <class T>
inline void store_channels(T* output, int32_t c, int32_t channels, v128_t values) {
  const int32_t bytes = (channels - c) * static_cast<int32_t>(sizeof(T));
  if (bytes >= 16) {
    wasm_v128_store(output + c, values);
  } else {
    store_first_bytes(output + c, values, bytes);
  }
}

// What an average divides by.
template <class Args, class T>
inline int32_t tap_count(const Args& args, const Taps<T>& taps, int32_t oy, int32_t ox) {
  if (!args.count_include_pad) return std::max(taps.rows * taps.columns, 1);
  const Window& w = args.window;
  const int32_t padded_h = w.pad_top + w.input_h + args.pad_bottom;
  const int32_t padded_w = w.pad_left + w.input_w + args.pad_right;
  return std::max(taps_inside(oy * w.stride_h, w.dilation_h, w.kernel_h, padded_h).count() *
                      taps_inside(ox * w.stride_w, w.dilation_w, w.kernel_w, padded_w).count(),
                  1);
}

}  // namespace

void max_pool_f32__simd128(const MaxPoolF32& args) {
  const int32_t channels = args.window.channels;
  for_each_window(args.window, args.input, args.output,
                  [=](const Taps<float>& taps, int32_t, int32_t, float* output) {
                    for (int32_t c = 0; c < channels; c += 4) {
                      v128_t best = wasm_f32x4_splat(-std::numeric_limits<float>::infinity());
                      for_each_tap(taps, c, [&](const float* tap) {
                        best = wasm_f32x4_pmax(best, wasm_v128_load(tap));
                      });
                      store_channels(output, c, channels, best);
                    }
                  });
}

void max_pool_u8__simd128(const MaxPoolU8& args) {
  const int32_t channels = args.window.channels;
  for_each_window(args.window, args.input, args.output,
                  [=](const Taps<uint8_t>& taps, int32_t, int32_t, uint8_t* output) {
                    for (int32_t c = 0; c < channels; c += 16) {
                      v128_t best = wasm_i8x16_splat(0);
                      for_each_tap(taps, c, [&](const uint8_t* tap) {
                        best = wasm_u8x16_max(best, wasm_v128_load(tap));
                      });
                      store_channels(output, c, channels, best);
                    }
                  });
}

void average_pool_f32__simd128(const AveragePoolF32& args) {
  const int32_t channels = args.window.channels;
  for_each_window(
      args.window, args.input, args.output,
      [&](const Taps<float>& taps, int32_t oy, int32_t ox, float* output) {
        const v128_t count = wasm_f32x4_splat(static_cast<float>(tap_count(args, taps, oy, ox)));
        for (int32_t c = 0; c < channels; c += 4) {
          v128_t sum = wasm_f32x4_splat(0.0f);
          for_each_tap(taps, c,
                       [&](const float* tap) { sum = wasm_f32x4_add(sum, wasm_v128_load(tap)); });
          store_channels(output, c, channels, wasm_f32x4_div(sum, count));
        }
      });
}

void average_pool_u8__simd128(const AveragePoolU8& args) {
  const AveragePoolParams& p = args.params;
  const int32_t channels = args.window.channels;
  const CenterU8 center(p.input_zero_point);
  const v128_t input_scale = wasm_f32x4_splat(p.input_scale);
  const v128_t output_scale = wasm_f32x4_splat(p.output_scale);
  const v128_t output_zero = wasm_f32x4_splat(static_cast<float>(p.output_zero_point));
  const SaturateU8 saturate(0, p.qmin, p.qmax);
  for_each_window(
      args.window, args.input, args.output,
      [&](const Taps<uint8_t>& taps, int32_t oy, int32_t ox, uint8_t* output) {
        const v128_t count = wasm_f32x4_splat(static_cast<float>(tap_count(args, taps, oy, ox)));
        for (int32_t c = 0; c < channels; c += 16) {
          F32x16 sum{};
          for_each_tap(taps, c, [&](const uint8_t* tap) {
            const F32x16 x = center.f32x16(wasm_v128_load(tap));
            for (int i = 0; i < 4; ++i) {
              sum.lanes[i] = wasm_f32x4_add(sum.lanes[i], wasm_f32x4_mul(input_scale, x.lanes[i]));
            }
          });
          for (v128_t& lanes : sum.lanes) {
            const v128_t average = wasm_f32x4_div(lanes, count);
            lanes = wasm_f32x4_add(wasm_f32x4_div(average, output_scale), output_zero);
          }
          store_channels(output, c, channels, saturate.u8x16(sum));
        }
      });
}

void global_average_pool_u8__simd128(const GlobalAveragePoolU8& args) {
  // So many bytes can be added in 16 bits.
  constexpr int32_t kPixelsIn16Bits = 257;
  const AveragePoolParams& p = args.params;
  const int32_t channels = args.channels;
  const v128_t zero_sum = wasm_i32x4_splat(args.pixels * p.input_zero_point);
  const v128_t multiplier = wasm_f32x4_splat(global_average_multiplier(args.pixels, p));
  const SaturateU8 saturate(p.output_zero_point, p.qmin, p.qmax);
  for (int32_t n = 0; n < args.batch; ++n) {
    const uint8_t* image = args.input + int64_t{n} * args.pixels * channels;
    for (int32_t c = 0; c < channels; c += 16) {
      v128_t sum[4] = {};
      const uint8_t* pixel = image + c;
      for (int32_t begin = 0; begin < args.pixels; begin += kPixelsIn16Bits) {
        const int32_t end = std::min(begin + kPixelsIn16Bits, args.pixels);
        v128_t low = wasm_i16x8_splat(0);
        v128_t high = wasm_i16x8_splat(0);
        for (int32_t i = begin; i < end; ++i, pixel += channels) {
          const v128_t x = wasm_v128_load(pixel);
          low = wasm_i16x8_add(low, wasm_u16x8_extend_low_u8x16(x));
          high = wasm_i16x8_add(high, wasm_u16x8_extend_high_u8x16(x));
        }
        sum[0] = wasm_i32x4_add(sum[0], wasm_u32x4_extend_low_u16x8(low));
        sum[1] = wasm_i32x4_add(sum[1], wasm_u32x4_extend_high_u16x8(low));
        sum[2] = wasm_i32x4_add(sum[2], wasm_u32x4_extend_low_u16x8(high));
        sum[3] = wasm_i32x4_add(sum[3], wasm_u32x4_extend_high_u16x8(high));
      }
      F32x16 scaled;
      for (int i = 0; i < 4; ++i) {
        const v128_t centered = wasm_f32x4_convert_i32x4(wasm_i32x4_sub(sum[i], zero_sum));
        scaled.lanes[i] = wasm_f32x4_mul(centered, multiplier);
      }
      store_channels(args.output + int64_t{n} * channels, c, channels, saturate.u8x16(scaled));
    }
  }
}

}  // namespace lowbit::kernels
