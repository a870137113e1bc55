// The relaxed-SIMD instructions that the relaxed kernels use, each under the name of what the
// kernel relies on.
//
// The standard leaves their results to the machine: whether a multiply-add rounds once or twice,
// and what a dot product is when its second operand leaves 0..127. Natively each is emulated as the
// machines that its name stands for compute it, so that every class of machine can be tested on
// any. Source: WebAssembly relaxed-simd proposal, https://github.com/WebAssembly/relaxed-simd.

#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/simd.h"

namespace lowbit::kernels {

// To load and splat before a loop. In memory, for the reason of kRoundingShift in simd_u8.h: made
// anew in each step, a vector of ones made class P half as slow again.
extern const int16_t kPairOne;
extern const uint8_t kSignBit;

#ifdef __EMSCRIPTEN__

// a * b + c in four floats, rounded once or twice.
inline v128_t relaxed_madd(v128_t a, v128_t b, v128_t c) {
  return wasm_f32x4_relaxed_madd(a, b, c);
}

// sum[i] + the four products signed[4i + j] * other[4i + j], exactly. Class U: `other` is uint8.
inline v128_t relaxed_dot_u(v128_t signed_bytes, v128_t unsigned_bytes, v128_t sum) {
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(signed_bytes, unsigned_bytes, sum);
}

// Class S: `other` is int8.
inline v128_t relaxed_dot_s(v128_t signed_bytes, v128_t other_signed_bytes, v128_t sum) {
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(signed_bytes, other_signed_bytes, sum);
}

// Class P: the two products signed[2i + j] * unsigned[2i + j] in eight int16, exactly while their
// sum is one.
inline v128_t relaxed_dot_pairs(v128_t signed_bytes, v128_t unsigned_bytes) {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(signed_bytes, unsigned_bytes);
}

#else

inline v128_t relaxed_madd(v128_t a, v128_t b, v128_t c) {
  return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
}

template <class Other>
v128_t emulate_relaxed_dot(v128_t signed_bytes, v128_t other_bytes, v128_t sum) {
  alignas(16) int8_t a[16];
  alignas(16) Other b[16];
  alignas(16) int32_t c[4];
  wasm_v128_store(a, signed_bytes);
  wasm_v128_store(b, other_bytes);
  wasm_v128_store(c, sum);
  for (int i = 0; i < 16; ++i) c[i / 4] += a[i] * b[i];
  return wasm_v128_load(c);
}

inline v128_t relaxed_dot_u(v128_t signed_bytes, v128_t unsigned_bytes, v128_t sum) {
  return emulate_relaxed_dot<uint8_t>(signed_bytes, unsigned_bytes, sum);
}

inline v128_t relaxed_dot_s(v128_t signed_bytes, v128_t other_signed_bytes, v128_t sum) {
  return emulate_relaxed_dot<int8_t>(signed_bytes, other_signed_bytes, sum);
}

inline v128_t relaxed_dot_pairs(v128_t signed_bytes, v128_t unsigned_bytes) {
  alignas(16) int8_t a[16];
  alignas(16) uint8_t b[16];
  alignas(16) int16_t pairs[8];
  wasm_v128_store(a, signed_bytes);
  wasm_v128_store(b, unsigned_bytes);
  for (int i = 0; i < 8; ++i) {
    const int32_t sum = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    pairs[i] = static_cast<int16_t>(std::clamp(sum, INT16_MIN, INT16_MAX));
  }
  return wasm_v128_load(pairs);
}

#endif

}  // namespace lowbit::kernels
