#include "compare/compare.h"

#include <array>

#include "doctest/doctest.h"
#include "quantize/quantize.h"
#include "support/graph_builder.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Graph classifier() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 6, 6});
  const ValueId conv = b.relu(b.conv(x, {.channels = 6, .kernel = {3, 3}}));
  return b
      .output(b.gemm(b.flatten(b.max_pool(conv, {.kernel = {2, 2}, .stride = {2, 2}})),
                     {.features = 3}))
      .build();
}

Tensor images(int64_t count, uint64_t seed) {
  Tensor tensor = must(Tensor::allocate(DType::kF32, {count, 2, 6, 6}));
  Random random(seed);
  for (float& x : tensor.mutable_data<float>()) x = random.uniform(-1, 1);
  return tensor;
}

Graph quantized(const Graph& fp32, const Recipe& recipe = {}) {
  Calibrator calibrator = must(Calibrator::create(fp32));
  must(calibrator.observe(std::array{images(64, 1)}));
  return must(quantize(fp32, must(calibrator.finish()), recipe));
}

Comparison comparison(const Graph& a, const Graph& b) {
  return must(Comparison::create(a, b, 1000, 250));
}

void check_same(const ErrorAccumulator& x, const ErrorAccumulator& y) {
  CHECK(x.sqnr_db() == y.sqnr_db());
  CHECK(x.cosine() == y.cosine());
  CHECK(x.mse() == y.mse());
}

}  // namespace

TEST_CASE("a model compared with itself agrees everywhere, without noise") {
  const Graph fp32 = classifier();
  Comparison same = comparison(fp32, fp32);
  must(same.add(std::array{images(20, 2)}, {}));
  const Report report = same.report();
  CHECK(report.samples == 20);
  CHECK(report.agreeing == 20);
  CHECK(report.labelled == 0);
  REQUIRE(report.layers.size() == 4);
  for (const LayerReport& layer : report.layers) {
    for (const ErrorAccumulator& error : {layer.errors.accumulated, layer.errors.isolated}) {
      CHECK(error.sqnr_db() == std::numeric_limits<double>::infinity());
      CHECK(error.cosine() == 1);
      CHECK(error.mse() == 0);
    }
  }
}

TEST_CASE("each layer's error is reported, isolated and accumulated") {
  const Graph fp32 = classifier();
  Comparison int8 = comparison(fp32, quantized(fp32));
  must(int8.add(std::array{images(50, 3)}, {}));
  const Report report = int8.report();
  REQUIRE(report.layers.size() == 4);
  CHECK(report.layers[0].op == "Conv");
  CHECK(report.layers[0].output == "relu1");
  for (const LayerReport& layer : report.layers) {
    CAPTURE(layer.name);
    for (const ErrorAccumulator& error : {layer.errors.accumulated, layer.errors.isolated}) {
      CHECK(error.sqnr_db() > 20);
      CHECK(error.sqnr_db() < 70);
      // Noise of a tenth of the signal's length, which 20 dB are, turns it by at most asin(0.1).
      CHECK(error.cosine() > 0.994);
      CHECK(error.cosine() < 1);
      CHECK(error.mse() > 0);
    }
  }
  // The last layer on exact inputs is better than behind three noisy layers; the first has nothing
  // before it.
  const LayerErrors& first = report.layers[0].errors;
  const LayerErrors& last = report.layers[3].errors;
  CHECK(last.isolated.sqnr_db() > last.accumulated.sqnr_db());
  CHECK(last.isolated.cosine() > last.accumulated.cosine());
  CHECK(last.isolated.mse() < last.accumulated.mse());
  check_same(first.isolated, first.accumulated);
}

namespace {

// The samples [first, first + count) of `all`, added to a new comparison in batches of 5.
Comparison compared(const Graph& a, const Graph& b, const Tensor& all,
                    std::span<const int32_t> labels, size_t first, size_t count) {
  Comparison result = comparison(a, b);
  for (size_t i = first; i < first + count; i += 5) {
    const Tensor batch = must(Tensor::from_values<float>(
        {5, 2, 6, 6}, all.data<float>().subspan(i * 72, size_t{5} * 72)));
    must(result.add(std::array{batch}, labels.subspan(i, 5)));
  }
  return result;
}

void check_same(const Report& x, const Report& y) {
  CHECK(x.a.predictions == y.a.predictions);
  CHECK(x.b.predictions == y.b.predictions);
  CHECK(x.a.margins == y.a.margins);
  CHECK(x.b.margins == y.b.margins);
  CHECK(x.a.correct == y.a.correct);
  CHECK(x.b.correct == y.b.correct);
  CHECK(x.agreeing == y.agreeing);
  CHECK(x.labelled == y.labelled);
  CHECK(x.top1_difference.low == y.top1_difference.low);
  REQUIRE(x.layers.size() == y.layers.size());
  for (size_t i = 0; i < x.layers.size(); ++i) {
    check_same(x.layers[i].errors.accumulated, y.layers[i].errors.accumulated);
    check_same(x.layers[i].errors.isolated, y.layers[i].errors.isolated);
  }
}

std::vector<int32_t> labels_for(size_t count) {
  std::vector<int32_t> labels(count);
  for (size_t i = 0; i < count; ++i) labels[i] = static_cast<int32_t>(i % 3);
  return labels;
}

}  // namespace

TEST_CASE("integers that a float layer reads have an error, too") {
  const Graph fp32 = classifier();
  Recipe recipe;
  recipe.layers["gemm1"].is_float = true;
  Comparison mixed = comparison(fp32, quantized(fp32, recipe));
  must(mixed.add(std::array{images(50, 3)}, {}));
  for (const LayerReport& layer : mixed.report().layers) {
    CAPTURE(layer.name);
    CHECK(layer.errors.accumulated.sqnr_db() > 20);
    CHECK(layer.errors.accumulated.sqnr_db() < 100);
  }
}

TEST_CASE("the report counts what the samples say") {
  const Graph fp32 = classifier();
  const std::vector<int32_t> labels = labels_for(30);
  const Comparison c = compared(fp32, quantized(fp32), images(30, 4), labels, 0, 30);
  const Report report = c.report();
  int64_t agreeing = 0;
  int64_t correct = 0;
  for (size_t i = 0; i < 30; ++i) {
    agreeing += report.a.predictions[i] == report.b.predictions[i];
    correct += report.a.predictions[i] == labels[i];
  }
  CHECK(report.samples == 30);
  CHECK(report.labelled == 30);
  CHECK(report.agreeing == agreeing);
  CHECK(report.a.correct == correct);
  CHECK(report.a.top1 == static_cast<double>(correct) / 30);
  CHECK(report.top1_difference.difference == doctest::Approx(report.b.top1 - report.a.top1));
}

TEST_CASE("comparisons of parts of the samples, put together, give the same bits") {
  const Graph fp32 = classifier();
  const Graph int8 = quantized(fp32);
  const Tensor all = images(60, 4);
  const std::vector<int32_t> labels = labels_for(60);
  const Report whole = compared(fp32, int8, all, labels, 0, 60).report();

  Comparison joined = comparison(fp32, int8);
  must(joined.append(compared(fp32, int8, all, labels, 0, 10).evaluation()));
  must(joined.append(compared(fp32, int8, all, labels, 10, 35).evaluation()));
  must(joined.append(compared(fp32, int8, all, labels, 45, 15).evaluation()));
  check_same(joined.report(), whole);

  Comparison begun = compared(fp32, int8, all, labels, 0, 20);
  must(begun.append(compared(fp32, int8, all, labels, 20, 40).evaluation()));
  check_same(begun.report(), whole);
}

TEST_CASE("an evaluation of other models is refused, and changes nothing") {
  const Graph fp32 = classifier();
  Comparison c = comparison(fp32, fp32);
  Evaluation foreign;
  foreign.samples.resize(1);
  foreign.errors.resize(c.report().layers.size() + 1);
  CHECK(c.append(foreign).error().code == ErrorCode::kInvalidArgument);
  CHECK(c.report().samples == 0);
}

TEST_CASE("bad labels and other models' outputs are refused, and change nothing") {
  const Graph fp32 = classifier();
  Comparison c = comparison(fp32, fp32);
  const std::array batch{images(2, 5)};
  CHECK(c.add(batch, std::array<int32_t, 1>{0}).error().code == ErrorCode::kShapeMismatch);
  CHECK(c.add(batch, std::array<int32_t, 2>{0, 3}).error().code == ErrorCode::kInvalidArgument);
  CHECK(c.add(batch, std::array<int32_t, 2>{-1, 0}).error().where == "labels");
  CHECK(c.report().samples == 0);

  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 2, 6, 6});
  Comparison other = comparison(fp32, b.output(b.gemm(b.flatten(x), {.features = 4})).build());
  CHECK(other.add(batch, {}).error().code == ErrorCode::kShapeMismatch);
}

TEST_CASE("latency is measured for both models and every node") {
  const Graph fp32 = classifier();
  Comparison c = comparison(fp32, quantized(fp32));
  must(c.measure_latency(std::array{images(1, 6)}, 1, 3));
  const Report report = c.report();
  CHECK(report.a.latency_ms.median > 0);
  CHECK(report.b.latency_ms.p10 <= report.b.latency_ms.median);
  CHECK(report.b.latency_ms.median <= report.b.latency_ms.p90);
  REQUIRE_FALSE(report.layers.empty());
}
