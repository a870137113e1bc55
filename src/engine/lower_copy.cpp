// Transpose, Slice, Gather, Pad, Expand, Tile, DepthToSpace and SpaceToDepth: elements that move,
// by tables (engine/copy_tables.h).
#include <algorithm>

#include "base/text.h"
#include "engine/copy_tables.h"
#include "engine/steps.h"
#include "graph/slice_range.h"

namespace lowbit::engine {

namespace {

// An axis that stays as it is.
void keep(CopyTables& tables, int axis) {
  const int64_t stride = tables.stride(axis);
  tables.set(axis, [stride](int64_t i) { return i * stride; });
}

// The index in 0..length-1 that stands at `i`, which may be outside; `mode` is not kConstant.
int64_t padded_index(PadMode mode, int64_t i, int64_t length) {
  if (mode == PadMode::kEdge) return std::clamp<int64_t>(i, 0, length - 1);
  if (mode == PadMode::kWrap) return (i % length + length) % length;
  return i < 0 ? -i : 2 * (length - 1) - i;  // shape inference: it is not reflected twice
}

// Constant indices, all of them in 0..length-1.
Result<std::vector<int64_t>> indices_of(const Lowering& lowering, size_t node, int64_t length) {
  const Tensor& constant = *lowering.input_value(node, 1).constant;
  std::vector<int64_t> indices;
  if (constant.dtype() == DType::kI64) {
    indices.assign(constant.data<int64_t>().begin(), constant.data<int64_t>().end());
  } else {
    indices.assign(constant.data<int32_t>().begin(), constant.data<int32_t>().end());
  }
  for (int64_t& index : indices) {
    if (index < -length || index >= length) {
      return lowering.refuse(
          node, ErrorCode::kInvalidModel,
          format_text("index {} is out of range for an axis of length {}", index, length));
    }
    if (index < 0) index += length;
  }
  return indices;
}

// Indices that are computed, or of more than one dimension.
Status lower_gather_by_indices(Lowering& lowering, size_t index, int axis) {
  LOWBIT_TRY(check_like_output(lowering, index, 0));
  const Value& data = lowering.input_value(index, 0);
  const Value& indices = lowering.input_value(index, 1);
  const Slot from = lowering.input_slot(index, 0, Layout::kRowMajor);
  const Slot by = lowering.input_slot(index, 1, Layout::kRowMajor);
  const Slot to = lowering.make_output_slot(index, Layout::kRowMajor);
  const kernels::Gather call{.outer = product(data.shape, 0, axis),
                             .length = data.shape[axis],
                             .count = *indices.shape.element_count(),
                             .bytes = product(data.shape, axis + 1, data.shape.rank()) *
                                      static_cast<int64_t>(dtype_bytes(data.dtype)),
                             .is_wide = indices.dtype == DType::kI64};
  lowering.emit(make_step(&kernels::gather, call,
                          [from, by, to](kernels::Gather& arguments, const Memory& memory) {
                            arguments.input = memory.at<std::byte>(from);
                            arguments.indices = memory.at<std::byte>(by);
                            arguments.output = memory.at<std::byte>(to);
                          }),
                {from, by, to});
  return success();
}

}  // namespace

template <>
Status lower<Op::kTranspose>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<TransposeAttributes>(lowering.node(index).attributes);
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  for (size_t axis = 0; axis < attributes.permutation.size(); ++axis) {
    const int64_t stride = tables.stride(static_cast<int>(attributes.permutation[axis]));
    tables.set(static_cast<int>(axis), [stride](int64_t i) { return i * stride; });
  }
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kSlice>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<SliceAttributes>(lowering.node(index).attributes);
  const Shape& shape = lowering.input_value(index, 0).shape;
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  for (int axis = 0; axis < shape.rank(); ++axis) keep(tables, axis);
  for (size_t i = 0; i < attributes.axes.size(); ++i) {
    const int64_t given = attributes.axes[i];
    const int axis = static_cast<int>(given < 0 ? given + shape.rank() : given);
    const SliceRange range =
        slice_range(attributes.starts[i], attributes.ends[i], attributes.steps[i], shape[axis]);
    const int64_t stride = tables.stride(axis);
    tables.set(axis, [&](int64_t k) { return (range.start + k * range.step) * stride; });
  }
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kGather>(Lowering& lowering, size_t index) {
  const Shape& data = lowering.input_value(index, 0).shape;
  const Value& places = lowering.input_value(index, 1);
  const int64_t given = std::get<AxisAttributes>(lowering.node(index).attributes).axis;
  const int axis = static_cast<int>(given < 0 ? given + data.rank() : given);
  if (!places.constant) return lower_gather_by_indices(lowering, index, axis);
  LOWBIT_ASSIGN(const std::vector<int64_t> indices, indices_of(lowering, index, data[axis]));
  if (places.shape.rank() > 1) return lower_gather_by_indices(lowering, index, axis);

  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  const int added = places.shape.rank();  // 1, or 0 where the axis goes
  for (int from = 0; from < data.rank(); ++from) {
    if (from == axis) continue;
    const int64_t stride = tables.stride(from);
    tables.set(from < axis ? from : from - 1 + added, [stride](int64_t i) { return i * stride; });
  }
  const int64_t stride = tables.stride(axis);
  if (added == 0) {
    tables.set_first(indices[0] * stride);
  } else {
    tables.set(axis, [&](int64_t i) { return indices[static_cast<size_t>(i)] * stride; });
  }
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kPad>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<PadAttributes>(lowering.node(index).attributes);
  const Shape& shape = lowering.input_value(index, 0).shape;
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t before = attributes.pads[static_cast<size_t>(axis)];
    const int64_t after = attributes.pads[static_cast<size_t>(axis + shape.rank())];
    // What negative pads leave of the axis.
    const int64_t start = std::max<int64_t>(-before, 0);
    const int64_t length = shape[axis] + std::min<int64_t>(after, 0) - start;
    const int64_t shift = std::max<int64_t>(before, 0);
    const int64_t stride = tables.stride(axis);
    tables.set(axis, [&](int64_t k) -> int64_t {
      const int64_t i = k - shift;
      if (i >= 0 && i < length) return (start + i) * stride;
      if (attributes.mode == PadMode::kConstant) return CopyTables::kFill;
      return (start + padded_index(attributes.mode, i, length)) * stride;
    });
  }
  tables.set_fill(element_bytes_of(attributes.value, lowering.output_value(index)));
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kExpand>(Lowering& lowering, size_t index) {
  const Shape& from = lowering.input_value(index, 0).shape;
  const Shape& to = lowering.output_value(index).shape;
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  for (int axis = 0; axis < to.rank(); ++axis) {
    const int own = axis - (to.rank() - from.rank());
    const int64_t stride = own < 0 || from[own] == 1 ? 0 : tables.stride(own);
    tables.set(axis, [stride](int64_t i) { return i * stride; });
  }
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kTile>(Lowering& lowering, size_t index) {
  const Shape& shape = lowering.input_value(index, 0).shape;
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int64_t stride = tables.stride(axis);
    const int64_t length = shape[axis];
    tables.set(axis, [stride, length](int64_t i) { return i % length * stride; });
  }
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kDepthToSpace>(Lowering& lowering, size_t index) {
  const auto& attributes = std::get<BlockAttributes>(lowering.node(index).attributes);
  const int64_t block = attributes.block_size;
  const int64_t channels = lowering.output_value(index).shape[1];
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  // Channels of the input between neighbouring channels and columns of a block.
  const int64_t channel = tables.stride(1) * (attributes.depth_first ? 1 : block * block);
  const int64_t column = tables.stride(1) * (attributes.depth_first ? channels : 1);
  const int64_t y = tables.stride(2);
  const int64_t x = tables.stride(3);
  keep(tables, 0);
  tables.set(1, [&](int64_t i) { return i * channel; });
  tables.set(2, [&](int64_t i) { return i / block * y + i % block * block * column; });
  tables.set(3, [&](int64_t i) { return i / block * x + i % block * column; });
  std::move(tables).emit();
  return success();
}

template <>
Status lower<Op::kSpaceToDepth>(Lowering& lowering, size_t index) {
  const int64_t block = std::get<BlockAttributes>(lowering.node(index).attributes).block_size;
  const int64_t channels = lowering.input_value(index, 0).shape[1];
  LOWBIT_ASSIGN(CopyTables tables, CopyTables::create(lowering, index));
  const int64_t channel = tables.stride(1);
  const int64_t y = tables.stride(2);
  const int64_t x = tables.stride(3);
  keep(tables, 0);
  tables.set(1, [&](int64_t i) {
    const int64_t pixel = i / channels;
    return i % channels * channel + pixel / block * y + pixel % block * x;
  });
  tables.set(2, [&](int64_t i) { return i * block * y; });
  tables.set(3, [&](int64_t i) { return i * block * x; });
  std::move(tables).emit();
  return success();
}

}  // namespace lowbit::engine
