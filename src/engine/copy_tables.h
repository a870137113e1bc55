// Operators whose output elements are elements of their input, by one table per axis of the output
// (kernels/move/move.h): the tables are filled by the graph's axes, and walked in the order of
// memory, in whichever layout the longest runs are copied at once.
#pragma once

#include "engine/lowering.h"
#include "kernels/move/move.h"

namespace lowbit::engine {

class CopyTables {
 public:
  static constexpr int32_t kFill = kernels::CopyByAxis::kFill;

  // For the output of a node, whose first input is read where it lies. Errors: kOutOfMemory.
  static Result<CopyTables> create(Lowering& lowering, size_t node);

  // Elements between neighbours along an axis of the input.
  int64_t stride(int axis) const { return strides_[static_cast<size_t>(axis)]; }

  // Along `axis` of the output, index i reads the input's element at(i), or is filled; added to
  // those of the other axes.
  template <class At>
  void set(int axis, At at) {
    int32_t* const offsets = offsets_of(axis);
    for (int64_t i = 0; i < shape_[axis]; ++i) offsets[i] = static_cast<int32_t>(at(i));
  }
  // Elements as the input's, in its layout, are read here in its place.
  void set_source(Slot source) { source_ = source; }
  // Added to every offset.
  void set_first(int64_t first) { first_ = first; }
  void set_fill(const std::array<std::byte, 8>& fill) { fill_ = fill; }

  // Makes a place for the node's output, and emits the step that fills it; where the elements stay
  // where they are, and nothing else needs the input, the output is the input's place.
  void emit() &&;

 private:
  CopyTables(Lowering& lowering, size_t node) : lowering_(lowering), node_(node) {}
  int32_t* offsets_of(int axis) const;
  kernels::CopyByAxis call_in(Layout layout) const;
  Layout best_layout() const;

  Lowering& lowering_;
  size_t node_;
  Shape shape_;            // of the output
  Slot source_ = kNoSlot;  // none: the input
  Layout input_layout_ = Layout::kRowMajor;
  std::array<int64_t, kMaxRank> strides_{};
  std::array<int64_t, kMaxRank> starts_{};  // of each axis's table
  std::shared_ptr<Buffer> tables_;
  int64_t first_ = 0;
  std::array<std::byte, 8> fill_{};
};

// The bytes of one element of `value`: `real` itself, or quantized as `value` is.
std::array<std::byte, 8> element_bytes_of(double real, const Value& value);

}  // namespace lowbit::engine
