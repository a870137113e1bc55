#include "api/lowbit.h"

#include <algorithm>

#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "graph/rewrites.h"

namespace lowbit {

Result<Model> Model::load(std::span<const std::byte> onnx, Tier tier, Tiles tiles) {
  LOWBIT_ASSIGN(Graph graph, read_onnx(onnx));
  return Model(std::move(graph), tier, tiles);
}

Result<std::vector<Tensor>> Model::run(std::span<const Tensor> inputs) {
  std::vector<Shape> shapes;
  for (const Tensor& input : inputs) shapes.push_back(input.shape());
  LOWBIT_ASSIGN(Plan* const planned, plan(std::move(shapes)));
  return planned->run(inputs);
}

Result<Plan*> Model::plan(std::vector<Shape> input_shapes) {
  if (!plan_ || input_shapes != planned_shapes_) {
    LOWBIT_ASSIGN(const Graph optimized, optimize(graph_));
    PlanOptions options;
    options.tier = tier_;
    options.tiles = tiles_;
    LOWBIT_ASSIGN(plan_, make_plan(optimized, input_shapes, options));
    planned_shapes_ = std::move(input_shapes);
  }
  return &*plan_;
}

Result<std::vector<std::byte>> Model::save() const { return write_onnx(graph_); }

namespace {

// Calls visit(batch, first sample) over all samples, reporting progress before each and at the end.
template <class Visit>
Status for_each_batch(std::span<const Tensor> inputs, int64_t batch, const Context& context,
                      std::string_view stage, Visit visit) {
  if (batch < 1)
    return make_error(ErrorCode::kInvalidArgument, "a batch needs at least 1 sample", "batch");
  LOWBIT_ASSIGN(const int64_t samples, count_samples(inputs));
  for (int64_t first = 0; first < samples; first += batch) {
    LOWBIT_TRY(context.report(stage, static_cast<double>(first) / static_cast<double>(samples)));
    LOWBIT_ASSIGN(const std::vector<Tensor> slice,
                  slice_samples(inputs, first, std::min(batch, samples - first)));
    LOWBIT_TRY(visit(slice, first));
  }
  return context.report(stage, 1.0);
}

}  // namespace

Result<Calibration> calibrate(const Model& model, std::span<const Tensor> samples,
                              const Context& context, int64_t batch) {
  LOWBIT_ASSIGN(Calibrator calibrator, Calibrator::create(model.graph()));
  LOWBIT_TRY(for_each_batch(
      samples, batch, context, "calibrate",
      [&](const std::vector<Tensor>& slice, int64_t) { return calibrator.observe(slice); }));
  return calibrator.finish();
}

Result<Model> quantize(const Model& model, const Calibration& calibration, const Recipe& recipe) {
  LOWBIT_ASSIGN(Graph graph, quantize(model.graph(), calibration, recipe));
  return Model(std::move(graph), model.tier(), model.tiles());
}

Result<Report> compare(const Model& a, const Model& b, std::span<const Tensor> inputs,
                       std::span<const int32_t> labels, const CompareOptions& options,
                       const Context& context) {
  LOWBIT_ASSIGN(const std::vector<std::byte> a_bytes, a.save());
  LOWBIT_ASSIGN(const std::vector<std::byte> b_bytes, b.save());
  LOWBIT_ASSIGN(Comparison comparison,
                Comparison::create(a.graph(), b.graph(), static_cast<int64_t>(a_bytes.size()),
                                   static_cast<int64_t>(b_bytes.size()), a.tier(), a.tiles()));
  LOWBIT_ASSIGN(const int64_t samples, count_samples(inputs));
  if (!labels.empty() && static_cast<int64_t>(labels.size()) != samples) {
    return make_error(ErrorCode::kShapeMismatch, "there must be one label per sample", "labels");
  }
  LOWBIT_TRY(for_each_batch(
      inputs, options.batch, context, "compare",
      [&](const std::vector<Tensor>& slice, int64_t first) {
        const auto count = static_cast<size_t>(slice[0].shape()[0]);
        return comparison.add(
            slice, labels.empty() ? labels : labels.subspan(static_cast<size_t>(first), count));
      }));
  if (options.latency_runs > 0 && samples > 0) {
    LOWBIT_ASSIGN(const std::vector<Tensor> one, slice_samples(inputs, 0, 1));
    LOWBIT_TRY(comparison.measure_latency(one, options.latency_warmup, options.latency_runs));
  }
  return comparison.report();
}

}  // namespace lowbit
