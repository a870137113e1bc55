// Sums and other folds of a row in as many lanes as two vectors have: the order in which floats are
// added is that of the lanes, on every machine.
#pragma once

#include <algorithm>
#include <cstdint>

namespace lowbit::kernels {

inline constexpr int64_t kLanes = 8;

// fold(fold(initial, at(0)), at(1)) ..., lane by lane, then over the lanes.
template <class Fold, class At>
float fold_lanes(int64_t count, float initial, Fold fold, At at) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, initial);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
#pragma clang loop unroll(full)
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] = fold(lanes[lane], at(i + lane));
  }
  float result = initial;
  for (; i < count; ++i) result = fold(result, at(i));
  for (const float lane : lanes) result = fold(result, lane);
  return result;
}

template <class At>
float sum_lanes(int64_t count, At at) {
  return fold_lanes(count, 0.0f, [](float sum, float x) { return sum + x; }, at);
}

}  // namespace lowbit::kernels
