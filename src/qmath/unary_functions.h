// The formulas of qmath/unary.inc in float32 (ONNX operator specification), in the order written
// and with no fused multiply-add: the same bits on every machine, which the functions of a C
// library are not. None has a branch, so that a loop over one becomes SIMD. NaN stays NaN.
//
// Each is within 4 ulp of the exact value; HardSigmoid, HardSwish, Mish and Gelu, where a result
// near 0 comes from rounded numbers that are not, within 2^-23 |x| besides
// (tests/unit/qmath/unary_functions_test.cpp).
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "qmath/exp_f32.h"
#include "qmath/log_f32.h"
#include "qmath/unary.h"

namespace lowbit {

template <UnaryFunction function>
float unary(float x, UnaryParameters p);

// The sign of x for y >= 0; LLVM has no vector form of copysign for WebAssembly.
inline float signed_as(float x, float y) {
  return std::bit_cast<float>(std::bit_cast<uint32_t>(y) |
                              (std::bit_cast<uint32_t>(x) & 0x80000000u));
}

template <>
inline float unary<UnaryFunction::kSigmoid>(float x, UnaryParameters) {
  const float e = exp_nonpositive_f32(-std::abs(x));
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

template <>
inline float unary<UnaryFunction::kTanh>(float x, UnaryParameters) {
  const float m = expm1_nonpositive_f32(-2.0f * std::abs(x));
  return signed_as(x, std::abs(m) / (2.0f + m));
}

template <>
inline float unary<UnaryFunction::kLeakyRelu>(float x, UnaryParameters p) {
  return x < 0.0f ? p.alpha * x : x;
}

template <>
inline float unary<UnaryFunction::kElu>(float x, UnaryParameters p) {
  const float negative = p.alpha * expm1_nonpositive_f32(x < 0.0f ? x : 0.0f);
  return x < 0.0f ? negative : x;
}

template <>
inline float unary<UnaryFunction::kSelu>(float x, UnaryParameters p) {
  return p.beta * unary<UnaryFunction::kElu>(x, p);
}

template <>
inline float unary<UnaryFunction::kHardSigmoid>(float x, UnaryParameters p) {
  const float y = p.alpha * x + p.beta;
  const float positive = y < 0.0f ? 0.0f : y;
  return positive > 1.0f ? 1.0f : positive;
}

template <>
inline float unary<UnaryFunction::kHardSwish>(float x, UnaryParameters) {
  return x * unary<UnaryFunction::kHardSigmoid>(x, {.alpha = 1.0f / 6, .beta = 0.5f});
}

// log(1 + e) = 2 artanh(s), s = e / (2 + e) <= 1/3; the series to s^15 leaves less than 2e-9 of it.
template <>
inline float unary<UnaryFunction::kSoftplus>(float x, UnaryParameters) {
  const float e = exp_nonpositive_f32(-std::abs(x));
  const float s = e / (2.0f + e);
  const float s2 = s * s;
  const float high = 1.0f / 9 + s2 * (1.0f / 11 + s2 * (1.0f / 13 + s2 * (1.0f / 15)));
  const float series = s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * (1.0f / 7 + s2 * high)));
  return (x > 0.0f ? x : 0.0f) + 2.0f * (s + s * series);
}

template <>
inline float unary<UnaryFunction::kSoftsign>(float x, UnaryParameters) {
  return x / (1.0f + std::abs(x));
}

// tanh(log(1 + e^x)) = n / (n + 2), n = e^x (e^x + 2); for positive x both multiplied by e^-2x.
template <>
inline float unary<UnaryFunction::kMish>(float x, UnaryParameters) {
  const float e = exp_nonpositive_f32(-std::abs(x));
  const float n = x < 0.0f ? e * (e + 2.0f) : 1.0f + 2.0f * e;
  return x * (n / (n + 2.0f * (x < 0.0f ? 1.0f : e * e)));
}

// erf(a) / a for 0 <= a < 1/2: its Taylor series to a^12.
constexpr float erf_series(float a) {
  constexpr float kTwoOverSqrtPi = 1.12837917f;
  const float a2 = a * a;
  const float high = 1.0f / 216 - a2 * (1.0f / 1320 - a2 * (1.0f / 9360));
  return kTwoOverSqrtPi *
         (1.0f - a2 * (1.0f / 3 - a2 * (1.0f / 10 - a2 * (1.0f / 42 - a2 * high))));
}

// erfc(a) for a >= 1/2: exp(-a^2) t P(t), t = 1 / (a + 3/2), the form of Hastings 1955 (Abramowitz
// and Stegun 1964, 7.1.26). P is the Chebyshev expansion of degree 9 on 2/22 <= t <= 1/2; its
// relative error is below 7e-9.
constexpr float erfc_tail(float a) {
  constexpr float kP[] = {0.564203891f, 0.845657502f, 0.998785833f, 0.522366548f, 0.0927925886f,
                          -3.77802016f, -1.64700646f, 17.0696322f,  -21.3297317f, 8.8661021f};
  const float t = 1.0f / (a + 1.5f);
  float series = kP[9];
  for (int i = 8; i >= 0; --i) series = kP[i] + t * series;
  return exp_nonpositive_f32(-(a * a)) * (t * series);
}

template <>
inline float unary<UnaryFunction::kErf>(float x, UnaryParameters) {
  const float a = std::abs(x);
  return signed_as(x, a < 0.5f ? a * erf_series(a) : 1.0f - erfc_tail(a));
}

// x times the normal distribution, 1/2 erfc(-x / sqrt(2)) (Hendrycks and Gimpel 2016).
template <>
inline float unary<UnaryFunction::kGelu>(float x, UnaryParameters) {
  const float a = 0.707106781f * std::abs(x);
  const float half = 0.5f * (a < 0.5f ? 1.0f - a * erf_series(a) : erfc_tail(a));
  return x * (x < 0.0f ? half : 1.0f - half);
}

// With that distribution taken to be the sigmoid of 2 sqrt(2 / pi) (x + 0.044715 x^3), section 2
// there, in the form with tanh.
template <>
inline float unary<UnaryFunction::kGeluTanh>(float x, UnaryParameters) {
  const float u = 1.59576912f * (x + 0.044715f * (x * x * x));
  return x * unary<UnaryFunction::kSigmoid>(u, {});
}

template <>
inline float unary<UnaryFunction::kSqrt>(float x, UnaryParameters) {
  return std::sqrt(x);
}

template <>
inline float unary<UnaryFunction::kExp>(float x, UnaryParameters) {
  return exp_f32(x);
}

template <>
inline float unary<UnaryFunction::kLog>(float x, UnaryParameters) {
  return log_f32(x);
}

template <>
inline float unary<UnaryFunction::kNeg>(float x, UnaryParameters) {
  return -x;
}

template <>
inline float unary<UnaryFunction::kAbs>(float x, UnaryParameters) {
  return std::abs(x);
}

template <>
inline float unary<UnaryFunction::kReciprocal>(float x, UnaryParameters) {
  return 1.0f / x;
}

template <>
inline float unary<UnaryFunction::kFloor>(float x, UnaryParameters) {
  return std::floor(x);
}

template <>
inline float unary<UnaryFunction::kCeil>(float x, UnaryParameters) {
  return std::ceil(x);
}

// Half to even, which is the rounding mode that nobody changes.
template <>
inline float unary<UnaryFunction::kRound>(float x, UnaryParameters) {
  return std::nearbyint(x);
}

template <>
inline float unary<UnaryFunction::kSign>(float x, UnaryParameters) {
  return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
}

inline float evaluate(UnaryFunction function, float x, UnaryParameters p) {
  switch (function) {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) \
  case UnaryFunction::k##name:                                \
    return unary<UnaryFunction::k##name>(x, p);
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
    case UnaryFunction::kGeluTanh:
      break;
  }
  return unary<UnaryFunction::kGeluTanh>(x, p);
}

}  // namespace lowbit
