#include "train/loss.h"

#include <cmath>
#include <limits>
#include <vector>

#include "doctest/doctest.h"

namespace lowbit::test {

TEST_CASE("softmax cross-entropy: a case worked by hand") {
  // Row 0: probabilities 1/4, 3/4; label 1. Row 1: 1/2, 1/2; label 0, whose logit is the first of
  // equals.
  const std::vector<float> logits = {0.0f, std::log(3.0f), 5.0f, 5.0f};
  const std::vector<int32_t> labels = {1, 0};
  std::vector<float> gradient(4);
  const LossResult result = softmax_cross_entropy(logits, labels, 0.0f, gradient);
  CHECK(result.loss == doctest::Approx((std::log(4.0 / 3.0) + std::log(2.0)) / 2).epsilon(1e-6));
  CHECK(result.correct == 2);
  const std::vector<double> expected = {0.125, -0.125, -0.25, 0.25};
  for (size_t i = 0; i < 4; ++i) CHECK(double{gradient[i]} == doctest::Approx(expected[i]));
}

TEST_CASE("softmax cross-entropy: label smoothing spreads part of the target evenly") {
  const std::vector<float> logits = {0.0f, 0.0f, 0.0f, 0.0f};
  const std::vector<int32_t> labels = {2};
  std::vector<float> gradient(4);
  const LossResult result = softmax_cross_entropy(logits, labels, 0.2f, gradient);
  CHECK(result.loss == doctest::Approx(std::log(4.0)));
  // 1/4 - (0.05 or 0.85)
  CHECK(double{gradient[0]} == doctest::Approx(0.20));
  CHECK(double{gradient[2]} == doctest::Approx(-0.60));
}

TEST_CASE("softmax cross-entropy: huge logits do not overflow, and a NaN shows in the loss") {
  const std::vector<int32_t> labels = {0};
  std::vector<float> gradient(2);
  const std::vector<float> huge = {-3e38f, 3e38f};
  CHECK(std::isfinite(softmax_cross_entropy(huge, labels, 0.0f, gradient).loss));
  CHECK(gradient[0] == -1.0f);
  CHECK(gradient[1] == 1.0f);
  const std::vector<float> broken = {std::numeric_limits<float>::quiet_NaN(), 0.0f};
  CHECK(!std::isfinite(softmax_cross_entropy(broken, labels, 0.0f, gradient).loss));
}

TEST_CASE("labels outside the classes are refused, and named") {
  const std::vector<int32_t> good = {0, 9};
  CHECK(check_labels(good, 10).ok());
  for (const int32_t bad : {-1, 10}) {
    const std::vector<int32_t> labels = {3, bad};
    const Status status = check_labels(labels, 10);
    REQUIRE(!status.ok());
    CHECK(status.error().code == ErrorCode::kInvalidArgument);
    CHECK(status.error().message == "label " + std::to_string(bad) + " of sample 1 is not in 0..9");
  }
}

}  // namespace lowbit::test
