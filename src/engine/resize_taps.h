// Where the elements along an axis of a Resize's output lie in its input (ONNX operator
// specification, Resize; the arithmetic is that of ONNX's reference implementation, coordinates are
// float32 as in ONNX Runtime).
#pragma once

#include <cstdint>

#include "graph/resize_axis.h"

namespace lowbit::engine {

class ResizeTaps {
 public:
  static constexpr int32_t kOutside = -1;

  // `attributes` must outlive the taps. `axis` is that of the input of shape `input`.
  ResizeTaps(const ResizeAttributes& attributes, const Shape& input, const ResizeAxis& resized,
             int axis);

  // True when every output element is the input's at the same place.
  bool is_identity() const { return is_identity_; }

  // The input element nearest to output `i`; kOutside: its value is extrapolated.
  int32_t nearest(int64_t i) const;

  // How many input elements make one output element.
  int64_t tap_count() const { return 2 - 2 * first_tap_; }
  // The tap_count() elements for output `i` and their weights; the first place is kOutside where
  // the value is extrapolated.
  void interpolate(int64_t i, int32_t* places, float* weights) const;

 private:
  float coordinate(int64_t i) const;
  bool is_outside(float x) const;
  double weight_at(double distance) const;

  const ResizeAttributes& attributes_;
  ResizeAxis axis_;
  float roi_start_ = 0;
  float roi_end_ = 1;
  bool is_identity_ = false;
  double density_ = 1;     // below 1: the taps are spread, against aliasing
  int64_t first_tap_ = 0;  // relative to the element before the coordinate
};

}  // namespace lowbit::engine
