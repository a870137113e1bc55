#include "tensor/dtype.h"

#include <doctest/doctest.h>

namespace lowbit {

TEST_CASE("dtype: sizes, names and C++ types agree") {
  CHECK(dtype_bytes(DType::kF32) == 4);
  CHECK(dtype_bytes(DType::kU8) == 1);
  CHECK(dtype_bytes(DType::kI8) == 1);
  CHECK(dtype_bytes(DType::kI32) == 4);
  CHECK(dtype_bytes(DType::kI64) == 8);
  CHECK(dtype_name(DType::kU8) == "uint8");
  CHECK(dtype_name(DType::kF32) == "float32");
  CHECK(dtype_of<float> == DType::kF32);
  CHECK(dtype_of<uint8_t> == DType::kU8);
  CHECK(dtype_of<int8_t> == DType::kI8);
  CHECK(dtype_of<int32_t> == DType::kI32);
  CHECK(dtype_of<int64_t> == DType::kI64);
}

}  // namespace lowbit
