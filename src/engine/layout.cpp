#include "engine/layout.h"

namespace lowbit::engine {

namespace {

constexpr int kImageRank = 4;
// memory_shape()[i] = shape[kFromMemory[i]] and the other way round.
constexpr std::array<int, kImageRank> kFromMemory = {0, 2, 3, 1};
constexpr std::array<int, kImageRank> kToMemory = {0, 3, 1, 2};

template <class Element>
void copy_axis(const Element* source, const StridedView& view, int axis, Element*& target) {
  const int64_t count = view.dims[axis];
  const int64_t stride = view.strides[static_cast<size_t>(axis)];
  if (axis == view.dims.rank() - 1) {
    for (int64_t i = 0; i < count; ++i) target[i] = source[i * stride];
    target += count;
    return;
  }
  for (int64_t i = 0; i < count; ++i) copy_axis(source + i * stride, view, axis + 1, target);
}

}  // namespace

Layout activation_layout(const Shape& shape) {
  return shape.rank() == kImageRank ? Layout::kChannelsLast : Layout::kRowMajor;
}

bool is_row_major_too(const Shape& shape) {
  return shape.rank() != kImageRank || shape[1] == 1 || shape[2] * shape[3] == 1;
}

Shape memory_shape(const Shape& shape) {
  if (shape.rank() != kImageRank) return shape;
  return Shape{shape[0], shape[2], shape[3], shape[1]};
}

int memory_axis(const Shape& shape, int64_t axis) {
  const int index = static_cast<int>(axis < 0 ? axis + shape.rank() : axis);
  return shape.rank() == kImageRank ? kToMemory[static_cast<size_t>(index)] : index;
}

int64_t product(const Shape& shape, int first, int last) {
  int64_t count = 1;
  for (int axis = first; axis < last; ++axis) count *= shape[axis];
  return count;
}

bool StridedView::is_dense() const {
  int64_t expected = 1;
  for (int axis = dims.rank() - 1; axis >= 0; --axis) {
    if (dims[axis] != 1 && strides[static_cast<size_t>(axis)] != expected) return false;
    expected *= dims[axis];
  }
  return true;
}

StridedView dense_view(const Shape& shape) {
  return {.dims = {product(shape, 0, shape.rank())}, .strides = {1}};
}

int axis_of_memory(Layout layout, int index) {
  return layout == Layout::kChannelsLast ? kFromMemory[static_cast<size_t>(index)] : index;
}

std::array<int64_t, kMaxRank> axis_strides(const Shape& shape, Layout layout) {
  std::array<int64_t, kMaxRank> strides{};
  int64_t stride = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    const int axis = axis_of_memory(layout, i);
    strides[static_cast<size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  return strides;
}

StridedView broadcast_view(const Shape& operand, Layout layout, const Shape& output) {
  const std::array<int64_t, kMaxRank> operand_strides = axis_strides(operand, layout);
  StridedView view;
  view.dims = memory_shape(output);
  const int missing = output.rank() - operand.rank();
  for (int axis = missing; axis < output.rank(); ++axis) {
    if (operand[axis - missing] == 1) continue;
    view.strides[static_cast<size_t>(memory_axis(output, axis))] =
        operand_strides[static_cast<size_t>(axis - missing)];
  }
  return view;
}

template <class Element>
void copy_strided(const Element* source, const StridedView& view, Element* target) {
  if (view.dims.rank() == 0) {
    *target = *source;
  } else {
    copy_axis(source, view, 0, target);
  }
}

template void copy_strided(const float*, const StridedView&, float*);
template void copy_strided(const uint8_t*, const StridedView&, uint8_t*);
template void copy_strided(const uint32_t*, const StridedView&, uint32_t*);
template void copy_strided(const uint64_t*, const StridedView&, uint64_t*);

}  // namespace lowbit::engine
