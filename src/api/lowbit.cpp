#include "api/lowbit.h"

#include <algorithm>

#include "engine/batch.h"
#include "formats/onnx_reader.h"
#include "graph/rewrites.h"

namespace lowbit {

Result<Inspection> inspect(std::span<const std::byte> onnx) { return inspect_onnx(onnx); }

Result<Model> Model::load(std::span<const std::byte> onnx, Tier tier, Tiles tiles,
                          const ReadOptions& options) {
  LOWBIT_ASSIGN(Graph graph, read_onnx(onnx, options));
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
    options.joins_conversions = true;
    LOWBIT_ASSIGN(plan_, make_plan(optimized, input_shapes, options));
    planned_shapes_ = std::move(input_shapes);
  }
  return &*plan_;
}

Result<std::vector<std::byte>> Model::save(const SaveOptions& options) const {
  return write_onnx(graph_, options);
}

Result<std::string> Model::save_c_header() const { return write_c_header(graph_); }

Result<Calibration> calibrate(const Model& model, std::span<const Tensor> samples,
                              const Context& context) {
  return finish(calibrate_in_steps(model.graph(), {samples.begin(), samples.end()}), context);
}

namespace {

Result<Model> quantize(const Model& model, const Recipe& recipe,
                       std::optional<Calibration> calibration, std::span<const Tensor> samples,
                       const Context& context) {
  LOWBIT_ASSIGN(QuantizedGraph quantized,
                finish(quantize_in_steps(model.graph(), recipe, std::move(calibration),
                                         {samples.begin(), samples.end()}),
                       context));
  return Model(std::move(quantized.graph), model.tier(), model.tiles());
}

}  // namespace

Result<Model> quantize(const Model& model, const Calibration& calibration, const Recipe& recipe) {
  return quantize(model, recipe, calibration, {}, {});
}

Result<Model> quantize(const Model& model, std::span<const Tensor> samples, const Recipe& recipe,
                       const Context& context) {
  return quantize(model, recipe, {}, samples, context);
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
  const int64_t batch = batch_for(a.graph(), inputs);
  for (int64_t first = 0; first < samples; first += batch) {
    LOWBIT_TRY(
        context.report("compare", static_cast<double>(first) / static_cast<double>(samples)));
    const int64_t count = std::min(batch, samples - first);
    LOWBIT_ASSIGN(const std::vector<Tensor> slice, slice_samples(inputs, first, count));
    LOWBIT_TRY(comparison.add(slice, labels.empty() ? labels
                                                    : labels.subspan(static_cast<size_t>(first),
                                                                     static_cast<size_t>(count))));
  }
  if (options.latency_runs > 0 && samples > 0) {
    LOWBIT_ASSIGN(const std::vector<Tensor> one, slice_samples(inputs, 0, 1));
    LOWBIT_TRY(comparison.measure_latency(one, options.latency_warmup, options.latency_runs));
  }
  return comparison.report();
}

}  // namespace lowbit
