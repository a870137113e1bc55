// How K is cut for packing.
#pragma once

#include <cstdint>

namespace lowbit::kernels {

// B's rows are packed piece by piece, each padded with zeros to a multiple of the kernel's step;
// what integers A has there does not matter.
struct PieceSizes {
  int32_t count = 1;   // taps
  int32_t length = 0;  // depth
  int32_t padded_length = 0;

  constexpr PieceSizes(int32_t taps, int32_t depth, int32_t step)
      : count(taps), length(depth), padded_length((depth + step - 1) / step * step) {}
  constexpr int64_t packed_k() const { return int64_t{count} * padded_length; }
};

}  // namespace lowbit::kernels
