// Elements that move: copies by one table per axis, copies by indices that are computed, and sums
// of neighbours along an axis. One tier: what takes time is memory, or loops over rows of which the
// compiler makes SIMD.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "tensor/shape.h"

namespace lowbit::kernels {

// output[i0][i1]... = input[first + offsets[0][i0] + offsets[1][i1] + ...]: Transpose, Slice, Pad,
// Expand, Tile and many others differ in the tables only. Where an offset is kFill the output is
// `fill`. What is copied at once is a run of `run` consecutive elements.
struct CopyByAxis {
  static constexpr int32_t kFill = -1;

  const std::byte* input = nullptr;
  std::byte* output = nullptr;  // dense, [dims][run]
  Shape dims;
  std::array<const int32_t*, kMaxRank> offsets{};  // in elements, not negative but for kFill
  int64_t first = 0;                               // in elements
  int64_t run = 1;
  int64_t element_bytes = 4;
  std::array<std::byte, 8> fill{};  // of one element
};

void copy_by_axis(const CopyByAxis& args);

// output[o][i] = input[o][indices[i]], pieces of `bytes`; input is [outer][length], output
// [outer][count]. A negative index counts from the end. One that is out of range is clamped into
// it, as a kernel raises no errors.
struct Gather {
  const std::byte* input = nullptr;
  const void* indices = nullptr;  // int64_t or int32_t
  std::byte* output = nullptr;
  int64_t outer = 1;
  int64_t length = 1;
  int64_t count = 1;
  int64_t bytes = 4;
  bool is_wide = true;  // int64_t
};

void gather(const Gather& args);

// output[o][i] = sum over t of weights[i * taps + t] * input[o][places[i * taps + t]], rows of
// `inner` floats; input is [outer][input_length], output [outer][output_length]. Where the first
// place is negative the output is `fill`.
struct InterpolateF32 {
  const float* input = nullptr;
  float* output = nullptr;
  const int32_t* places = nullptr;
  const float* weights = nullptr;
  int64_t outer = 1;
  int64_t input_length = 1;
  int64_t output_length = 1;
  int64_t inner = 1;
  int64_t taps = 2;
  float fill = 0;
};

void interpolate_f32(const InterpolateF32& args);

}  // namespace lowbit::kernels
