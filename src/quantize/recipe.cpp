#include "quantize/recipe.h"

namespace lowbit {

namespace {

Status check_weights(const WeightRecipe& weights, const std::string& path) {
  if (weights.bits >= 2 && weights.bits <= 8) return success();
  return make_error(ErrorCode::kInvalidArgument, "weights have 2 to 8 bits",
                    format_text("{}weights.bits", path));
}

Status check_activations(const ActivationRecipe& activations, const std::string& path) {
  const int bits = activations.bits;
  if ((bits < 2 || bits > 8) && bits != kFloatBits) {
    return make_error(ErrorCode::kInvalidArgument, "activations have 2 to 8 bits, or \"float\"",
                      format_text("{}activations.bits", path));
  }
  if (activations.percentile > 50 && activations.percentile <= 100) return success();
  return make_error(ErrorCode::kInvalidArgument, "the percentile is above 50, at most 100",
                    format_text("{}activations.percentile", path));
}

}  // namespace

const WeightRecipe& Recipe::weights_of(const std::string& layer) const {
  const auto found = layers.find(layer);
  return found != layers.end() && found->second.weights ? *found->second.weights : weights;
}

const ActivationRecipe& Recipe::activations_of(const std::string& layer) const {
  const auto found = layers.find(layer);
  return found != layers.end() && found->second.activations ? *found->second.activations
                                                            : activations;
}

Status validate_recipe(const Recipe& recipe) {
  LOWBIT_TRY(check_weights(recipe.weights, ""));
  LOWBIT_TRY(check_activations(recipe.activations, ""));
  for (const auto& [name, layer] : recipe.layers) {
    const std::string path = format_text("layers.{}.", name);
    if (layer.weights) LOWBIT_TRY(check_weights(*layer.weights, path));
    if (layer.activations) LOWBIT_TRY(check_activations(*layer.activations, path));
  }
  return success();
}

}  // namespace lowbit
