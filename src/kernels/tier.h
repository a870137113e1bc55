// The instruction sets that every kernel is written for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

namespace lowbit {

// The relaxed tiers differ in what the machine's relaxed dot product computes (kernels/probe.h) and
// thus in the integer kernels; their float kernels are the same.
enum class Tier : uint8_t {
  kReference,  // plain loops, never vectorized: the oracle, and "what if there were no SIMD"
  kSimd128,    // WebAssembly SIMD128; natively the same source through SIMDe
  kRelaxed,    // relaxed SIMD for floats; integers as in simd128
  kRelaxedU,   // dot products of signed by unsigned bytes are exact
  kRelaxedS,   // dot products of signed by signed bytes are exact
  kRelaxedP,   // dot products of signed by unsigned bytes are exact while no pair leaves int16
};

inline constexpr std::string_view kTierNames[] = {"reference", "simd128",   "relaxed",
                                                  "relaxed_u", "relaxed_s", "relaxed_p"};

constexpr std::string_view tier_name(Tier tier) { return kTierNames[static_cast<size_t>(tier)]; }

// The tier of that name, or none.
constexpr std::optional<Tier> find_tier(std::string_view name) {
  for (size_t i = 0; i < std::size(kTierNames); ++i) {
    if (kTierNames[i] == name) return static_cast<Tier>(i);
  }
  return std::nullopt;
}

}  // namespace lowbit
