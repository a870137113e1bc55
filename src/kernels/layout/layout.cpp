#include "kernels/layout/layout.h"

#include <algorithm>

#include "kernels/simd.h"

namespace lowbit::kernels {

namespace {

// Both sides of a tile stay in the first-level cache.
constexpr size_t kTile = 32;

// Interleaves the elements of two vectors: a0 b0 a1 b1 ...
v128_t zip_low_u32(v128_t a, v128_t b) { return wasm_i32x4_shuffle(a, b, 0, 4, 1, 5); }
v128_t zip_high_u32(v128_t a, v128_t b) { return wasm_i32x4_shuffle(a, b, 2, 6, 3, 7); }
v128_t zip_low_u64(v128_t a, v128_t b) { return wasm_i64x2_shuffle(a, b, 0, 2); }
v128_t zip_high_u64(v128_t a, v128_t b) { return wasm_i64x2_shuffle(a, b, 1, 3); }
v128_t zip_low_u16(v128_t a, v128_t b) {
  return wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}
v128_t zip_high_u16(v128_t a, v128_t b) {
  return wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
}
v128_t zip_low_u8(v128_t a, v128_t b) {
  return wasm_i8x16_shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

v128_t zip_high_u8(v128_t a, v128_t b) {
  return wasm_i8x16_shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// A square block of a matrix, transposed: 4 x 4 of 32 bits, 8 x 8 bytes. Others have none.
template <class T>
struct Block {
  static constexpr size_t kSize = 0;
};

template <>
struct Block<uint32_t> {
  static constexpr size_t kSize = 4;
  static void move(const uint32_t* input, size_t input_stride, uint32_t* output,
                   size_t output_stride) {
    const v128_t a = wasm_v128_load(input);
    const v128_t b = wasm_v128_load(input + input_stride);
    const v128_t c = wasm_v128_load(input + 2 * input_stride);
    const v128_t d = wasm_v128_load(input + 3 * input_stride);
    const v128_t ab_low = zip_low_u32(a, b), ab_high = zip_high_u32(a, b);
    const v128_t cd_low = zip_low_u32(c, d), cd_high = zip_high_u32(c, d);
    wasm_v128_store(output, zip_low_u64(ab_low, cd_low));
    wasm_v128_store(output + output_stride, zip_high_u64(ab_low, cd_low));
    wasm_v128_store(output + 2 * output_stride, zip_low_u64(ab_high, cd_high));
    wasm_v128_store(output + 3 * output_stride, zip_high_u64(ab_high, cd_high));
  }
};

template <>
struct Block<uint8_t> {
  static constexpr size_t kSize = 8;
  static void move(const uint8_t* input, size_t input_stride, uint8_t* output,
                   size_t output_stride) {
    v128_t pairs[4];  // of rows
    for (size_t i = 0; i < 4; ++i) {
      pairs[i] = zip_low_u8(wasm_v128_load64_zero(input + 2 * i * input_stride),
                            wasm_v128_load64_zero(input + (2 * i + 1) * input_stride));
    }
    const v128_t first_low = zip_low_u16(pairs[0], pairs[1]);
    const v128_t first_high = zip_high_u16(pairs[0], pairs[1]);
    const v128_t last_low = zip_low_u16(pairs[2], pairs[3]);
    const v128_t last_high = zip_high_u16(pairs[2], pairs[3]);
    const v128_t columns[4] = {zip_low_u32(first_low, last_low), zip_high_u32(first_low, last_low),
                               zip_low_u32(first_high, last_high),
                               zip_high_u32(first_high, last_high)};
    for (size_t i = 0; i < 4; ++i) {
      wasm_v128_store64_lane(output + 2 * i * output_stride, columns[i], 0);
      wasm_v128_store64_lane(output + (2 * i + 1) * output_stride, columns[i], 1);
    }
  }
};

// output[j][i] = input[i][j]
template <class T>
void transpose_scalar(const T* input, size_t input_stride, size_t rows, size_t columns, T* output,
                      size_t output_stride) {
  for (size_t j = 0; j < columns; ++j) {
    for (size_t i = 0; i < rows; ++i) output[j * output_stride + i] = input[i * input_stride + j];
  }
}

// Four pixels of four bytes to pixels of their first three. Loaded: a shuffle's mask is made anew
// at each use.
constexpr uint8_t kFirstThree[16] = {0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15};

// Three planes to pixels of three: the images that most models begin with. Returns how many pixels
// were moved; whole vectors are written, within the pixels.
size_t interleave_planes(const uint8_t* input, size_t plane, uint8_t* output) {
  const v128_t first_three = wasm_v128_load(kFirstThree);
  const v128_t zero = wasm_i8x16_splat(0);
  size_t i = 0;
  // The last vector of a block begins with its last four pixels, 12 bytes.
  for (; i + 18 <= plane; i += 16) {
    const v128_t a = wasm_v128_load(input + i);
    const v128_t b = wasm_v128_load(input + plane + i);
    const v128_t c = wasm_v128_load(input + 2 * plane + i);
    const v128_t ab_low = zip_low_u8(a, b), ab_high = zip_high_u8(a, b);
    const v128_t c_low = zip_low_u8(c, zero), c_high = zip_high_u8(c, zero);
    for (const v128_t& pixels : {zip_low_u16(ab_low, c_low), zip_high_u16(ab_low, c_low),
                                 zip_low_u16(ab_high, c_high), zip_high_u16(ab_high, c_high)}) {
      wasm_v128_store(output, wasm_i8x16_swizzle(pixels, first_three));
      output += 12;
    }
  }
  return i;
}

size_t interleave_planes(const uint32_t* input, size_t plane, uint32_t* output) {
  size_t i = 0;
  for (; i + 4 <= plane; i += 4) {
    const v128_t a = wasm_v128_load(input + i);
    const v128_t b = wasm_v128_load(input + plane + i);
    const v128_t c = wasm_v128_load(input + 2 * plane + i);
    const v128_t ab = zip_low_u32(a, b);                     // a0 b0 a1 b1
    const v128_t bc = wasm_i32x4_shuffle(b, c, 1, 5, 2, 6);  // b1 c1 b2 c2
    const v128_t ca = wasm_i32x4_shuffle(c, a, 0, 5, 2, 7);  // c0 a1 c2 a3
    const v128_t last = wasm_i32x4_shuffle(b, c, 3, 7, 3, 7);
    wasm_v128_store(output, wasm_i32x4_shuffle(ab, ca, 0, 1, 4, 5));
    wasm_v128_store(output + 4, wasm_i32x4_shuffle(bc, a, 0, 1, 6, 2));
    wasm_v128_store(output + 8, wasm_i32x4_shuffle(ca, last, 2, 3, 4, 5));
    output += 12;
  }
  return i;
}

template <class T>
void transpose_tile(const T* input, size_t input_stride, size_t rows, size_t columns, T* output,
                    size_t output_stride) {
  size_t whole_rows = 0;
  size_t whole_columns = 0;
  if constexpr (Block<T>::kSize > 0) {
    constexpr size_t kSize = Block<T>::kSize;
    whole_rows = rows - rows % kSize;
    whole_columns = columns - columns % kSize;
    for (size_t i = 0; i < whole_rows; i += kSize) {
      for (size_t j = 0; j < whole_columns; j += kSize) {
        Block<T>::move(input + i * input_stride + j, input_stride, output + j * output_stride + i,
                       output_stride);
      }
    }
  }
  transpose_scalar(input + whole_columns, input_stride, whole_rows, columns - whole_columns,
                   output + whole_columns * output_stride, output_stride);
  transpose_scalar(input + whole_rows * input_stride, input_stride, rows - whole_rows, columns,
                   output + whole_rows, output_stride);
}

// [batch][rows][columns] to [batch][columns][rows].
template <class T>
void transpose_all(const void* input, void* output, size_t batch, size_t rows, size_t columns) {
  const T* source = static_cast<const T*>(input);
  T* target = static_cast<T*>(output);
  for (size_t n = 0; n < batch; ++n) {
    size_t first = 0;
    if constexpr (sizeof(T) <= 4) {
      if (rows == 3) first = interleave_planes(source, columns, target);
    }
    for (size_t i = 0; i < rows; i += kTile) {
      for (size_t j = first; j < columns; j += kTile) {
        transpose_tile(source + i * columns + j, columns, std::min(kTile, rows - i),
                       std::min(kTile, columns - j), target + j * rows + i, rows);
      }
    }
    source += rows * columns;
    target += rows * columns;
  }
}

void transpose(const void* input, void* output, int64_t batch, int64_t rows, int64_t columns,
               size_t element_bytes) {
  const auto images = static_cast<size_t>(batch);
  const auto row_count = static_cast<size_t>(rows);
  const auto column_count = static_cast<size_t>(columns);
  if (rows == 1 || columns == 1) {
    std::copy_n(static_cast<const std::byte*>(input),
                images * row_count * column_count * element_bytes, static_cast<std::byte*>(output));
    return;
  }
  switch (element_bytes) {
    case 1:
      return transpose_all<uint8_t>(input, output, images, row_count, column_count);
    case 4:
      return transpose_all<uint32_t>(input, output, images, row_count, column_count);
    case 8:
      return transpose_all<uint64_t>(input, output, images, row_count, column_count);
    default:
      return;
  }
}

}  // namespace

void nchw_to_nhwc(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes) {
  transpose(input, output, batch, channels, height * width, element_bytes);
}

void nhwc_to_nchw(const void* input, void* output, int64_t batch, int64_t channels, int64_t height,
                  int64_t width, size_t element_bytes) {
  transpose(input, output, batch, height * width, channels, element_bytes);
}

}  // namespace lowbit::kernels
