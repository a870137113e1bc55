#include "quantize/calibrate.h"

#include <array>
#include <limits>

#include "doctest/doctest.h"
#include "support/check_error.h"
#include "support/graph_builder.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

// y = relu(2 x - 1), over one feature.
Graph small_graph() {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 1});
  return b.output(b.relu(b.gemm(x, {.features = 1, .weight = {2}, .bias = {-1}}))).build();
}

Tensor samples(const std::vector<float>& values) {
  return must(Tensor::from_values<float>({static_cast<int64_t>(values.size()), 1}, values));
}

}  // namespace

TEST_CASE("extremes are those of all batches, widened to contain 0") {
  Calibrator calibrator = must(Calibrator::create(small_graph()));
  must(calibrator.observe(std::array{samples({0.5f, 1.0f})}));
  must(calibrator.observe(std::array{samples({3.0f})}));
  must(calibrator.observe(std::array{samples({2.0f, 1.5f})}));
  const Calibration calibration = must(calibrator.finish());
  CHECK(calibration.sample_count == 5);
  CHECK(calibration.by_value.at("x").min == 0.0f);
  CHECK(calibration.by_value.at("x").max == 3.0f);
  CHECK(calibration.by_value.at("relu1").max == 5.0f);
  // The product was fused into the activation behind it and has no range of its own.
  CHECK_FALSE(calibration.by_value.contains("gemm1"));
}

TEST_CASE("calibration without a sample is an error") {
  const Calibrator calibrator = must(Calibrator::create(small_graph()));
  CHECK(calibrator.finish().error().code == ErrorCode::kEmptyCalibration);
}

TEST_CASE("NaN in the data names the value and leaves the observations as they were") {
  Calibrator calibrator = must(Calibrator::create(small_graph()));
  must(calibrator.observe(std::array{samples({1.0f})}));
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const Status status = calibrator.observe(std::array{samples({9.0f, bad})});
    REQUIRE_FALSE(status.ok());
    CHECK(status.error().code == ErrorCode::kNonFinite);
    CHECK(status.error().where == "x");
  }
  const Calibration calibration = must(calibrator.finish());
  CHECK(calibration.sample_count == 1);
  CHECK(calibration.by_value.at("x").max == 1.0f);
}

TEST_CASE("parts that were merged are as one calibration of all samples") {
  Calibrator whole = must(Calibrator::create(small_graph()));
  Calibration calibration;
  for (const float first : {1.0f, -3.0f, 8.0f}) {
    const std::array batch{samples({first, first / 3})};
    must(whole.observe(batch));
    Calibrator part = must(Calibrator::create(small_graph()));
    must(part.observe(batch));
    must(calibration.merge(must(part.finish())));
  }
  const Calibration expected = must(whole.finish());
  CHECK(calibration.sample_count == 6);
  CHECK(calibration.by_value.size() == expected.by_value.size());
  for (const auto& [name, observation] : expected.by_value) {
    CHECK(calibration.by_value.at(name).bins == observation.bins);
    CHECK(calibration.by_value.at(name).max == observation.max);
    CHECK(calibration.by_value.at(name).average.max_sum ==
          doctest::Approx(observation.average.max_sum).epsilon(1e-14));
  }
}

TEST_CASE("a part of another model is refused, and changes nothing") {
  Calibrator calibrator = must(Calibrator::create(small_graph()));
  must(calibrator.observe(std::array{samples({1.0f})}));
  Calibration whole = must(calibrator.finish());
  Calibration part = whole;
  part.by_value["elsewhere"] = part.by_value["x"];
  check_error(whole.merge(part), ErrorCode::kInvalidArgument, "elsewhere");
  part.by_value.erase("elsewhere");
  part.by_value.erase("relu1");
  check_error(whole.merge(part), ErrorCode::kInvalidArgument, "relu1");
  CHECK(whole.sample_count == 1);
  CHECK(whole.by_value.size() == 2);
  CHECK(whole.by_value.at("x").count == 1);
}

TEST_CASE("a part with too many samples or elements is refused, and changes nothing") {
  Calibrator calibrator = must(Calibrator::create(small_graph()));
  must(calibrator.observe(std::array{samples({1.0f})}));
  Calibration whole = must(calibrator.finish());
  Calibration part = whole;
  part.sample_count = static_cast<int64_t>(Observation::kMaxCount);
  check_error(whole.merge(part), ErrorCode::kLimitExceeded, "too many samples");
  part.sample_count = 1;
  part.by_value["x"].count = Observation::kMaxCount;
  check_error(whole.merge(part), ErrorCode::kLimitExceeded, "too many elements");
  CHECK(whole.by_value.at("relu1").count == 1);
}

TEST_CASE("a wrong shape is an error, and the next call works") {
  Calibrator calibrator = must(Calibrator::create(small_graph()));
  const Tensor wrong = must(Tensor::allocate(DType::kF32, {2, 3}));
  CHECK(calibrator.observe(std::array{wrong}).error().code == ErrorCode::kShapeMismatch);
  must(calibrator.observe(std::array{samples({1.0f})}));
  CHECK(must(calibrator.finish()).sample_count == 1);
}

TEST_CASE("a NaN weight is named") {
  Graph graph = small_graph();
  for (Value& value : graph.values) {
    if (value.name == "gemm1.weight") {
      value.constant->mutable_data<float>()[0] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  const auto calibrator = Calibrator::create(graph);
  REQUIRE_FALSE(calibrator.ok());
  CHECK(calibrator.error().code == ErrorCode::kNonFinite);
  CHECK(calibrator.error().where == "gemm1.weight");
}
