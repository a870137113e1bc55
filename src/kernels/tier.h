// The instruction sets that every kernel is written for.
#pragma once

#include <cstdint>
#include <string_view>

namespace lowbit {

enum class Tier : uint8_t {
  kReference,  // plain loops, never vectorized: the oracle, and "what if there were no SIMD"
  kSimd128,    // WebAssembly SIMD128; natively the same source through SIMDe
};

constexpr std::string_view tier_name(Tier tier) {
  return tier == Tier::kReference ? "reference" : "simd128";
}

}  // namespace lowbit
