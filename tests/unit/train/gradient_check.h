// Checks the gradient of every constant of a graph against central differences of L = sum_i r[i] *
// y[i], with random r:
//
//   dL/dw ~ (L(w + e) - L(w - e)) / 2e
//
// which is exact, up to rounding, wherever the model is linear in one constant with all others
// fixed. The model's output may have any shape. An activation's gradient is seen through
// trainable(): an input plus a constant.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "doctest/doctest.h"
#include "support/graph_builder.h"
#include "train/tape.h"

namespace lowbit::test {

// A value of the given shape that has a gradient: the graph's input, which is zero, plus a constant
// of distinct numbers at least 0.05 apart and none nearer to 0 than 0.025, so that no small change
// crosses a kink of Relu or MaxPool.
class Trainable {
 public:
  Trainable(GraphBuilder& builder, const Shape& shape)
      : builder_(builder), input_(builder.input("image", shape)), shape_(shape) {}

  ValueId make() {
    const int64_t count = *shape_.element_count();
    std::vector<float> values;
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(0.05f * static_cast<float>(i - count / 2) + 0.025f);
    }
    for (size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[builder_.random().below(static_cast<uint32_t>(i))]);
    }
    const std::string name = "x" + std::to_string(++made_);
    return builder_.add(input_, builder_.constant(name, shape_, values));
  }

 private:
  GraphBuilder& builder_;
  ValueId input_;
  Shape shape_;
  int made_ = 0;
};

struct GradientCheck {
  float step = 0.0078125f;
  double tolerance = 1e-3;  // relative to 1 + |gradient|
  float dropout_rate = 0;
};

inline double weighted_sum(std::span<const float> values, std::span<const float> weights) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += double{values[i]} * double{weights[i]};
  return sum;
}

inline void check_gradients(const Graph& given, Tier tier, const GradientCheck& check = {}) {
  Graph graph = must(clone_constants(given));
  const ValueId output = graph.outputs.front();
  std::vector<Parameter> parameters = must(find_parameters(graph, output, OptimizerKind::kSgd));
  const Shape& shape = graph.value(graph.inputs.front()).shape;
  const auto tape =
      must(Tape::create(graph, parameters, shape,
                        {.logits = output, .dropout_rate = check.dropout_rate, .tier = tier}));
  const Tensor image = must(Tensor::allocate(DType::kF32, shape));
  constexpr uint64_t kSeed = 7;

  const std::span<float> seed_gradient = tape->logits_gradient();
  std::vector<float> weights(seed_gradient.size());
  Random random(11);
  for (float& weight : weights) weight = random.uniform(-1, 1);
  const auto loss = [&] {
    REQUIRE(tape->update_constants(graph).ok());
    return weighted_sum(must(tape->forward(image, kSeed)), weights);
  };
  loss();
  std::ranges::copy(weights, seed_gradient.begin());
  tape->backward();

  for (Parameter& parameter : parameters) {
    Value& value = graph.value(parameter.value);
    const std::span<float> constant = value.constant->mutable_data<float>();
    for (size_t i = 0; i < constant.size(); ++i) {
      const float before = constant[i];
      constant[i] = before + check.step;
      const double above = double{constant[i]};
      const double loss_above = loss();
      constant[i] = before - check.step;
      const double below = double{constant[i]};
      const double loss_below = loss();
      constant[i] = before;
      const double expected = (loss_above - loss_below) / (above - below);
      const double computed = double{parameter.gradient.data<float>()[i]};
      INFO(value.name << "[" << i << "]: expected " << expected << ", computed " << computed);
      CHECK(std::abs(expected - computed) <= check.tolerance * (1.0 + std::abs(expected)));
    }
  }
}

inline void check_gradients(const GraphBuilder& builder, const GradientCheck& check = {}) {
  for (const Tier tier : {Tier::kReference, Tier::kSimd128}) {
    INFO(std::string(tier_name(tier)));
    check_gradients(builder.build(), tier, check);
  }
}

}  // namespace lowbit::test
