// Mixed precision: a width for each layer's weights, so that few bits are spent where they do not
// matter.
//
// The loss of a layer at a width is measured: the Kullback-Leibler divergence of the FP32 model's
// probabilities with that layer's weights alone quantized, by the recipe's own algorithms on the
// FP32 model's activations: weights that make good for the errors of other layers, too, would lose
// much more when they stand alone, and the others may get other widths. Losses
// of layers are added up as if they were independent (Dong et al., "HAWQ-V2", 2019, section 3.1,
// for its own measure), and analysis/allocation.h finds the best widths. What is chosen is then
// measured as a whole beside the recipes of one width for all layers, and the best of them wins.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/evaluator.h"
#include "quantize/recipe.h"

namespace lowbit {

// What a width costs.
enum class Cost : uint8_t {
  kBytes,         // of weights, packed: bits / 8 each, and four for each scale
  kMilliseconds,  // of a run of the layers on one sample: medians, with what is noise left out
};

struct MixedPrecisionOptions {
  std::vector<int> bits{8, 7, 6, 5, 4, 3, 2};  // widths to choose from
  Cost cost = Cost::kBytes;
  // One of the two: what the widths may cost together; or what they may lose, as a share of the
  // samples: of top-1 with labels, else of agreement with FP32. Neither: the front alone.
  std::optional<double> budget{};
  std::optional<double> max_drop{};
  IncrementalOptions evaluation{};
};

struct MixedPoint {
  Recipe recipe;
  std::vector<int> bits;  // of the layers of MixedPrecision
  double cost = 0;
  double predicted_kl = 0;
};

struct MixedPrecision {
  std::vector<std::string> layers;        // with integer weights, in order of execution
  std::vector<std::vector<double>> kl;    // [layer][width of the options], measured alone
  std::vector<std::vector<double>> cost;  // likewise
  std::vector<MixedPoint> front;          // from the least loss to the least cost
  std::optional<MixedPoint> chosen;       // nothing where no widths are within the budget
  std::optional<Score> score;             // of `chosen`, measured as a whole
};

// `fp32` as loaded; `recipe`: all but the weights' widths, of which a layer's own are replaced too;
// `samples`: one tensor per graph input; `labels`: empty, or one per sample. Errors: as
// quantize_in_steps and Evaluator; kInvalidArgument (a width outside 2..8, none, both a budget and
// a drop).
Task<MixedPrecision> mix_precision(Graph fp32, Recipe recipe, std::vector<Tensor> samples,
                                   std::vector<int32_t> labels, MixedPrecisionOptions options);

}  // namespace lowbit
