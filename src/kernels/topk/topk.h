// The k greatest or least numbers along an axis, and where they are. One tier: rows are sorted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/dtype.h"

namespace lowbit::kernels {

// A number as an integer of the same order, and where it was.
struct RankedNumber {
  int64_t rank;
  int64_t index;
};

// Input [outer][count][inner], outputs [outer][k][inner]; 1 <= k <= count. NaN counts as the
// greatest of all. The output is int64 where indices are asked for, else of the input's type.
struct TopK {
  const void* input = nullptr;
  void* output = nullptr;
  RankedNumber* row = nullptr;  // [count], scratch
  int64_t outer = 1;
  int64_t count = 1;
  int64_t inner = 1;
  int64_t k = 1;
  bool largest = true;
  bool gives_indices = false;
  bool last_first = false;   // of equal ones that with the greater index comes first
  DType type = DType::kF32;  // not bool
};

void top_k(const TopK& args);

}  // namespace lowbit::kernels
