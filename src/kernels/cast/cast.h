// Element types changed (qmath/cast.h), and bool negated. One tier: these are short arrays mostly.
#pragma once

#include <cstdint>

#include "tensor/dtype.h"

namespace lowbit::kernels {

struct Cast {
  const void* input = nullptr;
  void* output = nullptr;
  int64_t count = 0;
  DType from = DType::kF32;
  DType to = DType::kF32;
  bool to_half = false;  // round what is float32 to what float16 holds
};

void cast(const Cast& args);

// output may be input.
struct LogicalNot {
  const bool* input = nullptr;
  bool* output = nullptr;
  int64_t count = 0;
};

void logical_not(const LogicalNot& args);

}  // namespace lowbit::kernels
