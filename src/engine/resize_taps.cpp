#include "engine/resize_taps.h"

#include <algorithm>
#include <cmath>

namespace lowbit::engine {

ResizeTaps::ResizeTaps(const ResizeAttributes& attributes, const Shape& input,
                       const ResizeAxis& resized, int axis)
    : attributes_(attributes), axis_(resized) {
  const auto i = static_cast<size_t>(axis);
  if (attributes.coordinates == ResizeCoordinates::kTfCropAndResize) {
    roi_start_ = attributes.roi[i];
    roi_end_ = attributes.roi[i + static_cast<size_t>(input.rank())];
  }
  // Also where ONNX's formulas would move it, as in ONNX Runtime.
  is_identity_ =
      resized.scale == 1 && resized.input == resized.output && roi_start_ == 0 && roi_end_ == 1;
  if (attributes.antialias) density_ = std::min(double{resized.scale}, 1.0);
  const double reach = attributes.mode == ResizeMode::kCubic ? 2 : 1;
  first_tap_ = static_cast<int64_t>(std::floor(-reach / density_)) + 1;
}

float ResizeTaps::coordinate(int64_t i) const {
  using enum ResizeCoordinates;
  const auto at = static_cast<float>(i);
  const auto input = static_cast<float>(axis_.input);
  const auto output = static_cast<float>(axis_.output);
  const float length = axis_.scale * input;  // of the output, before it was cut to an integer
  const float half_pixel = (at + 0.5f) / axis_.scale - 0.5f;
  switch (attributes_.coordinates) {
    case kHalfPixel:
      return half_pixel;
    case kHalfPixelSymmetric:
      return input / 2 * (1 - output / length) + half_pixel;
    case kPytorchHalfPixel:
      return axis_.output > 1 ? half_pixel : 0;
    case kAlignCorners:
      return axis_.output > 1 ? at * (input - 1) / (length - 1) : 0;
    case kAsymmetric:
      return at / axis_.scale;
    case kTfHalfPixelForNn:
      return (at + 0.5f) / axis_.scale;
    case kTfCropAndResize:
      if (axis_.output == 1) return (roi_start_ + roi_end_) / 2 * (input - 1);
      return roi_start_ * (input - 1) + at * (roi_end_ - roi_start_) * (input - 1) / (output - 1);
  }
  return 0;
}

bool ResizeTaps::is_outside(float x) const {
  // Written so that NaN is outside.
  return attributes_.coordinates == ResizeCoordinates::kTfCropAndResize &&
         !(x >= 0 && x <= static_cast<float>(axis_.input - 1));
}

int32_t ResizeTaps::nearest(int64_t i) const {
  if (is_identity_) return static_cast<int32_t>(i);
  const float x = coordinate(i);
  if (is_outside(x)) return kOutside;
  const auto place = [&]() -> double {
    switch (attributes_.rounding) {
      case ResizeRounding::kRoundPreferFloor:
        return std::ceil(double{x} - 0.5);
      case ResizeRounding::kRoundPreferCeil:
        return std::floor(double{x} + 0.5);
      case ResizeRounding::kFloor:
        return std::floor(double{x});
      case ResizeRounding::kCeil:
        return std::ceil(double{x});
    }
    return 0;
  };
  return static_cast<int32_t>(std::clamp(place(), 0.0, static_cast<double>(axis_.input - 1)));
}

// Of an element at this distance from the coordinate: a triangle, or Keys' cubic (1981).
double ResizeTaps::weight_at(double distance) const {
  const double x = std::fabs(distance * density_);
  if (attributes_.mode == ResizeMode::kLinear) return std::max(1 - x, 0.0);
  const auto a = double{attributes_.cubic_a};
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

void ResizeTaps::interpolate(int64_t i, int32_t* places, float* weights) const {
  const float coordinate_of_i = coordinate(i);
  if (is_outside(coordinate_of_i)) {
    std::fill_n(places, tap_count(), kOutside);
    return;
  }
  // No coordinate is further outside than the taps reach.
  const double last = static_cast<double>(axis_.input - 1);
  const double x = std::clamp(double{coordinate_of_i}, -1.0, last + 1);
  const double before = std::floor(x);
  double sum = 0;
  for (int64_t t = 0; t < tap_count(); ++t) {
    const double place = before + static_cast<double>(first_tap_ + t);
    const bool is_left_out = attributes_.exclude_outside && (place < 0 || place > last);
    const double weight = is_left_out ? 0 : weight_at(place - x);
    places[t] = static_cast<int32_t>(std::clamp(place, 0.0, last));
    weights[t] = static_cast<float>(weight);
    sum += weight;
  }
  const bool is_normalized = attributes_.exclude_outside || attributes_.antialias;
  if (!is_normalized || sum == 0) return;
  for (int64_t t = 0; t < tap_count(); ++t) {
    weights[t] = static_cast<float>(double{weights[t]} / sum);
  }
}

}  // namespace lowbit::engine
