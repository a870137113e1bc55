// From one element type to another (ONNX Cast, whose corners are chosen here: they are the same on
// every machine).
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace lowbit {

// To bool: whether it is not 0. From float32 to an integer: without its fraction, clamped to what
// the integer holds, NaN to 0. From a wider integer: the low bits.
template <class To, class From>
To cast(From x) {
  if constexpr (std::is_same_v<To, bool>) {
    return x != From{};
  } else if constexpr (std::is_same_v<From, float> && std::is_integral_v<To>) {
    // The bounds as floats: the upper one may be rounded up, out of the range of To.
    constexpr auto kLow = static_cast<float>(std::numeric_limits<To>::min());
    constexpr auto kHigh = static_cast<float>(std::numeric_limits<To>::max());
    if (!(x > kLow)) return x <= kLow ? std::numeric_limits<To>::min() : To{};
    if (x >= kHigh) return std::numeric_limits<To>::max();
    return static_cast<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

// The float16 nearest to x, ties to even (IEEE 754 binary16), as a float32.
inline float round_to_half(float x) {
  constexpr float kOverflow = 65520.0f;  // half way between the largest float16 and the next
  if (!(std::abs(x) < kOverflow)) {
    return std::isnan(x) ? x : std::copysign(std::numeric_limits<float>::infinity(), x);
  }
  constexpr int kMinExponent = -14;
  constexpr int kFractionBits = 10;
  int exponent = 0;
  std::frexp(x, &exponent);  // |x| < 2^exponent
  const int unit = (exponent - 1 > kMinExponent ? exponent - 1 : kMinExponent) - kFractionBits;
  return std::ldexp(std::nearbyint(std::ldexp(x, -unit)), unit);
}

}  // namespace lowbit
