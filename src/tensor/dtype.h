// Element types. The list names the C++ type, the size in bytes and the number that ONNX gives it
// (onnx.proto, TensorProto.DataType).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#define LOWBIT_DTYPES(X)      \
  X(F32, float, "float32", 1) \
  X(U8, uint8_t, "uint8", 2)  \
  X(I8, int8_t, "int8", 3)    \
  X(I32, int32_t, "int32", 6) \
  X(I64, int64_t, "int64", 7) \
  X(Bool, bool, "bool", 9)

namespace lowbit {

enum class DType : uint8_t {
#define X(name, type, text, onnx) k##name,
  LOWBIT_DTYPES(X)
#undef X
};

constexpr size_t dtype_bytes(DType dtype) {
  switch (dtype) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return sizeof(type);
    LOWBIT_DTYPES(X)
#undef X
  }
  return 0;
}

constexpr std::string_view dtype_name(DType dtype) {
  switch (dtype) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return text;
    LOWBIT_DTYPES(X)
#undef X
  }
  return "";
}

// By its name.
constexpr std::optional<DType> find_dtype(std::string_view name) {
#define X(type_name, type, text, onnx) \
  if (name == text) return DType::k##type_name;
  LOWBIT_DTYPES(X)
#undef X
  return std::nullopt;
}

// dtype_of<float> is DType::kF32, and so on.
template <class T>
inline constexpr DType dtype_of = DType::kF32;
#define X(name, type, text, onnx) \
  template <>                     \
  inline constexpr DType dtype_of<type> = DType::k##name;
LOWBIT_DTYPES(X)
#undef X

}  // namespace lowbit
