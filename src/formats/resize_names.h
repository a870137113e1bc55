// ONNX's names of what a Resize may be, the default first.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "graph/attributes.h"

namespace lowbit {

template <class Value, size_t count>
using NamesOf = std::array<std::pair<Value, std::string_view>, count>;

inline constexpr NamesOf<ResizeMode, 3> kResizeModes = {{{ResizeMode::kNearest, "nearest"},
                                                         {ResizeMode::kLinear, "linear"},
                                                         {ResizeMode::kCubic, "cubic"}}};

inline constexpr NamesOf<ResizeCoordinates, 7> kResizeCoordinates = {
    {{ResizeCoordinates::kHalfPixel, "half_pixel"},
     {ResizeCoordinates::kHalfPixelSymmetric, "half_pixel_symmetric"},
     {ResizeCoordinates::kPytorchHalfPixel, "pytorch_half_pixel"},
     {ResizeCoordinates::kAlignCorners, "align_corners"},
     {ResizeCoordinates::kAsymmetric, "asymmetric"},
     {ResizeCoordinates::kTfHalfPixelForNn, "tf_half_pixel_for_nn"},
     {ResizeCoordinates::kTfCropAndResize, "tf_crop_and_resize"}}};

inline constexpr NamesOf<ResizeRounding, 4> kResizeRoundings = {
    {{ResizeRounding::kRoundPreferFloor, "round_prefer_floor"},
     {ResizeRounding::kRoundPreferCeil, "round_prefer_ceil"},
     {ResizeRounding::kFloor, "floor"},
     {ResizeRounding::kCeil, "ceil"}}};

inline constexpr NamesOf<ResizeAspect, 3> kResizeAspects = {
    {{ResizeAspect::kStretch, "stretch"},
     {ResizeAspect::kNotLarger, "not_larger"},
     {ResizeAspect::kNotSmaller, "not_smaller"}}};

template <class Names, class Value>
std::string_view name_in(const Names& names, Value value) {
  return std::ranges::find_if(names, [&](const auto& entry) { return entry.first == value; })
      ->second;
}

// The axes that have sizes, where not all have one: empty means all.
inline std::vector<int64_t> resized_axes(const ResizeAttributes& resize) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < resize.sizes.size(); ++i) {
    if (resize.sizes[i] > 0) axes.push_back(static_cast<int64_t>(i));
  }
  if (axes.size() == resize.sizes.size()) axes.clear();
  return axes;
}

}  // namespace lowbit
