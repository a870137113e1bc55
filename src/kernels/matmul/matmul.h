// Matrix product with bias, activation and, for integers, requantization in the output stage:
//
//   FP32   C[i, j] = clamp(sum_k A[i, k] * B[k, j] + bias[j], min, max)
//   INT8   C[i, j] = requantize(sum_k (A[i, k] - Za) * B[k, j] + bias[j],
//                               multiplier[j], Zc, qmin, qmax)
//
//   groups C[i, j] = requantize_groups(bias[j] * bias_multiplier[j] + sum_b acc_b * multiplier[j,
//   b],
//                                      Zc, qmin, qmax),   acc_b = the sum along block b of K
//   F32S8  as FP32, with B[k, j] = scale[j, block of k] * q[k, j]
//
// F32S8 gives the same bits in every tier: a sum starts at the bias and adds a product, rounded by
// itself, for each k in order. It is what FP32 gives with the B of the equation in the tiers
// reference and simd128.
//
// Fully connected layers, 1x1 convolutions (a product without a copy) and k x k convolutions are
// all this one product: a row of A is `taps` pieces of `depth` contiguous elements each, found
// through tables of offsets (Dukhan, "The Indirect Convolution Algorithm", 2019; here one table of
// rows and one of the pieces of a row in place of one of both). K = taps * depth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/tier.h"

namespace lowbit::kernels {

// Where the rows of A are. Row i starts at a + row_offsets[i], or at a + i * row_stride where there
// are no offsets. Its elements are found by words of four bytes, one float or four integers: word w
// of its piece t is words[t * piece_words(depth, sizeof(T)) + w] bytes behind the row's start, the
// same for every row. Vectors may be read up to 64 bytes past the end of A (Buffer::kSlackBytes);
// what is there does not matter.
template <class T>
struct MatmulRows {
  const T* a = nullptr;
  int32_t count = 0;  // M
  int32_t depth = 0;
  int32_t taps = 1;
  int32_t row_stride = 0;
  const int32_t* row_offsets = nullptr;  // [count], in elements, or nullptr
  const int32_t* words = nullptr;        // from word_offsets()
};

constexpr int32_t piece_words(int32_t depth, size_t element_bytes) {
  return (depth * static_cast<int32_t>(element_bytes) + 3) / 4;
}

// The tap_offsets of rows that are one piece.
inline constexpr int32_t kOnePiece[] = {0};

// MatmulRows::words of rows whose piece t lies tap_offsets[t] elements behind the row's start; the
// first lies there itself.
std::vector<int32_t> word_offsets(std::span<const int32_t> tap_offsets, int32_t depth,
                                  size_t element_bytes);

// Largest K for which every sum of the INT8 product provably fits int32, whatever the operands and
// the order: |A - Za| <= 255 and |B| <= 128, so |sum| <= K * 255 * 128; with |bias| <= 2^30 it
// stays within 2^31 - 1 while K * 32640 < 2^30.
inline constexpr int32_t kMaxMatmulU8S8Depth = 32896;
static_assert(kMaxMatmulU8S8Depth * int64_t{255 * 128} < int64_t{1} << 30);
static_assert((kMaxMatmulU8S8Depth + 1) * int64_t{255 * 128} >= int64_t{1} << 30);

// The U8S4 product: the same, and the same integers, of weights in [-8, 7], which are packed two in
// a byte. Largest K for which every tier has it, a bound that kernels/matmul/unpacking.h needs.
inline constexpr int32_t kMaxMatmulU8S4Depth = 8184;

// The products in groups: K is cut into blocks of block_size, the last one may be shorter. U8S8:
// at most kMaxBlockSize (qmath/requantize_groups.h), and any K.
constexpr int32_t block_count(int32_t k, int32_t block_size) {
  return (k + block_size - 1) / block_size;
}

// How far from zero a sum times its multiplier may be where MatmulU8S8::is_bounded: where SIMD
// kernels round by adding, and need not clamp before.
inline constexpr double kMaxScaledSum = 0x1p22;

// Packing, once at load.
struct PackMatmulF32 {
  const float* weights = nullptr;  // [columns][taps][depth] (OHWI for a convolution)
  const float* bias = nullptr;     // [columns] or nullptr
  int32_t columns = 0;             // N
  int32_t taps = 1;
  int32_t depth = 0;
  void* packed = nullptr;  // packed_matmul_f32_bytes() bytes, 64-byte aligned
};

struct PackMatmulU8S8 {
  const int8_t* weights = nullptr;    // [columns][taps][depth]
  const int32_t* bias = nullptr;      // [columns] or nullptr
  const float* multiplier = nullptr;  // [columns]; in groups [columns][blocks]
  int32_t input_zero_point = 0;
  int32_t columns = 0;
  int32_t taps = 1;
  int32_t depth = 0;
  void* packed = nullptr;  // packed_matmul_u8s8_bytes(), ..._u8s4_bytes() or ..._groups_bytes()
                           // bytes, 64-byte aligned
  // In groups only.
  int32_t block_size = 0;
  const float* bias_multiplier = nullptr;  // [columns]
};

struct PackMatmulF32S8 {
  const int8_t* weights = nullptr;  // [columns][taps][depth]
  const float* scale = nullptr;     // [columns][blocks]
  const float* bias = nullptr;      // [columns] or nullptr
  int32_t columns = 0;
  int32_t taps = 1;
  int32_t depth = 0;
  int32_t block_size = 0;  // K where a column has one scale
  void* packed = nullptr;  // packed_matmul_f32s8_bytes() bytes, 64-byte aligned
};

size_t packed_matmul_f32_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth);
size_t packed_matmul_u8s8_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth);
size_t packed_matmul_u8s4_bytes(Tier tier, int32_t columns, int32_t taps, int32_t depth);
size_t packed_matmul_u8s8_groups_bytes(Tier tier, int32_t columns, int32_t k, int32_t block_size);
size_t packed_matmul_f32s8_bytes(Tier tier, int32_t columns, int32_t k, int32_t block_size);
// Of MatmulF32S8::unpacked.
size_t unpacked_matmul_f32s8_bytes(Tier tier, int32_t k);

struct MatmulF32 {
  MatmulRows<float> rows;
  const void* packed = nullptr;
  int32_t columns = 0;
  float* c = nullptr;
  int32_t c_stride = 0;  // elements between rows of C
  float min = 0;         // -inf, +inf for no activation
  float max = 0;
};

struct MatmulF32S8 : MatmulF32 {
  int32_t block_size = 0;    // the one that was packed for
  void* unpacked = nullptr;  // memory for real weights, 64-byte aligned
};

struct MatmulU8S8 {
  MatmulRows<uint8_t> rows;
  const void* packed = nullptr;
  int32_t columns = 0;
  uint8_t* c = nullptr;
  int32_t c_stride = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;  // the activation's bounds, quantized, within the output's range
  int32_t qmax = 255;
  // Not in groups: whether the packed weights are known to give no sum that leaves +-kMaxScaledSum,
  // which saves time.
  bool is_bounded = false;
  int32_t block_size = 0;  // in groups only: the one that was packed for
};

}  // namespace lowbit::kernels
