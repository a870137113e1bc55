// Resize of images: sizes, mode linear or nearest (floor), asymmetric coordinates.
#pragma once

#include <algorithm>

#include "graph/attributes.h"
#include "tensor/shape.h"

namespace lowbit::test {

// Element `i` of the output of shape `y`; element(k) is that of the input of shape `x`.
template <class Element>
double resized(const ResizeAttributes& attributes, const Shape& x, const Shape& y, int64_t i,
               Element element) {
  const int64_t plane = i / (y[2] * y[3]);
  const auto along = [&](int axis, int64_t at) {
    return static_cast<double>(at) * static_cast<double>(x[axis]) / static_cast<double>(y[axis]);
  };
  const double py = along(2, i / y[3] % y[2]);
  const double px = along(3, i % y[3]);
  const auto top = static_cast<int64_t>(py);
  const auto left = static_cast<int64_t>(px);
  const auto pixel = [&](int64_t row, int64_t column) {
    return element((plane * x[2] + std::min(row, x[2] - 1)) * x[3] + std::min(column, x[3] - 1));
  };
  if (attributes.mode == ResizeMode::kNearest) return pixel(top, left);
  const double dy = py - static_cast<double>(top);
  const double dx = px - static_cast<double>(left);
  return (1 - dy) * ((1 - dx) * pixel(top, left) + dx * pixel(top, left + 1)) +
         dy * ((1 - dx) * pixel(top + 1, left) + dx * pixel(top + 1, left + 1));
}

}  // namespace lowbit::test
