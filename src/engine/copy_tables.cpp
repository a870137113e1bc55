#include "engine/copy_tables.h"

#include <cstring>

#include "engine/steps.h"
#include "qmath/quantize.h"

namespace lowbit::engine {

namespace {

template <class T>
std::array<std::byte, 8> bytes_of(T element) {
  std::array<std::byte, 8> bytes{};
  std::memcpy(bytes.data(), &element, sizeof(T));
  return bytes;
}

// Indices follow each other as the elements of a run of `run` do.
bool continues_run(const int32_t* offsets, int64_t count, int64_t run) {
  if (offsets[0] == CopyTables::kFill) return false;
  for (int64_t i = 1; i < count; ++i) {
    if (offsets[i] != offsets[0] + i * run) return false;
  }
  return true;
}

}  // namespace

std::array<std::byte, 8> element_bytes_of(double real, const Value& value) {
  if (value.quant) {
    const QuantParams& q = *value.quant;
    return bytes_of(static_cast<uint8_t>(
        quantize(static_cast<float>(real), q.scale[0], q.zero_point[0], q.qmin, q.qmax)));
  }
  switch (value.dtype) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return bytes_of(static_cast<type>(real));
    LOWBIT_DTYPES(X)
#undef X
  }
  return {};
}

Result<CopyTables> CopyTables::create(Lowering& lowering, size_t node) {
  LOWBIT_TRY(check_like_output(lowering, node, 0));
  CopyTables tables(lowering, node);
  tables.shape_ = lowering.output_value(node).shape;
  tables.input_layout_ = lowering.input_layout(node, 0);
  tables.strides_ = axis_strides(lowering.input_value(node, 0).shape, tables.input_layout_);
  int64_t count = 0;
  for (int axis = 0; axis < tables.shape_.rank(); ++axis) {
    tables.starts_[static_cast<size_t>(axis)] = count;
    count += tables.shape_[axis];
  }
  LOWBIT_ASSIGN(const int32_t bytes, lowering.to_int32(node, count * int64_t{sizeof(int32_t)},
                                                       "the size of its tables"));
  LOWBIT_ASSIGN(tables.tables_, lowering.allocate_constant(node, static_cast<size_t>(bytes)));
  return tables;
}

int32_t* CopyTables::offsets_of(int axis) const {
  return reinterpret_cast<int32_t*>(tables_->data()) + starts_[static_cast<size_t>(axis)];
}

kernels::CopyByAxis CopyTables::call_in(Layout layout) const {
  kernels::CopyByAxis call;
  call.first = first_;
  call.fill = fill_;
  int rank = shape_.rank();
  for (; rank > 0; --rank) {
    const int axis = axis_of_memory(layout, rank - 1);
    const int32_t* const offsets = offsets_of(axis);
    if (!continues_run(offsets, shape_[axis], call.run)) break;
    call.first += offsets[0];
    call.run *= shape_[axis];
  }
  std::vector<int64_t> dims;
  for (int i = 0; i < rank; ++i) {
    const int axis = axis_of_memory(layout, i);
    dims.push_back(shape_[axis]);
    call.offsets[static_cast<size_t>(i)] = offsets_of(axis);
  }
  call.dims = *Shape::from_dims(dims);
  return call;
}

Layout CopyTables::best_layout() const {
  const Layout usual = activation_layout(shape_);
  if (usual == Layout::kRowMajor) return usual;
  const int64_t row_major = call_in(Layout::kRowMajor).run;
  const int64_t channels_last = call_in(Layout::kChannelsLast).run;
  if (row_major != channels_last) {
    return row_major > channels_last ? Layout::kRowMajor : Layout::kChannelsLast;
  }
  const bool is_image = lowering_.input_value(node_, 0).shape.rank() == shape_.rank();
  return is_image ? input_layout_ : usual;
}

void CopyTables::emit() && {
  const Layout layout = best_layout();
  kernels::CopyByAxis call = call_in(layout);
  const Value& output = lowering_.output_value(node_);
  call.element_bytes = static_cast<int64_t>(dtype_bytes(output.dtype));
  const bool is_input = source_ == kNoSlot;
  const Slot from = is_input ? lowering_.input_slot(node_, 0, input_layout_) : source_;
  const Value& input = lowering_.input_value(node_, 0);
  const bool stays = call.dims.rank() == 0 && value_bytes(input) == value_bytes(output);
  if (stays && (!is_input || lowering_.may_overwrite(node_, lowering_.node(node_).inputs[0]))) {
    lowering_.reuse_slot_for_output(node_, from, layout);
    return;
  }
  const Slot to = lowering_.make_output_slot(node_, layout);
  lowering_.emit(make_step(&kernels::copy_by_axis, call,
                           [from, to, tables = std::move(tables_)](kernels::CopyByAxis& arguments,
                                                                   const Memory& memory) {
                             arguments.input = memory.at<std::byte>(from);
                             arguments.output = memory.at<std::byte>(to);
                           }),
                 {from, to});
}

}  // namespace lowbit::engine
