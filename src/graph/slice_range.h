// The elements that Slice takes along one axis (ONNX operator specification, Slice).
#pragma once

#include <algorithm>
#include <cstdint>

namespace lowbit {

// start, start + step, ...; `count` of them.
struct SliceRange {
  int64_t start = 0;
  int64_t step = 1;
  int64_t count = 0;
};

// Along an axis of length `dim`, at least 1. `step` is not 0.
inline SliceRange slice_range(int64_t start, int64_t end, int64_t step, int64_t dim) {
  const bool is_forward = step > 0;
  // The place before the first element is an end of steps backward.
  const int64_t low = is_forward ? 0 : -1;
  const int64_t high = is_forward ? dim : dim - 1;
  const auto clamped = [&](int64_t at) { return std::clamp(at < 0 ? at + dim : at, low, high); };
  const int64_t first = clamped(start);
  const int64_t last = clamped(end);
  // No axis is longer, so that a longer step takes one element as well.
  constexpr int64_t kLongest = int64_t{1} << 32;
  const int64_t stride = std::clamp(step, -kLongest, kLongest);
  const int64_t distance = is_forward ? last - first : first - last;
  const int64_t length = is_forward ? stride : -stride;
  return {first, stride, distance > 0 ? (distance - 1) / length + 1 : 0};
}

}  // namespace lowbit
