// All that a recipe asks for, from the FP32 graph to the quantized one:
//
//   prepare -> equalize -> calibrate -> quantize -> AdaRound or GPTQ and bias correction, layer by
//   layer
//
// Steps that a recipe does not ask for are left out. The graph's metadata then have the properties
// lowbit.version, lowbit.recipe, as far as it is not an empty one (quantize/recipe_json.h), and
// lowbit.calibration: {"samples": 512}. The same graph, recipe and samples give the same bytes on
// every machine.
#pragma once

#include <optional>

#include "base/task.h"
#include "quantize/calibrate.h"
#include "quantize/improve.h"
#include "quantize/recipe.h"

namespace lowbit {

// Whether a calibration alone will not do for the recipe.
bool needs_samples(const Recipe& recipe);

// Observes all samples (one tensor per graph input, along their first dimension) in the graph that
// prepare() makes, batch_for() at once. Each chunk of batches (engine/batch.h) is a part of its
// own: merged in order they are the same, to the last bit, wherever they were made. Errors: as
// prepare() and Calibrator.
Task<Calibration> calibrate_in_steps(Graph graph, std::vector<Tensor> samples);

// `graph` as loaded. Either `calibration` is one of that graph, or it is made of the samples; it
// always is where the recipe equalizes, as that changes what channels hold.
// Errors: as quantize() and Calibrator; kInvalidArgument where samples are needed and there are
// none. A recipe that does not fit the graph is refused before any sample is read.
Task<QuantizedGraph> quantize_in_steps(Graph graph, Recipe recipe,
                                       std::optional<Calibration> calibration,
                                       std::vector<Tensor> samples);

}  // namespace lowbit
