// How values lie in memory: activations of rank 4 in NHWC, everything else row-major; constants
// row-major always. And the strides that walk one value in another's order, which is all that
// broadcasting and laying out a constant need.
#pragma once

#include <array>
#include <cstdint>

#include "tensor/shape.h"

namespace lowbit::engine {

enum class Layout : uint8_t { kRowMajor, kChannelsLast };

// Layout of an activation of this shape.
Layout activation_layout(const Shape& shape);

// True when an activation of this shape has the same bytes in NCHW and in the engine's layout.
bool is_row_major_too(const Shape& shape);

// The dimensions of an activation in the order in which they lie in memory: [N, H, W, C] for
// rank 4.
Shape memory_shape(const Shape& shape);

// Where the graph's axis lies in memory_shape(shape). `axis` may count from the end.
int memory_axis(const Shape& shape, int64_t axis);

// The axis of the graph that is the index-th from the outermost in memory; of kChannelsLast, the
// rank is 4.
int axis_of_memory(Layout layout, int index);

// Product of the dimensions [first, last) of a concrete shape.
int64_t product(const Shape& shape, int first, int last);

// A walk over `dims`, innermost last; moving one step along axis i moves strides[i] elements in the
// source.
struct StridedView {
  Shape dims;
  std::array<int64_t, kMaxRank> strides{};

  // True when the walk visits consecutive elements.
  bool is_dense() const;
};

// By axis of the graph: how many elements are between neighbours of a value that lies in `layout`.
std::array<int64_t, kMaxRank> axis_strides(const Shape& shape, Layout layout);

// The walk over all elements of a value as they lie.
StridedView dense_view(const Shape& shape);

// The walk over an activation of shape `output`, in memory order, that reads an operand of shape
// `operand` (numpy's broadcasting: axes are aligned at the end, a dimension of 1 is repeated),
// which lies in `layout`.
StridedView broadcast_view(const Shape& operand, Layout layout, const Shape& output);

// target[i] = the i-th element of the walk. Element: float, uint8_t, uint32_t or uint64_t.
template <class Element>
void copy_strided(const Element* source, const StridedView& view, Element* target);

}  // namespace lowbit::engine
