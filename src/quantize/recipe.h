// How to quantize: plain data, the same in C++, TypeScript, the command line and the page.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "quantize/observer.h"

namespace lowbit {

// One scale for the whole tensor, for each output channel, or for each group of 32, 64 or 128
// weights of a channel along the reduction.
enum class Granularity : uint8_t { kPerTensor, kPerChannel, kGroup32, kGroup64, kGroup128 };

// 0 for those that are no groups.
constexpr int64_t group_size(Granularity granularity) {
  switch (granularity) {
    case Granularity::kGroup32:
      return 32;
    case Granularity::kGroup64:
      return 64;
    case Granularity::kGroup128:
      return 128;
    default:
      return 0;
  }
}

// The largest weight decides about the scale, or the least mean squared error.
enum class Clipping : uint8_t { kMax, kMse };

enum class Rounding : uint8_t { kNearest, kAdaround, kGptq };

struct WeightRecipe {
  int bits = 8;  // 2 to 8; products hold those of 4 or fewer two in a byte
  Granularity granularity = Granularity::kPerChannel;
  Clipping clipping = Clipping::kMax;
  Rounding rounding = Rounding::kNearest;

  bool operator==(const WeightRecipe&) const = default;
};

// Activations that stay float32.
inline constexpr int kFloatBits = 32;

struct ActivationRecipe {
  int bits = 8;            // 2 to 8, or kFloatBits
  bool symmetric = false;  // the zero point in the middle of the range
  Observer observer = Observer::kMinMax;
  double percentile = kDefaultPercentile;  // of Observer::kPercentile; above 50, at most 100

  bool operator==(const ActivationRecipe&) const = default;
};

// What one layer has of its own.
struct LayerRecipe {
  std::optional<WeightRecipe> weights;
  std::optional<ActivationRecipe> activations;  // of the layer's output
  bool is_float = false;                        // the layer stays FP32

  bool operator==(const LayerRecipe&) const = default;
};

struct Recipe {
  WeightRecipe weights;
  ActivationRecipe activations;
  bool equalize = false;
  bool correct_bias = false;
  uint32_t seed = 0;                          // of algorithms that draw random numbers
  std::map<std::string, LayerRecipe> layers;  // by the node's name

  const WeightRecipe& weights_of(const std::string& layer) const;
  const ActivationRecipe& activations_of(const std::string& layer) const;

  bool operator==(const Recipe&) const = default;
};

// Errors: kInvalidArgument; `where` is the path of the field, "layers.conv1.weights.bits".
Status validate_recipe(const Recipe& recipe);

}  // namespace lowbit
