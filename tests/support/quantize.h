// A network quantized in one call, as tests of what comes after quantize() want it.
#pragma once

#include <array>

#include "quantize/quantize.h"
#include "support/graph_builder.h"
#include "support/must.h"

namespace lowbit::test {

inline Tensor random_tensor(const Shape& shape, uint64_t seed, float low, float high) {
  Tensor tensor = must(Tensor::allocate(DType::kF32, shape));
  Random random(seed);
  for (float& x : tensor.mutable_data<float>()) x = random.uniform(low, high);
  return tensor;
}

inline Calibration calibrate_on(const Graph& graph, const Tensor& samples) {
  Calibrator calibrator = must(Calibrator::create(graph));
  must(calibrator.observe(std::array{samples}));
  return must(calibrator.finish());
}

inline std::vector<float> run_once(const Graph& graph, const Tensor& input,
                                   Tier tier = Tier::kReference) {
  Plan plan = must(make_plan(graph, std::array{input.shape()}, {.tier = tier}));
  const auto outputs = must(plan.run(std::array{input}));
  const auto data = outputs[0].data<float>();
  return {data.begin(), data.end()};
}

}  // namespace lowbit::test
