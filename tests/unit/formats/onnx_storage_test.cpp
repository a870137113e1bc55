#include "formats/onnx_storage.h"

#include <doctest/doctest.h>

#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

template <class T>
StoredConstant stored(const std::vector<T>& values, const SaveOptions& options) {
  const Shape shape{static_cast<int64_t>(values.size())};
  return store(must(Tensor::from_values<T>(shape, std::span<const T>(values))), options);
}

std::vector<int> numbers(const std::vector<std::byte>& bytes) {
  std::vector<int> result;
  for (const std::byte byte : bytes) result.push_back(static_cast<int>(byte));
  return result;
}

constexpr SaveOptions kSmall{.float16 = true, .int4 = true};

}  // namespace

TEST_CASE("elements of 4 bits lie two in a byte, the first in its low half") {
  const StoredConstant constant = stored<int8_t>({1, -2, 7, -8, 3}, kSmall);
  CHECK(constant.type == OnnxType::kInt4);
  CHECK(numbers(constant.bytes) == std::vector{0xe1, 0x87, 0x03});
}

TEST_CASE("constants stay as they are where they do not fit, or nobody asked") {
  CHECK(stored<int8_t>({1, 8}, kSmall).type == OnnxType::kInt8);
  CHECK(stored<int8_t>({1, -9}, kSmall).type == OnnxType::kInt8);
  CHECK(stored<int8_t>({1, 2}, {}).type == OnnxType::kInt8);
  CHECK(stored<float>({1.0f, 65505.0f}, kSmall).type == OnnxType::kFloat);
  CHECK(stored<float>({1.0f, std::numeric_limits<float>::quiet_NaN()}, kSmall).type ==
        OnnxType::kFloat);
  CHECK(stored<float>({1.0f}, {}).type == OnnxType::kFloat);
  CHECK(stored<int32_t>({1, 32768}, kSmall).type == OnnxType::kInt32);
  CHECK(stored<uint8_t>({1}, kSmall).type == OnnxType::kUint8);
  CHECK(stored<float>({1.0f}, {}).bytes.empty());
}

TEST_CASE("reals become halves, biases 16 bits") {
  const StoredConstant halves = stored<float>({1.0f, -65504.0f}, kSmall);
  CHECK(halves.type == OnnxType::kFloat16);
  CHECK(numbers(halves.bytes) == std::vector{0x00, 0x3c, 0xff, 0xfb});
  const StoredConstant biases = stored<int32_t>({-2, 32767}, {});
  CHECK(biases.type == OnnxType::kInt16);
  CHECK(numbers(biases.bytes) == std::vector{0xfe, 0xff, 0xff, 0x7f});
}
