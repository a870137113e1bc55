// Lowbit in seven verbs: load, calibrate, quantize, run, compare, save (and train: fit() in
// train/fit.h). This is the only header that most readers need.
//
//   Result<Model> fp32 = Model::load(onnx_bytes);
//   Result<Calibration> calibration = calibrate(*fp32, samples);
//   Result<Model> int8 = quantize(*fp32, *calibration, Recipe{});
//   Result<std::vector<Tensor>> logits = int8->run({image});
//   Result<Report> report = compare(*fp32, *int8, images, labels, {});
//   Result<std::vector<std::byte>> bytes = int8->save();
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "analysis/distribution.h"
#include "analysis/doctor.h"
#include "analysis/mixed_precision.h"
#include "analysis/overflow.h"
#include "analysis/sensitivity.h"
#include "analysis/weight_distribution.h"
#include "base/context.h"
#include "base/version.h"
#include "compare/compare.h"
#include "engine/engine.h"
#include "formats/array.h"
#include "formats/c_header_writer.h"
#include "formats/npy.h"
#include "formats/onnx_inspection.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "graph/graph.h"
#include "kernels/probe.h"
#include "kernels/tune.h"
#include "quantize/calibrate.h"
#include "quantize/calibration_file.h"
#include "quantize/check_recipe.h"
#include "quantize/pipeline.h"
#include "quantize/quantize.h"
#include "quantize/recipe_json.h"
#include "tensor/samples.h"
#include "train/fit.h"

namespace lowbit {

// The fastest tier of this binary whose results this machine computes exactly.
using kernels::probe_tier;
// The fastest tiles of a tier on this machine, found within a budget of time.
using kernels::tune;

// What a file holds and whether Lowbit has its operators, without loading it. Errors: as
// inspect_onnx.
Result<Inspection> inspect(std::span<const std::byte> onnx);

// A graph, FP32 or quantized, with the plan of the input shapes that it ran last.
class Model {
 public:
  // Reads ONNX bytes. Errors: as read_onnx (formats/onnx_reader.h).
  static Result<Model> load(std::span<const std::byte> onnx, Tier tier = Tier::kSimd128,
                            Tiles tiles = {}, const ReadOptions& options = {});

  explicit Model(Graph graph, Tier tier = Tier::kSimd128, Tiles tiles = {})
      : graph_(std::move(graph)), tier_(tier), tiles_(tiles) {}

  const Graph& graph() const { return graph_; }
  Tier tier() const { return tier_; }
  Tiles tiles() const { return tiles_; }

  // One tensor per graph input. Errors: as make_plan and Plan::run.
  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs);
  // The plan that run() follows for inputs of these shapes; the model's, until it runs or plans
  // other shapes. Errors: as make_plan.
  Result<Plan*> plan(std::vector<Shape> input_shapes);
  // The last of them, if there was one.
  Plan* planned() { return plan_ ? &*plan_ : nullptr; }

  // ONNX bytes: FP32 as loaded, a quantized graph in QDQ form if not said otherwise. Errors: as
  // write_onnx.
  Result<std::vector<std::byte>> save(const SaveOptions& options = {}) const;
  // The integers of a quantized graph as a C header. Errors: as write_c_header.
  Result<std::string> save_c_header() const;

 private:
  Graph graph_;
  Tier tier_;
  Tiles tiles_;
  std::optional<Plan> plan_;
  std::vector<Shape> planned_shapes_;
};

// What `samples` make of every activation (one tensor per graph input), the same in every tier.
// Errors: as Calibrator, kAborted.
Result<Calibration> calibrate(const Model& model, std::span<const Tensor> samples,
                              const Context& context = {});

// By a calibration of the model; for recipes that need no samples. Errors: as quantize_in_steps.
Result<Model> quantize(const Model& model, const Calibration& calibration, const Recipe& recipe);
// By samples, as any recipe. Errors: as quantize_in_steps, kAborted.
Result<Model> quantize(const Model& model, std::span<const Tensor> samples, const Recipe& recipe,
                       const Context& context = {});

struct CompareOptions {
  int latency_warmup = 10;
  int latency_runs = 50;  // on the first sample; 0 leaves latency out
};

// `inputs`: one tensor per graph input. `labels`: empty, or one class index per sample.
// Errors: as Comparison, kAborted.
Result<Report> compare(const Model& a, const Model& b, std::span<const Tensor> inputs,
                       std::span<const int32_t> labels, const CompareOptions& options,
                       const Context& context = {});

}  // namespace lowbit
