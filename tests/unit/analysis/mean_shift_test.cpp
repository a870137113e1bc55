#include "analysis/mean_shift.h"

#include <cmath>

#include "doctest/doctest.h"
#include "support/quantize.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("the deviation of a histogram is that of its data") {
  Observation observation;
  CHECK(standard_deviation(observation) == 0);
  std::vector<float> values(1000);
  Random random(3);
  double sum = 0;
  double squares = 0;
  for (float& x : values) {
    x = random.below(3) == 0 ? 0.0f : random.uniform(-1, 3);
    sum += static_cast<double>(x) / 1000;
    squares += static_cast<double>(x) * static_cast<double>(x) / 1000;
  }
  REQUIRE(observation.add(values));
  // Each value is taken for one at most half a bin away, and so is the deviation.
  CHECK(std::abs(standard_deviation(observation) - std::sqrt(squares - sum * sum)) <=
        static_cast<double>(observation.bin_width()) / 2);
}

TEST_CASE("a shift of the mean is found, in its layer, relative to the output's deviation") {
  GraphBuilder b;
  const ValueId x = b.input("x", {b.symbol("N"), 4});
  // With 2 bits the small weights become 0: the output falls by 0.3 times the sum of their inputs.
  const ValueId y = b.gemm(x, {.features = 1, .weight = {1, 0.3f, 0.3f, 0.3f}, .bias = {0}});
  const Graph fp32 = must(prepare(b.output(b.relu(b.flatten(y))).build()));
  const Tensor samples = random_tensor({4000, 4}, 1, 0, 1);
  const Calibration calibration = calibrate_on(fp32, samples);
  Recipe recipe;
  recipe.weights.bits = 2;
  const Graph quantized = must(quantize(fp32, calibration, recipe));
  const std::vector<MeanShift> shifts =
      must(finish(measure_mean_shifts(fp32, calibration, quantized, std::array{samples})));
  REQUIRE(shifts.size() == fp32.nodes.size());
  // Inputs are uniform in [0, 1]: mean 1/2, variance 1/12. The means of 4,000 are within 1 %.
  const double deviation = std::sqrt((1 + 3 * 0.09) / 12);
  CHECK(shifts[0].deviation == doctest::Approx(deviation).epsilon(0.03));
  CHECK(shifts[0].relative == doctest::Approx(0.45 / deviation).epsilon(0.05));
  for (size_t i = 1; i < shifts.size(); ++i) CHECK(shifts[i].relative == 0);
}
