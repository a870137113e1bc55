#include "quantize/calibrate.h"

#include <array>
#include <limits>

#include "doctest/doctest.h"
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

TEST_CASE("ranges are the extremes over all batches, widened to contain 0") {
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
