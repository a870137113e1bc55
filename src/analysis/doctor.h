// The doctor: what is wrong with a quantized model, and what repairs it.
//
//   Task<Diagnosis> task = diagnose(fp32, recipe, {images}, labels, {});
//
// Rules (analysis/doctor_rules.inc) read measures of the model and of what the recipe makes of it.
// Where one finds a symptom, its repair is tried: the model is quantized and measured again. A
// repair that lowers the loss is kept, and the rules behind it see the model with it.
//
// The loss is Score::kl, on the samples that calibrate and that AdaRound and GPTQ learn from: what
// a repair gains on other samples is for others to measure. All of it runs on the simd128 kernels,
// so that the same repairs are kept on every machine.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "compare/predictions.h"
#include "graph/graph.h"
#include "quantize/recipe.h"

namespace lowbit {

enum class Rule : uint8_t {
#define LOWBIT_RULE(name, id, repair, reason) k##name,
#include "analysis/doctor_rules.inc"
#undef LOWBIT_RULE
};

struct RuleInfo {
  const char* id;
  const char* repair;  // what it does, in a few words
};

inline constexpr RuleInfo kRules[] = {
#define LOWBIT_RULE(name, id, repair, reason) {id, repair},
#include "analysis/doctor_rules.inc"
#undef LOWBIT_RULE
};

// By Pinsker's inequality the probabilities of a sample move by sqrt(kl / 2) at most: with less
// loss than this by 0.7 percent on average, which no repair is worth.
inline constexpr double kNegligibleLoss = 1e-4;

struct DoctorOptions {
  // Of the loss: a repair that lowers it by less is not kept.
  double least_gain = 0.05;
  // For devices that have no scales per channel.
  bool keep_per_tensor = false;
  // Of Examination::bytes. A repair that leaves the model above it is not kept.
  std::optional<int64_t> byte_budget{};
  // As of IncrementalOptions.
  size_t cache_bytes = size_t{256} << 20;
};

// What a recipe makes of the model.
struct Examination {
  Score score;
  int64_t bytes = 0;  // packed_bytes()
};

struct Finding {
  Rule rule{};
  std::string layer;   // the node, or graph input, with the worst figure
  std::string reason;  // a sentence with the measured figures
  Recipe recipe;       // the repairs kept before, and this one
  // The loss that the analysis lets hope for: without the part that it ascribes to what is
  // repaired.
  double expected_kl = 0;
  Examination before;
  Examination after;
  bool is_kept = false;
};

struct Diagnosis {
  std::vector<Finding> findings;  // in the order in which they were tried
  Recipe recipe;                  // the given one with all repairs that were kept
  Score fp32;                     // the model against itself: its accuracy
  Examination before;
  Examination after;
};

// `fp32` as loaded; `recipe` is where it begins. `samples`: one tensor per graph input, with the
// samples along the first dimension; `labels`: empty, or one per sample. Errors: as
// quantize_in_steps() and score().
Task<Diagnosis> diagnose(Graph fp32, Recipe recipe, std::vector<Tensor> samples,
                         std::vector<int32_t> labels, DoctorOptions options);

// Of the constants of a model and their scales, with two weights of 4 bits or fewer in a byte.
int64_t packed_bytes(const Graph& graph);

}  // namespace lowbit
