#include "quantize/pipeline.h"

#include <algorithm>

#include "base/json.h"
#include "base/version.h"
#include "engine/batch.h"
#include "quantize/check_recipe.h"
#include "quantize/equalize.h"
#include "quantize/quantize.h"
#include "quantize/recipe_json.h"
#include "tensor/samples.h"

namespace lowbit {

namespace {

// How the graph was made, for whoever finds its file.
void describe(const Recipe& recipe, const Calibration& calibration, Metadata& metadata) {
  Json summary = Json::object();
  summary.add("samples", Json::of_number(static_cast<double>(calibration.sample_count)));
  metadata.set_property("lowbit.version", std::string(kVersion));
  metadata.set_property("lowbit.recipe", write_short_recipe(recipe));
  metadata.set_property("lowbit.calibration", write_json(summary));
}

}  // namespace

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
  LOWBIT_CO_ASSIGN(const Graph prepared, prepare(graph));
  LOWBIT_CO_ASSIGN(const int64_t count, count_calibration_samples(samples));
  const int64_t batch = batch_for(prepared, samples);
  Calibration whole;
  for (int64_t first = 0; first < count;) {
    LOWBIT_CO_ASSIGN(Calibrator calibrator, Calibrator::create(prepared));
    const int64_t end = std::min(count, first + kChunkBatches * batch);
    for (; first < end; first += batch) {
      LOWBIT_CO_ASSIGN(const std::vector<Tensor> slice,
                       slice_samples(samples, first, std::min(batch, end - first)));
      LOWBIT_CO_TRY(calibrator.observe(slice));
      co_yield Progress{"calibrate", static_cast<double>(first) / static_cast<double>(count)};
    }
    LOWBIT_CO_ASSIGN(const Calibration part, calibrator.finish());
    LOWBIT_CO_TRY(whole.merge(part));
  }
  co_return whole;
}

Task<QuantizedGraph> quantize_in_steps(Graph graph, Recipe recipe,
                                       std::optional<Calibration> calibration,
                                       std::vector<Tensor> samples) {
  LOWBIT_CO_ASSIGN(Graph prepared, prepare(graph));
  LOWBIT_CO_TRY(check_recipe(prepared, recipe));
  if (needs_samples(recipe) && samples.empty()) {
    co_return make_error(
        ErrorCode::kInvalidArgument,
        "equalization, bias correction, AdaRound and GPTQ need calibration samples, "
        "not only their calibration",
        "calibration");
  }
  if (recipe.equalize) {
    LOWBIT_CO_FINISH(prepared, equalize(prepared, samples));
  }
  if (!calibration || recipe.equalize) {
    LOWBIT_CO_FINISH(calibration, calibrate_in_steps(prepared, samples));
  }
  LOWBIT_CO_FINISH(Graph quantized, quantize_by_node(prepared, *calibration, recipe));
  LOWBIT_CO_FINISH(QuantizedGraph improved,
                   improve(prepared, std::move(quantized), samples, recipe));
  describe(recipe, *calibration, improved.graph.metadata);
  co_return improved;
}

}  // namespace lowbit
