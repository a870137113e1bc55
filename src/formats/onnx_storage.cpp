#include "formats/onnx_storage.h"

#include <algorithm>

#include "formats/half.h"
#include "formats/onnx_tensor.h"

namespace lowbit {

namespace {

template <class T>
bool all_within(const Tensor& tensor, T low, T high) {
  return std::ranges::all_of(tensor.data<T>(), [&](T x) { return x >= low && x <= high; });
}

bool fits_int4(const Tensor& tensor) {
  return tensor.dtype() == DType::kI8 && all_within<int8_t>(tensor, -8, 7);
}

std::vector<std::byte> as_int16(std::span<const int32_t> source) {
  const std::vector<int16_t> narrow(source.begin(), source.end());
  const auto bytes = std::as_bytes(std::span(narrow));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> as_int4(std::span<const int8_t> source) {
  std::vector<std::byte> bytes((source.size() + 1) / 2);
  for (size_t i = 0; i < source.size(); ++i) {
    bytes[i / 2] |= static_cast<std::byte>((source[i] & 15) << (4 * (i % 2)));
  }
  return bytes;
}

std::vector<std::byte> as_float16(std::span<const float> source) {
  std::vector<uint16_t> halves(source.size());
  std::ranges::transform(source, halves.begin(), float_to_half);
  const auto bytes = std::as_bytes(std::span(halves));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

StoredConstant store(const Tensor& tensor, const SaveOptions& options) {
  switch (tensor.dtype()) {
    case DType::kI32:
      if (all_within<int32_t>(tensor, INT16_MIN, INT16_MAX)) {
        return {OnnxType::kInt16, as_int16(tensor.data<int32_t>())};
      }
      break;
    case DType::kI8:
      if (options.int4 && fits_int4(tensor)) {
        return {OnnxType::kInt4, as_int4(tensor.data<int8_t>())};
      }
      break;
    case DType::kF32:
      if (options.float16 && all_within<float>(tensor, -kLargestHalf, kLargestHalf)) {
        return {OnnxType::kFloat16, as_float16(tensor.data<float>())};
      }
      break;
    case DType::kU8:
    case DType::kI64:
    case DType::kBool:
      break;
  }
  return {onnx_type(tensor.dtype()), {}};
}

int64_t storage_opset(const Graph& graph, const SaveOptions& options) {
  const auto is_int4 = [](const Value& value) {
    return value.constant && fits_int4(*value.constant);
  };
  return options.int4 && std::ranges::any_of(graph.values, is_int4) ? 21 : 1;
}

}  // namespace lowbit
