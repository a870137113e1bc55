// A recipe as JSON text, version 1, in which everything may be left out:
//
//   {
//     "version": 1,
//     "weights": {
//       "bits": 2 to 8, "granularity": "tensor", "channel", "group:32", "group:64" or "group:128",
//       "clipping": "max" or "mse", "rounding": "nearest", "adaround" or "gptq" },
//     "activations": {
//       "bits": 2 to 8 or "float", "symmetric": false, "percentile": 99.99,
//       "observer": "minmax", "moving-average", "percentile", "mse" or "entropy" },
//     "equalize": false, "correctBias": false, "seed": 0,
//     "layers": { "<node>": { "weights": {}, "activations": {}, "precision": "float" } }
//   }
//
// What a layer leaves out of its own weights and activations is as for all layers.
#pragma once

#include <string>
#include <string_view>

#include "quantize/recipe.h"

namespace lowbit {

// In the order of the enumeration.
inline constexpr std::string_view kObserverNames[kObserverCount] = {"minmax", "moving-average",
                                                                    "percentile", "mse", "entropy"};

// Errors: kInvalidArgument; `where` is the field, "layers.conv1.weights.bits", or the byte at which
// the text is no JSON.
Result<Recipe> read_recipe(std::string_view text);

// With every field; what read_recipe() reads back as `recipe`, which must be valid.
std::string write_recipe(const Recipe& recipe);

// With the fields that differ from an empty recipe's, and the version: what read_recipe() reads
// back likewise.
std::string write_short_recipe(const Recipe& recipe);

}  // namespace lowbit
