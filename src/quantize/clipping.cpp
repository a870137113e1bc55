#include "quantize/clipping.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "qmath/quant_params.h"
#include "qmath/quantize.h"

namespace lowbit {

namespace {

constexpr int kGridSteps = 80;
constexpr float kGridRatio = 0.95f;

struct Fit {
  double error = 0;
  float best_scale = 0;  // for the same integers: sum w q / sum q^2
};

Fit fit(std::span<const float> weights, int32_t qmax, float scale) {
  double error = 0;
  double wq = 0;
  double qq = 0;
  for (const float weight : weights) {
    const double w = static_cast<double>(weight);
    const double q = quantize(weight, scale, 0, -qmax, qmax);
    const double difference = w - static_cast<double>(scale) * q;
    error += difference * difference;
    wq += w * q;
    qq += q * q;
  }
  const float best = qq > 0 ? static_cast<float>(wq / qq) : scale;
  return {error, std::max(best, std::numeric_limits<float>::min())};
}

}  // namespace

Task<float> mse_optimal_scale(std::span<const float> weights, int32_t qmax) {
  float max_abs = 0;
  for (const float w : weights) max_abs = std::max(max_abs, std::abs(w));
  float best_scale = symmetric_params(max_abs, qmax).scale;
  Fit best = fit(weights, qmax, best_scale);
  const auto improves = [&](float scale) {
    const Fit candidate = fit(weights, qmax, scale);
    if (candidate.error >= best.error) return false;
    best = candidate;
    best_scale = scale;
    return true;
  };
  float scale = best_scale;
  for (int i = 0; i < kGridSteps; ++i) {
    scale = std::max(scale * kGridRatio, std::numeric_limits<float>::min());
    improves(scale);
    co_yield Progress{"clip", static_cast<double>(i) / kGridSteps};
  }
  // It ends, as every round has less error than the one before.
  while (improves(best.best_scale)) co_yield Progress{"clip", 1};
  co_return best_scale;
}

}  // namespace lowbit
