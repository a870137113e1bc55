// Functions of one value, y = f(x): which there are (qmath/unary.inc) and what they depend on. On
// integers each is a table of 256 bytes,
//
//   table[q] = quantize(f(dequantize(q; Sx, Zx)); Sy, Zy)
//
// with f in float32 by the formulas of qmath/unary_functions.h, whose bits are the same everywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lowbit {

enum class UnaryFunction : uint8_t {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) k##name,
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
  kGeluTanh,  // Gelu with tanh instead of erf
};

struct UnaryParameters {
  float alpha = 0;
  float beta = 0;
  bool operator==(const UnaryParameters&) const = default;
};

struct UnaryInfo {
  int64_t opset;
  std::string_view alpha_name;  // empty: there is no such attribute
  float alpha;
  std::string_view beta_name;
  float beta;
};

inline constexpr UnaryInfo kUnaryInfo[] = {
#define LOWBIT_UNARY(name, opset, first, alpha, second, beta) {opset, first, alpha, second, beta},
#include "qmath/unary.inc"
#undef LOWBIT_UNARY
};

constexpr const UnaryInfo& unary_info(UnaryFunction function) {
  return kUnaryInfo[static_cast<size_t>(function)];
}

}  // namespace lowbit
