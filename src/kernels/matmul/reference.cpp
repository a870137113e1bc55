#include "kernels/kernels.h"
#include "kernels/matmul/dequantized.h"
#include "kernels/matmul/groups.h"
#include "kernels/matmul/nibbles.h"
#include "kernels/matmul/rows.h"
#include "kernels/matmul/unpacking.h"
#include "kernels/packed.h"
#include "qmath/quantize.h"
#include "qmath/requantize_groups.h"

namespace lowbit::kernels {

void matmul_f32__reference(const MatmulF32& m) {
  const MatmulRows<float>& rows = m.rows;
  const ReferencePackedF32 layout(m.columns);
  const float* bias = part<float>(m.packed, layout.bias);
  for (int32_t i = 0; i < rows.count; ++i) {
    const float* weights = part<float>(m.packed, layout.weights);
    for (int32_t j = 0; j < m.columns; ++j) {
      float sum = bias[j];
      for (int32_t t = 0; t < rows.taps; ++t) {
        const float* a = row_piece(rows, i, t);
        for (int32_t d = 0; d < rows.depth; ++d) sum += a[d] * *weights++;
      }
      const float above = sum < m.min ? m.min : sum;
      m.c[ptrdiff_t{i} * m.c_stride + j] = above > m.max ? m.max : above;
    }
  }
}

void matmul_u8s8__reference(const MatmulU8S8& m) {
  const MatmulRows<uint8_t>& rows = m.rows;
  const ReferencePackedU8S8 layout(m.columns);
  const int32_t zero_point = *part<int32_t>(m.packed, layout.input_zero_point);
  const int32_t* bias = part<int32_t>(m.packed, layout.bias);
  const float* multiplier = part<float>(m.packed, layout.multiplier);
  for (int32_t i = 0; i < rows.count; ++i) {
    const int8_t* weights = part<int8_t>(m.packed, layout.weights);
    for (int32_t j = 0; j < m.columns; ++j) {
      int32_t sum = bias[j];
      for (int32_t t = 0; t < rows.taps; ++t) {
        const uint8_t* a = row_piece(rows, i, t);
        for (int32_t d = 0; d < rows.depth; ++d) sum += (a[d] - zero_point) * *weights++;
      }
      m.c[ptrdiff_t{i} * m.c_stride + j] =
          static_cast<uint8_t>(requantize(sum, multiplier[j], m.output_zero_point, m.qmin, m.qmax));
    }
  }
}

namespace {

void unpack_column(const std::byte* nibbles, std::byte* weights, size_t byte_count) {
  for (size_t k = 0; k < byte_count; ++k) {
    const int nibble = static_cast<int>(nibbles[k / 2]) >> k % 2 * 4 & 0x0f;
    weights[k] = static_cast<std::byte>((nibble ^ 8) - 8);
  }
}

}  // namespace

void matmul_u8s4__reference(const MatmulU8S8& m) {
  const int32_t k = m.rows.taps * m.rows.depth;
  const size_t header_bytes = ReferencePackedU8S8(1).weights;
  run_unpacked(m,
               {.columns = 1,
                .header_bytes = header_bytes,
                .u8s4_bytes = reference_u8s4_column_bytes(k),
                .u8s8_bytes = header_bytes + static_cast<size_t>(k),
                .unpack = unpack_column},
               matmul_u8s8__reference);
}

void matmul_u8s8_groups__reference(const MatmulU8S8& m) {
  const MatmulRows<uint8_t>& rows = m.rows;
  const int32_t k = rows.taps * rows.depth;
  const ReferencePackedGroups layout(m.columns, block_count(k, m.block_size));
  const int32_t zero_point = *part<int32_t>(m.packed, layout.input_zero_point);
  const float* bias = part<float>(m.packed, layout.bias);
  for (int32_t i = 0; i < rows.count; ++i) {
    const float* multiplier = part<float>(m.packed, layout.multiplier);
    const int8_t* weights = part<int8_t>(m.packed, layout.weights);
    for (int32_t j = 0; j < m.columns; ++j) {
      float sum = bias[j];
      int32_t accumulator = 0;
      for (int32_t at = 0; at < k; ++at) {
        const uint8_t* a = row_piece(rows, i, at / rows.depth) + at % rows.depth;
        accumulator += (*a - zero_point) * *weights++;
        if ((at + 1) % m.block_size > 0 && at + 1 < k) continue;
        sum += group_term(accumulator, *multiplier++);
        accumulator = 0;
      }
      m.c[ptrdiff_t{i} * m.c_stride + j] =
          static_cast<uint8_t>(requantize_groups(sum, m.output_zero_point, m.qmin, m.qmax));
    }
  }
}

namespace {

void dequantize_column(const int8_t* weights, const float* scale, int32_t rows, float* target) {
  for (int32_t row = 0; row < rows; ++row) target[row] = dequantize(weights[row], *scale, 0);
}

}  // namespace

void matmul_f32s8__reference(const MatmulF32S8& m) {
  run_dequantized(
      m, {.columns = 1, .dequantize = dequantize_column, .multiply = matmul_f32__reference});
}

}  // namespace lowbit::kernels
