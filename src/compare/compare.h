// What the quantization cost and gained: one report for the page, the command line and the README.
//
//   Result<Comparison> comparison = Comparison::create(fp32, int8);
//   comparison->add(inputs, labels);      // any number of batches: predictions, layers' errors
//   comparison->append(evaluation);       // batches that were added to another comparison
//   comparison->measure_latency(input);   // once or more: time per run in place
//   Report report = comparison->report();
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compare/layer_errors.h"
#include "compare/metrics.h"
#include "engine/engine.h"

namespace lowbit {

inline constexpr int32_t kNoLabel = -1;

// What both models made of one sample.
struct SampleResult {
  int32_t label = kNoLabel;
  int32_t a_class = 0;  // the predicted ones
  int32_t b_class = 0;
  float a_margin = 0;  // best minus second-best logit
  float b_margin = 0;
};

// All that a comparison has gathered, as plain data that can move between threads. The errors stay
// apart by batch: summed in the order of the batches, they give the same bits whoever computed
// them.
struct Evaluation {
  std::vector<SampleResult> samples;  // in order of add()
  std::vector<LayerErrors> errors;    // one per node of b, batch after batch
};

struct LayerReport {
  std::string name;  // the node's
  std::string op;
  std::string output;  // the value that is compared
  LayerErrors errors;
  double a_ms = 0;  // median time of the node in each model; 0 when not measured, or fused away
  double b_ms = 0;
};

struct ModelReport {
  int64_t bytes = 0;    // of the saved ONNX file
  int64_t correct = 0;  // of the labelled samples
  double top1 = 0;      // correct / labelled samples
  Percentiles latency_ms;
  std::vector<int32_t> predictions;  // one per sample, in order of add()
  std::vector<float> margins;        // one per sample
};

struct Report {
  int64_t samples = 0;
  int64_t labelled = 0;
  int64_t agreeing = 0;              // samples on which both predict the same class
  PairedDifference top1_difference;  // b - a
  ModelReport a;
  ModelReport b;
  std::vector<LayerReport> layers;
};

class Comparison {
 public:
  // `a` FP32, `b` FP32 or quantized from it (layers are matched by their values' names). bytes: of
  // the saved files. Errors: as optimize.
  static Result<Comparison> create(const Graph& a, const Graph& b, int64_t a_bytes, int64_t b_bytes,
                                   Tier tier = Tier::kSimd128, Tiles tiles = {});
  Comparison(Comparison&&) noexcept;
  Comparison& operator=(Comparison&&) noexcept;
  ~Comparison();

  // `labels`: empty, or one class index per sample. The models' first output must be [samples,
  // classes]. Errors: as Plan::run; kShapeMismatch; kInvalidArgument for a label outside the
  // classes. After an error the evaluation is as before.
  Status add(std::span<const Tensor> inputs, std::span<const int32_t> labels);

  const Evaluation& evaluation() const;

  // As if the batches of `next`, a comparison of the same models, had been added here. Errors:
  // kInvalidArgument where the models cannot be the same.
  Status append(const Evaluation& next);

  // Times both models on one sample, in turn (a, b, a, b, ...), `warmup` runs uncounted (at least
  // one, which places the sample), then `runs` counted; where a run is shorter than 2 ms, each of
  // them is the mean of as many as last that long.
  Status measure_latency(std::span<const Tensor> inputs, int warmup, int runs);

  Report report() const;

 private:
  struct State;
  explicit Comparison(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace lowbit
