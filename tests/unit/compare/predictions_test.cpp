#include "compare/predictions.h"

#include <cmath>

#include "doctest/doctest.h"
#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

std::vector<Tensor> logits(const Shape& shape, const std::vector<float>& values) {
  return {must(Tensor::from_values<float>(shape, values))};
}

}  // namespace

TEST_CASE("a prediction is the largest logit, its margin the distance to the next") {
  const Predictions p = must(predict(logits({2, 3}, {1, 4, 2, 5, 5, -1}), "model"));
  CHECK(p.classes == std::vector<int32_t>{1, 0});
  CHECK(p.margins == std::vector<float>{2, 0});
  CHECK(p.class_count == 3);
  check_error(predict(logits({6}, {1, 4, 2, 5, 5, -1}), "model"), ErrorCode::kShapeMismatch,
              "model");
}

TEST_CASE("a score counts what is right and what agrees, and measures how far logits are apart") {
  const std::vector<Tensor> reference = logits({2, 2}, {2, 0, 0, 1});
  const std::vector<Tensor> other = logits({2, 2}, {2, 0, 1, 0});
  const Score same = must(score(reference, reference, {}));
  CHECK(same.samples == 2);
  CHECK(same.labelled == 0);
  CHECK(same.agreeing == 2);
  CHECK(same.kl == 0);
  CHECK(std::isinf(same.sqnr_db));
  const Score far = must(score(reference, other, std::vector<int32_t>{0, 0}));
  CHECK(far.correct == 2);
  CHECK(far.top1() == 1);
  CHECK(far.agreeing == 1);
  // The second row's probabilities are p, 1 - p with p = 1 / (1 + e), and changed places.
  const double p = 1 / (1 + std::exp(1.0));
  CHECK(far.kl == doctest::Approx((1 - 2 * p) / 2));
  CHECK(far.sqnr_db == doctest::Approx(10 * std::log10(5.0 / 2.0)));
}

TEST_CASE("a score of other shapes or labels is refused") {
  const std::vector<Tensor> reference = logits({2, 2}, {2, 0, 0, 1});
  check_error(score(reference, logits({4, 1}, {2, 0, 0, 1}), {}), ErrorCode::kShapeMismatch,
              "model");
  check_error(score(reference, reference, std::vector<int32_t>{0}), ErrorCode::kShapeMismatch,
              "labels");
  check_error(score(reference, reference, std::vector<int32_t>{0, 2}), ErrorCode::kInvalidArgument,
              "labels");
}
