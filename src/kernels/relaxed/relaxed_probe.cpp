#include <array>
#include <cstdint>

#include "kernels/probe.h"
#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {
namespace {

using Bytes = std::array<uint8_t, 16>;
using Sums = std::array<int32_t, 4>;

struct Vectors {
  Bytes a;  // int8, the first operand
  Bytes b;  // int8 or uint8, the second
  Sums sums;
};

// A vector whose bytes take turns: x, y, x, y, ...
constexpr Bytes turns(int x, int y) {
  Bytes bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i % 2 == 0 ? x : y);
  return bytes;
}

constexpr Sums kSums = {1, -7, 1000000, -2000000000};

// Products with the largest pairs, and with pairs that end just within int16 (127 * 255 + 1 * 255).
constexpr Vectors kVectors[] = {
    {turns(-128, -128), turns(255, 255), kSums}, {turns(-128, -128), turns(128, 128), kSums},
    {turns(127, 127), turns(255, 255), kSums},   {turns(127, -128), turns(255, 128), kSums},
    {turns(-128, 127), turns(127, 200), kSums},  {turns(127, 1), turns(255, 255), kSums},
    {turns(3, -5), turns(127, 127), kSums},      {turns(127, 127), turns(127, 127), kSums},
};

v128_t load(const Bytes& bytes) { return wasm_v128_load(bytes.data()); }

int32_t first_as_int8(const Vectors& v, size_t i) { return static_cast<int8_t>(v.a[i]); }

using Dot = v128_t (*)(v128_t, v128_t, v128_t);

template <class Other, Dot dot>
bool is_exact(const Vectors& v) {
  Sums expected = v.sums;
  for (size_t i = 0; i < 16; ++i) {
    expected[i / 4] += first_as_int8(v, i) * static_cast<Other>(v.b[i]);
  }
  Sums sums;
  wasm_v128_store(sums.data(), dot(load(v.a), load(v.b), wasm_v128_load(v.sums.data())));
  return sums == expected;
}

bool are_pairs_exact(const Vectors& v) {
  alignas(16) int16_t pairs[8];
  wasm_v128_store(pairs, relaxed_dot_pairs(load(v.a), load(v.b)));
  for (size_t i = 0; i < 8; ++i) {
    const int32_t sum =
        first_as_int8(v, 2 * i) * v.b[2 * i] + first_as_int8(v, 2 * i + 1) * v.b[2 * i + 1];
    if (sum == static_cast<int16_t>(sum) && pairs[i] != sum) return false;
  }
  return true;
}

bool all_vectors(bool (*is_right)(const Vectors&)) {
  for (const Vectors& v : kVectors) {
    if (!is_right(v)) return false;
  }
  return true;
}

}  // namespace

bool computes_exactly(Tier tier) {
  switch (tier) {
    case Tier::kRelaxedU:
      return all_vectors(is_exact<uint8_t, relaxed_dot_u>);
    case Tier::kRelaxedS:
      return all_vectors(is_exact<int8_t, relaxed_dot_s>);
    case Tier::kRelaxedP:
      return all_vectors(are_pairs_exact);
    default:
      return true;
  }
}

Tier probe_tier() {
  for (const Tier tier : {Tier::kRelaxedU, Tier::kRelaxedS, Tier::kRelaxedP}) {
    if (computes_exactly(tier)) return tier;
  }
  return Tier::kRelaxed;
}

}  // namespace lowbit::kernels
