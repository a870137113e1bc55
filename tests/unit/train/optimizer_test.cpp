#include "train/optimizer.h"

#include <vector>

#include "doctest/doctest.h"

namespace lowbit::test {

TEST_CASE("SGD: two steps by hand, with momentum and weight decay") {
  std::vector<float> w = {1.0f, -2.0f};
  std::vector<float> v = {0.0f, 0.0f};
  const std::vector<float> g = {0.5f, 0.25f};
  // v = g + 0.1 w = 0.6, 0.05; w -= 0.1 v
  sgd_update(w, g, v, 0.1f, 0.5f, 0.1f);
  CHECK(w[0] == doctest::Approx(0.94f));
  CHECK(w[1] == doctest::Approx(-2.005f));
  // v = 0.5 v + g + 0.1 w = 0.3 + 0.5 + 0.094, 0.025 + 0.25 - 0.2005
  sgd_update(w, g, v, 0.1f, 0.5f, 0.1f);
  CHECK(v[0] == doctest::Approx(0.894f));
  CHECK(v[1] == doctest::Approx(0.0745f));
  CHECK(w[0] == doctest::Approx(0.8506f));
  CHECK(w[1] == doctest::Approx(-2.01245f));
}

TEST_CASE("AdamW: the first step moves by the rate, whatever the gradient's size") {
  const OptimizerOptions options{.kind = OptimizerKind::kAdamW};
  std::vector<float> w = {1.0f, 1.0f, 1.0f};
  std::vector<float> m(3);
  std::vector<float> v(3);
  const std::vector<float> g = {1e-3f, -50.0f, 0.0f};
  adamw_update(w, g, m, v, 1, 0.01f, options, 0.0f);
  CHECK(w[0] == doctest::Approx(0.99f).epsilon(1e-5));
  CHECK(w[1] == doctest::Approx(1.01f).epsilon(1e-5));
  CHECK(w[2] == 1.0f);
}

TEST_CASE("AdamW: two steps by hand, with decoupled decay") {
  const OptimizerOptions options{
      .kind = OptimizerKind::kAdamW, .beta1 = 0.5f, .beta2 = 0.75f, .epsilon = 1e-8f};
  std::vector<float> w = {2.0f};
  std::vector<float> m(1);
  std::vector<float> v(1);
  // m = 1, m^ = 2; v = 1, v^ = 4; w = 2 - 0.1 * (2 / 2 + 0.5 * 2)
  adamw_update(w, std::vector<float>{2.0f}, m, v, 1, 0.1f, options, 0.5f);
  CHECK(w[0] == doctest::Approx(1.8f));
  // m = 0.5 - 0.5 = 0; the step is the decay's alone: 1.8 - 0.1 * 0.5 * 1.8
  adamw_update(w, std::vector<float>{-1.0f}, m, v, 2, 0.1f, options, 0.5f);
  CHECK(m[0] == 0.0f);
  CHECK(v[0] == doctest::Approx(1.0f));
  CHECK(w[0] == doctest::Approx(1.71f));
}

TEST_CASE("optimizer options out of range are refused by name") {
  const auto where = [](const OptimizerOptions& options) {
    const Status status = validate_optimizer(options);
    return status.ok() ? std::string() : status.error().where;
  };
  CHECK(where({}).empty());
  CHECK(where({.momentum = 1.0f}) == "momentum");
  CHECK(where({.beta1 = -0.1f}) == "beta1");
  CHECK(where({.beta2 = 1.0f}) == "beta2");
  CHECK(where({.epsilon = 0.0f}) == "epsilon");
  CHECK(where({.weight_decay = -1.0f}) == "weight_decay");
}

}  // namespace lowbit::test
