#include "train/trainer.h"

#include <cmath>
#include <limits>
#include <vector>

#include "doctest/doctest.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/integer_weights.h"

namespace lowbit::test {

namespace {

constexpr int64_t kSamples = 12;
constexpr int64_t kClasses = 3;

// A small model that has most operators.
Graph small_model(GraphBuilder b = GraphBuilder(3)) {
  ValueId x = b.input("image", {b.symbol("batch"), 1, 6, 6});
  x = b.relu(b.batch_norm(
      b.conv(x, {.channels = 4, .kernel = {3, 3}, .padding = {1, 1, 1, 1}, .has_bias = false})));
  x = b.add(x, b.depthwise_conv(x, {.kernel = {3, 3}, .padding = {1, 1, 1, 1}}));
  x = b.dropout(b.flatten(b.max_pool(x, {.kernel = {2, 2}, .stride = {2, 2}})));
  return b.output(b.gemm(x, {.features = kClasses})).build();
}

struct Batch {
  Tensor images;
  std::vector<int32_t> labels;
};

// The first samples are the same whatever their number.
Batch random_batch(int64_t samples = kSamples) {
  Batch batch{.images = must(Tensor::allocate(DType::kF32, {samples, 1, 6, 6})), .labels = {}};
  Random random(17);
  for (float& pixel : batch.images.mutable_data<float>()) pixel = random.uniform();
  Random labels(19);
  for (int64_t i = 0; i < samples; ++i) {
    batch.labels.push_back(static_cast<int32_t>(labels.below(kClasses)));
  }
  return batch;
}

// All constants of a graph, one after the other.
std::vector<float> constants_of(const Graph& graph) {
  std::vector<float> all;
  for (const Value& value : graph.values) {
    if (!value.constant) continue;
    const auto data = value.constant->data<float>();
    all.insert(all.end(), data.begin(), data.end());
  }
  return all;
}

std::vector<float> train(const TrainOptions& options, int steps) {
  Trainer trainer = must(Trainer::create(small_model(), options));
  const Batch batch = random_batch();
  for (int i = 0; i < steps; ++i) must(trainer.step(batch.images, batch.labels, 0.05f));
  CHECK(trainer.steps_done() == steps);
  return constants_of(must(trainer.graph()));
}

std::span<const float> constant(const Graph& graph, const char* name) {
  return graph.value(graph.find_value(name)).constant->data<float>();
}

}  // namespace

TEST_CASE("random labels of a small batch are learned by heart, with either optimizer and tier") {
  const Batch batch = random_batch();
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdamW}) {
    for (const Tier tier : {Tier::kReference, Tier::kSimd128}) {
      Trainer trainer = must(Trainer::create(
          small_model(), {.optimizer = {.kind = kind}, .dropout_rate = 0.0f, .tier = tier}));
      StepResult result;
      const float rate = kind == OptimizerKind::kSgd ? 0.1f : 0.02f;
      for (int i = 0; i < 150; ++i) result = must(trainer.step(batch.images, batch.labels, rate));
      CHECK(result.loss < 0.02);
      CHECK(result.correct == kSamples);
    }
  }
}

TEST_CASE("the same seed gives the same bits, another seed other ones") {
  const std::vector<float> first = train({.seed = 4}, 5);
  CHECK(train({.seed = 4}, 5) == first);
  CHECK(train({.seed = 5}, 5) != first);
}

TEST_CASE("the given graph and a graph taken earlier stay as they were") {
  const Graph given = small_model();
  const std::vector<float> before = constants_of(given);
  Trainer trainer = must(Trainer::create(given, {}));
  const Batch batch = random_batch();
  must(trainer.step(batch.images, batch.labels, 0.1f));
  const Graph early = must(trainer.graph());
  const std::vector<float> after_one = constants_of(early);
  must(trainer.step(batch.images, batch.labels, 0.1f));
  CHECK(constants_of(given) == before);
  CHECK(constants_of(early) == after_one);
  CHECK(constants_of(must(trainer.graph())) != after_one);
}

TEST_CASE(
    "running statistics move towards the batch's by ONNX's momentum; variance is the "
    "population's") {
  GraphBuilder b;
  ValueId x = b.input("image", {b.symbol("batch"), 2});
  x = b.batch_norm(x, {.mean = {10, 0}, .variance = {4, 1}});
  Trainer trainer = must(Trainer::create(b.output(b.gemm(x, {.features = 2})).build(), {}));
  const std::vector<float> rows = {1, 5, 3, 5, 8, 5};
  must(trainer.step(must(Tensor::from_values<float>({3, 2}, rows)), std::vector<int32_t>{0, 1, 0},
                    0.1f));
  const Graph trained = must(trainer.graph());
  // Mean 4 and variance (9 + 1 + 16) / 3 of the first column; 5 and 0 of the second.
  CHECK(constant(trained, "batch_norm1.mean")[0] == doctest::Approx(0.9 * 10 + 0.1 * 4));
  CHECK(constant(trained, "batch_norm1.mean")[1] == doctest::Approx(0.1 * 5));
  CHECK(constant(trained, "batch_norm1.variance")[0] == doctest::Approx(0.9 * 4 + 0.1 * 26.0 / 3));
  CHECK(constant(trained, "batch_norm1.variance")[1] == doctest::Approx(0.9));
}

TEST_CASE("weight decay shrinks weights, not biases and not batch normalization") {
  GraphBuilder b;
  ValueId x = b.input("image", {b.symbol("batch"), 1, 2, 2});
  x = b.batch_norm(b.conv(x, {.channels = 2}));
  const Graph graph = b.output(b.gemm(b.flatten(x), {.features = 2})).build();
  const Batch batch{.images = must(Tensor::allocate(DType::kF32, {2, 1, 2, 2})), .labels = {0, 1}};
  const auto after_step = [&](float decay) {
    Trainer trainer =
        must(Trainer::create(graph, {.optimizer = {.momentum = 0, .weight_decay = decay}}));
    must(trainer.step(batch.images, batch.labels, 1.0f));
    return must(trainer.graph());
  };
  const Graph plain = after_step(0.0f);
  const Graph decayed = after_step(0.25f);
  for (const char* name : {"conv1.weight", "gemm1.weight"}) {
    const auto before = constant(graph, name);
    for (size_t i = 0; i < before.size(); ++i) {
      CHECK(constant(decayed, name)[i] ==
            doctest::Approx(constant(plain, name)[i] - 0.25f * before[i]));
    }
  }
  for (const char* name : {"conv1.bias", "gemm1.bias", "batch_norm1.scale", "batch_norm1.bias"}) {
    for (size_t i = 0; i < constant(plain, name).size(); ++i) {
      CHECK(constant(decayed, name)[i] == constant(plain, name)[i]);
    }
  }
}

TEST_CASE("a Softmax at the end is the loss's own: the same update with and without it") {
  const auto trained = [](bool has_softmax) {
    GraphBuilder b(9);
    const ValueId x = b.input("image", {b.symbol("batch"), 36});
    const ValueId y = b.gemm(x, {.features = 3});
    b.output(has_softmax ? b.softmax(y) : y);
    Trainer trainer = must(Trainer::create(b.build(), {}));
    const Batch batch = random_batch();
    must(trainer.step(must(batch.images.reshaped({kSamples, 36})), batch.labels, 0.1f));
    return constants_of(must(trainer.graph()));
  };
  CHECK(trained(true) == trained(false));
}

TEST_CASE("batches of changing sizes train the same weights on") {
  Trainer trainer = must(Trainer::create(small_model(), {.dropout_rate = 0.0f}));
  double loss = 0;
  for (int i = 0; i < 60; ++i) {
    const Batch batch = random_batch(i % 3 == 2 ? 5 : kSamples - i % 3);
    loss = must(trainer.step(batch.images, batch.labels, 0.1f)).loss;
  }
  CHECK(loss < 0.2);
}

TEST_CASE("errors are typed, named, and leave the weights alone") {
  Trainer trainer = must(Trainer::create(small_model(), {}));
  const std::vector<float> before = constants_of(must(trainer.graph()));
  Batch batch = random_batch();
  const auto fails_with = [&](ErrorCode code, const std::string& where, float rate = 0.1f) {
    const Result<StepResult> result = trainer.step(batch.images, batch.labels, rate);
    REQUIRE(!result.ok());
    CHECK(result.error().code == code);
    CHECK(result.error().where == where);
    CHECK(constants_of(must(trainer.graph())) == before);
  };
  fails_with(ErrorCode::kInvalidArgument, "rate", std::numeric_limits<float>::quiet_NaN());
  batch.labels[3] = 3;
  fails_with(ErrorCode::kInvalidArgument, "labels");
  batch.labels.pop_back();
  fails_with(ErrorCode::kShapeMismatch, "labels");
  batch = random_batch();
  batch.images.mutable_data<float>()[40] = std::numeric_limits<float>::quiet_NaN();
  fails_with(ErrorCode::kNonFinite, "step 0");
  CHECK(trainer.steps_done() == 0);
}

TEST_CASE("models that cannot be trained are refused with the reason") {
  const auto error_of = [](const Graph& graph, const TrainOptions& options = {}) {
    const Result<Trainer> trainer = Trainer::create(graph, options);
    REQUIRE(!trainer.ok());
    return trainer.error();
  };
  CHECK(error_of(small_model(), {.label_smoothing = 1.0f}).where == "label_smoothing");
  CHECK(error_of(small_model(), {.dropout_rate = -0.5f}).where == "dropout_rate");
  CHECK(error_of(small_model(), {.optimizer = {.momentum = 2.0f}}).where == "momentum");
  {
    GraphBuilder b;
    CHECK(error_of(b.output(b.relu(b.input("x", {2, 3}))).build()).code ==
          ErrorCode::kInvalidModel);
  }
  {
    GraphBuilder b;
    const ValueId x = b.input("x", {2, 1, 4, 4});
    CHECK(error_of(b.output(b.conv(x, {.channels = 2})).build()).code == ErrorCode::kInvalidModel);
  }
  {
    GraphBuilder b;
    const ValueId x = b.input("x", {2, 3});
    const ValueId y = b.input("y", {2, 3});
    CHECK(error_of(b.output(b.gemm(b.add(x, y), {.features = 2})).build()).code ==
          ErrorCode::kUnsupportedFeature);
  }
  {
    GraphBuilder b;
    const ValueId x = b.quantize_linear(b.input("x", {2, 3}), activation_params(0.1f, 3));
    CHECK(error_of(b.output(b.dequantize_linear(b.gemm(x, {.features = 2}))).build()).code ==
          ErrorCode::kUnsupportedFeature);
  }
}

TEST_CASE("a model of integer weights is not trained") {
  Graph graph = small_model();
  set_integer_weights(graph, graph.nodes.size() - 1, {});
  check_error(Trainer::create(graph, {}), ErrorCode::kUnsupportedFeature, "quantized");
}

}  // namespace lowbit::test
