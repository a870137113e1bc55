#include "train/fit.h"

#include <vector>

#include "doctest/doctest.h"
#include "support/graph_builder.h"

namespace lowbit::test {

namespace {

// Bright in the left half: class 0; in the right half: class 1.
Dataset halves(int64_t samples) {
  Dataset dataset{.images = must(Tensor::allocate(DType::kU8, {samples, 1, 4, 4})), .labels = {}};
  const auto pixels = dataset.images.mutable_data<uint8_t>();
  Random random(2);
  for (size_t i = 0; i < static_cast<size_t>(samples); ++i) {
    const auto label = static_cast<int32_t>(random.below(2));
    dataset.labels.push_back(label);
    for (size_t p = 0; p < 16; ++p) {
      const bool is_bright = (p % 4 < 2) == (label == 0);
      pixels[i * 16 + p] = static_cast<uint8_t>((is_bright ? 120U : 20U) + random.below(100));
    }
  }
  return dataset;
}

Trainer make_trainer() {
  GraphBuilder b(5);
  const ValueId x = b.flatten(b.input("image", {b.symbol("batch"), 1, 4, 4}));
  const ValueId y = b.relu(b.gemm(x, {.features = 8}));
  return must(Trainer::create(b.output(b.gemm(y, {.features = 2})).build(), {}));
}

std::vector<float> first_weights(const Trainer& trainer) {
  const Graph graph = must(trainer.graph());
  const auto weights = graph.value(graph.find_value("gemm1.weight")).constant->data<float>();
  return {weights.begin(), weights.end()};
}

}  // namespace

TEST_CASE("fit learns a separable problem, and reports every epoch and every batch") {
  Trainer trainer = make_trainer();
  std::vector<double> fractions;
  const Context context{.on_progress = [&](std::string_view stage, double fraction) {
    CHECK(stage == "train");
    fractions.push_back(fraction);
    return true;
  }};
  const std::vector<EpochResult> epochs =
      must(fit(trainer, halves(100), {.epochs = 5, .batch_size = 16}, context));
  REQUIRE(epochs.size() == 5);
  CHECK(epochs.back().accuracy == 1.0);
  CHECK(epochs.back().loss < epochs.front().loss);
  // 100 samples are 6 whole batches of 16.
  CHECK(fractions.size() == 30);
  CHECK(trainer.steps_done() == 30);
  CHECK(fractions.front() == doctest::Approx(1.0 / 30));
  CHECK(fractions.back() == 1.0);
}

TEST_CASE("fit with the same seed gives the same bits, with another it does not") {
  const auto trained = [](uint64_t seed) {
    Trainer trainer = make_trainer();
    must(fit(trainer, halves(64),
             {.epochs = 2,
              .batch_size = 8,
              .augmentation = {.max_shift = 1, .flips = false},
              .seed = seed}));
    return first_weights(trainer);
  };
  CHECK(trained(1) == trained(1));
  CHECK(trained(1) != trained(2));
}

TEST_CASE("a cancelled fit says so and keeps what was learned") {
  Trainer trainer = make_trainer();
  const std::vector<float> before = first_weights(trainer);
  int batches = 0;
  const Context context{.on_progress = [&](std::string_view, double) { return ++batches < 7; }};
  const auto result = fit(trainer, halves(100), {.epochs = 5, .batch_size = 16}, context);
  REQUIRE(!result.ok());
  CHECK(result.error().code == ErrorCode::kAborted);
  CHECK(trainer.steps_done() == 7);
  CHECK(first_weights(trainer) != before);
}

TEST_CASE("options out of range are refused by name, before the first step") {
  Trainer trainer = make_trainer();
  const auto where = [&](const FitOptions& options) {
    const auto result = fit(trainer, halves(20), options);
    REQUIRE(!result.ok());
    CHECK(result.error().code == ErrorCode::kInvalidArgument);
    return result.error().where;
  };
  CHECK(where({.epochs = 0}) == "epochs");
  CHECK(where({.batch_size = 0}) == "batch_size");
  CHECK(where({.batch_size = 21}) == "batch_size");
  CHECK(where({.batch_size = 4, .augmentation = {.max_shift = 4}}) == "max_shift");
  CHECK(where({.batch_size = 4, .augmentation = {.max_shift = -1}}) == "max_shift");
  CHECK(where({.batch_size = 4, .schedule = {.warm_up = 1.0f}}) == "warm_up");
  CHECK(where({.batch_size = 4, .schedule = {.peak_rate = 0.0f}}) == "peak_rate");
  CHECK(trainer.steps_done() == 0);
}

TEST_CASE("a data set of another image size is refused with both shapes") {
  Trainer trainer = make_trainer();
  Dataset dataset = halves(8);
  dataset.images = must(dataset.images.reshaped({8, 1, 2, 8}));
  const auto result = fit(trainer, dataset, {.epochs = 1, .batch_size = 4});
  REQUIRE(!result.ok());
  CHECK(result.error().code == ErrorCode::kShapeMismatch);
}

}  // namespace lowbit::test
