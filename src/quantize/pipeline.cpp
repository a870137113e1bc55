#include "quantize/pipeline.h"

#include <algorithm>

#include "engine/batch.h"
#include "quantize/equalize.h"
#include "quantize/quantize.h"
#include "tensor/samples.h"

namespace lowbit {

bool needs_samples(const Recipe& recipe) {
  const auto learns = [](const WeightRecipe& weights) {
    return weights.rounding != Rounding::kNearest;
  };
  return recipe.equalize || recipe.correct_bias || learns(recipe.weights) ||
         std::ranges::any_of(recipe.layers, [&](const auto& layer) {
           return layer.second.weights && learns(*layer.second.weights);
         });
}

Task<Calibration> calibrate_in_steps(Graph graph, std::vector<Tensor> samples) {
  LOWBIT_CO_ASSIGN(Calibrator calibrator, Calibrator::create(graph));
  LOWBIT_CO_ASSIGN(const int64_t count, count_samples(samples));
  const int64_t batch = batch_for(graph, samples);
  for (int64_t first = 0; first < count; first += batch) {
    LOWBIT_CO_ASSIGN(const std::vector<Tensor> slice,
                     slice_samples(samples, first, std::min(batch, count - first)));
    LOWBIT_CO_TRY(calibrator.observe(slice));
    co_yield Progress{"calibrate", static_cast<double>(first) / static_cast<double>(count)};
  }
  co_return calibrator.finish();
}

Task<QuantizedGraph> quantize_in_steps(Graph graph, Recipe recipe,
                                       std::optional<Calibration> calibration,
                                       std::vector<Tensor> samples) {
  LOWBIT_CO_TRY(validate_recipe(recipe));
  if (needs_samples(recipe) && samples.empty()) {
    co_return make_error(
        ErrorCode::kInvalidArgument,
        "equalization, bias correction, AdaRound and GPTQ need calibration samples, "
        "not only their calibration",
        "calibration");
  }
  LOWBIT_CO_ASSIGN(Graph prepared, prepare(graph));
  if (recipe.equalize) {
    LOWBIT_CO_FINISH(prepared, equalize(prepared, samples));
  }
  if (!calibration || recipe.equalize) {
    LOWBIT_CO_FINISH(calibration, calibrate_in_steps(prepared, samples));
  }
  LOWBIT_CO_FINISH(Graph quantized, quantize_by_node(prepared, *calibration, recipe));
  LOWBIT_CO_FINISH(QuantizedGraph improved,
                   improve(prepared, std::move(quantized), samples, recipe));
  co_return improved;
}

}  // namespace lowbit
