#include "analysis/doctor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "analysis/symptoms.h"
#include "compare/evaluator.h"
#include "quantize/check_recipe.h"
#include "quantize/equalize.h"
#include "quantize/pipeline.h"
#include "quantize/quantize.h"
#include "tensor/samples.h"

namespace lowbit {

namespace {

// Of the samples those that tell which layers hurt: it takes two runs for each layer, and only the
// order of their losses matters.
constexpr int64_t kSensitivitySamples = 128;

// A recipe, and what it makes of the model.
struct Treatment {
  Recipe recipe;
  Graph quantized;
  Examination result;
};

class Doctor {
 public:
  Doctor(std::vector<Tensor> samples, std::vector<int32_t> labels, const DoctorOptions& options)
      : samples_(std::move(samples)),
        labels_(std::move(labels)),
        options_(options),
        evaluator_(samples_, labels_, measuring()) {}

  Task<Diagnosis> examine(Graph fp32, Recipe recipe) {
    LOWBIT_CO_ASSIGN(prepared_, prepare(fp32));
    LOWBIT_CO_TRY(check_recipe(prepared_, recipe));
    Diagnosis diagnosis;
    LOWBIT_CO_FINISH(diagnosis.fp32, evaluator_.measure(prepared_, false));
    LOWBIT_CO_FINISH(Treatment best, treat(std::move(recipe)));
    diagnosis.before = best.result;
    for (rule_ = 0; rule_ < std::size(kRules); ++rule_) {
      const auto rule = static_cast<Rule>(rule_);
      bool has_changed = false;
      size_t refused = 0;
      while (best.result.score.kl > kNegligibleLoss) {
        LOWBIT_CO_FINISH(const std::optional<Proposal> proposal, ask(rule, best, refused));
        if (!proposal) break;
        LOWBIT_CO_FINISH(Treatment repaired, better_of(proposal->recipes));
        const double loss = best.result.score.kl;
        const bool is_kept =
            repaired.result.score.kl <= loss * (1 - options_.least_gain) &&
            (!options_.byte_budget || repaired.result.bytes <= *options_.byte_budget);
        diagnosis.findings.push_back({rule, proposal->layer, proposal->reason, repaired.recipe,
                                      loss * (1 - proposal->share), best.result, repaired.result,
                                      is_kept});
        if (is_kept) {
          best = std::move(repaired);
          has_changed = true;
        } else {
          ++refused;
        }
      }
      // Not within a rule: the layers of one that goes through them keep their order.
      if (has_changed) sensitivity_.reset();
    }
    diagnosis.recipe = std::move(best.recipe);
    diagnosis.after = best.result;
    co_return diagnosis;
  }

  // Of all rules, those that are done.
  double progress() const { return static_cast<double>(rule_) / std::size(kRules); }

 private:
  // What the model is before its numbers become integers.
  struct Base {
    Graph fp32;
    Calibration calibration;
  };

  IncrementalOptions measuring() const {
    return {.tier = Tier::kSimd128, .tiles = {}, .cache_bytes = options_.cache_bytes};
  }

  std::optional<Base>& base_of(const Recipe& recipe) { return bases_[recipe.equalize ? 1 : 0]; }

  // As quantize_in_steps() would of the whole recipe, with what is the same for many of them made
  // once.
  Task<Treatment> treat(Recipe recipe) {
    std::optional<Base>& base = base_of(recipe);
    if (!base) {
      Graph graph = prepared_;
      if (recipe.equalize) {
        LOWBIT_CO_FINISH(graph, equalize(prepared_, samples_));
      }
      LOWBIT_CO_FINISH(Calibration calibration, calibrate_in_steps(graph, samples_));
      base = {std::move(graph), std::move(calibration)};
    }
    Recipe rest = recipe;
    rest.equalize = false;
    LOWBIT_CO_FINISH(QuantizedGraph quantized,
                     quantize_in_steps(base->fp32, std::move(rest), base->calibration, samples_));
    LOWBIT_CO_FINISH(const Score score, evaluator_.measure(quantized.graph, false));
    const int64_t bytes = packed_bytes(quantized.graph);
    co_return Treatment{std::move(recipe), std::move(quantized.graph), {score, bytes}};
  }

  Task<Treatment> better_of(std::vector<Recipe> recipes) {
    LOWBIT_CO_FINISH(Treatment best, treat(recipes.front()));
    for (size_t i = 1; i < recipes.size(); ++i) {
      LOWBIT_CO_FINISH(Treatment other, treat(recipes[i]));
      if (other.result.score.kl < best.result.score.kl) best = std::move(other);
    }
    co_return best;
  }

  // Measures what the rule reads, and asks it.
  Task<std::optional<Proposal>> ask(Rule rule, const Treatment& now, size_t refused) {
    const Base& base = *base_of(now.recipe);
    if (!sensitivity_) {
      LOWBIT_CO_ASSIGN(const int64_t count, count_samples(samples_));
      LOWBIT_CO_ASSIGN(std::vector<Tensor> some,
                       slice_samples(samples_, 0, std::min(count, kSensitivitySamples)));
      LOWBIT_CO_FINISH(sensitivity_, measure_sensitivity(base.fp32, now.quantized, std::move(some),
                                                         {}, measuring()));
    }
    std::vector<MeanShift> shifts;
    if (rule == Rule::kMeanShift && !now.recipe.correct_bias && refused == 0) {
      LOWBIT_CO_FINISH(shifts,
                       measure_mean_shifts(base.fp32, base.calibration, now.quantized, samples_));
    }
    co_return propose(
        rule,
        {base.fp32, base.calibration, now.recipe, *sensitivity_, shifts, options_.keep_per_tensor},
        refused);
  }

  std::vector<Tensor> samples_;
  std::vector<int32_t> labels_;
  DoctorOptions options_;
  Evaluator evaluator_;
  Graph prepared_;
  std::optional<Base> bases_[2];            // as it is, and equalized
  std::optional<Sensitivity> sensitivity_;  // of the best one
  size_t rule_ = 0;
};

}  // namespace

Task<Diagnosis> diagnose(Graph fp32, Recipe recipe, std::vector<Tensor> samples,
                         std::vector<int32_t> labels, DoctorOptions options) {
  Doctor doctor(std::move(samples), std::move(labels), options);
  auto task = doctor.examine(std::move(fp32), std::move(recipe));
  while (!task.step()) co_yield Progress{"doctor", doctor.progress()};
  co_return std::move(task).result();
}

int64_t packed_bytes(const Graph& graph) {
  std::vector<bool> is_counted(graph.values.size());
  int64_t bytes = 0;
  for (const Node& node : graph.nodes) {
    for (const ValueId id : node.inputs) {
      if (id == kNoValue || !graph.value(id).constant || is_counted[static_cast<size_t>(id)]) {
        continue;
      }
      is_counted[static_cast<size_t>(id)] = true;
      const Value& value = graph.value(id);
      const auto size = static_cast<int64_t>(value.constant->byte_count());
      const bool is_half = value.quant && value.dtype == DType::kI8 && value.quant->qmax < 8;
      bytes += is_half ? (size + 1) / 2 : size;
      // A bias has the scales of its input and weights.
      if (value.quant && value.dtype == DType::kI8) {
        bytes += std::ssize(value.quant->scale) * static_cast<int64_t>(sizeof(float));
      }
    }
  }
  return bytes;
}

}  // namespace lowbit
