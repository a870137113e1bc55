// The scale of symmetric integers that loses the least: a smaller one than max |w| / qmax clips the
// largest weights, and rounds all the others more finely (Nagel et al. 2021, section 3.1, "mean
// squared error").
#pragma once

#include <cstdint>
#include <span>

#include "base/task.h"

namespace lowbit {

// The scale with the least sum of (w - scale * q)^2, q = quantize(w) in [-qmax, qmax], of those
// tried: max |w| / qmax times 0.95^i, i = 0 to 80 (down to a 60th), and from the best of them on
// the optimum for the integers that the one before gave, until there is no gain. Never worse than
// max |w| / qmax. Weights are finite; all zero give 1, as symmetric_params(). The same on every
// machine. With a pause after each scale that was tried, in the stage "clip".
Task<float> mse_optimal_scale(std::span<const float> weights, int32_t qmax);

}  // namespace lowbit
