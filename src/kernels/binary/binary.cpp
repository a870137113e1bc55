#include "kernels/binary/binary.h"

#include <algorithm>

#include "kernels/binary/blocks.h"
#include "kernels/binary/rows.h"
#include "qmath/binary_functions.h"

namespace lowbit::kernels {

namespace {

// `count` elements, `stride` apart, as kBlock of them one after the other.
void gather(const float* source, int64_t stride, int64_t count, float* block) {
  if (stride == 1) {
    std::copy_n(source, count, block);
  } else {
    for (int64_t i = 0; i < count; ++i) block[i] = source[i * stride];
  }
}

void binary_f32(const Binary& args) {
  const BlockFunction run = binary_block(args.function);
  const bool is_like = binary_info(args.function).result == BinaryResult::kLike;
  const auto* const a = static_cast<const float*>(args.a);
  const auto* const b = static_cast<const float*>(args.b);
  auto* output = static_cast<std::byte*>(args.output);
  const size_t output_bytes = is_like ? sizeof(float) : sizeof(bool);
  float block_a[kBlock] = {};
  float block_b[kBlock] = {};
  for_each_row<2>(args.dims, {&args.a_strides, &args.b_strides},
                  [&](const RowOf<2>& row, int64_t columns) {
                    for (int64_t i = 0; i < columns; i += kBlock) {
                      const int64_t count = std::min(kBlock, columns - i);
                      const auto [step_a, step_b] = row.steps;
                      gather(a + row.offsets[0] + i * step_a, step_a, count, block_a);
                      gather(b + row.offsets[1] + i * step_b, step_b, count, block_b);
                      run(block_a, block_b, output, count);
                      output += static_cast<size_t>(count) * output_bytes;
                    }
                  });
}

template <class T>
void binary_integers(const Binary& args) {
  const auto* const a = static_cast<const T*>(args.a);
  const auto* const b = static_cast<const T*>(args.b);
  const bool is_like = binary_info(args.function).result == BinaryResult::kLike;
  int64_t at = 0;
  for_each_row<2>(
      args.dims, {&args.a_strides, &args.b_strides}, [&](const RowOf<2>& row, int64_t columns) {
        for (int64_t i = 0; i < columns; ++i, ++at) {
          const auto y =
              evaluate(args.function, static_cast<int64_t>(a[row.offsets[0] + i * row.steps[0]]),
                       static_cast<int64_t>(b[row.offsets[1] + i * row.steps[1]]));
          if (is_like) {
            static_cast<T*>(args.output)[at] = static_cast<T>(y);
          } else {
            static_cast<bool*>(args.output)[at] = y != 0;
          }
        }
      });
}

template <class T>
void select_elements(const Select& args) {
  const auto* const a = static_cast<const T*>(args.a);
  const auto* const b = static_cast<const T*>(args.b);
  auto* output = static_cast<T*>(args.output);
  for_each_row<3>(args.dims, {&args.condition_strides, &args.a_strides, &args.b_strides},
                  [&](const RowOf<3>& row, int64_t columns) {
                    const auto [step_c, step_a, step_b] = row.steps;
                    for (int64_t i = 0; i < columns; ++i) {
                      *output++ = args.condition[row.offsets[0] + i * step_c]
                                      ? a[row.offsets[1] + i * step_a]
                                      : b[row.offsets[2] + i * step_b];
                    }
                  });
}

}  // namespace

void binary(const Binary& args) {
  switch (args.type) {
    case DType::kF32:
      return binary_f32(args);
    case DType::kU8:
      return binary_integers<uint8_t>(args);
    case DType::kI8:
      return binary_integers<int8_t>(args);
    case DType::kI32:
      return binary_integers<int32_t>(args);
    case DType::kI64:
      return binary_integers<int64_t>(args);
    case DType::kBool:
      return binary_integers<bool>(args);
  }
}

void select(const Select& args) {
  if (args.element_bytes == 1) return select_elements<uint8_t>(args);
  if (args.element_bytes == 4) return select_elements<uint32_t>(args);
  select_elements<uint64_t>(args);
}

}  // namespace lowbit::kernels
