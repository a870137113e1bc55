#include "formats/onnx_tensor.h"

#include <doctest/doctest.h>

#include <limits>

#include "formats/onnx_reader.h"
#include "support/check_error.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Result<Tensor> decode(const WireWriter& message, uint64_t budget = kMaxTensorBytes) {
  const OnnxTensor source = must(parse_onnx_tensor(Slice{message.result(), 0}));
  return decode_onnx_tensor(source, "t", {}, budget);
}

template <class T>
void check_elements(const WireWriter& message, const std::vector<T>& expected) {
  const Tensor tensor = must(decode(message));
  REQUIRE(tensor.dtype() == dtype_of<T>);
  const std::span<const T> elements = tensor.data<T>();
  CHECK(std::vector<T>(elements.begin(), elements.end()) == expected);
}

}  // namespace

TEST_CASE("raw and typed data hold the same elements, for every type") {
  check_elements<float>(raw_tensor<float>("t", kOnnxFloat, {2}, {1.5f, -2}), {1.5f, -2});
  WireWriter floats = tensor_header("t", kOnnxFloat, {2});
  floats.real(4, 1.5f);
  floats.real(4, -2);
  check_elements<float>(floats, {1.5f, -2});

  const std::vector<int8_t> i8{-128, 0, 127};
  check_elements<int8_t>(raw_tensor("t", kOnnxInt8, {3}, i8), i8);
  check_elements<int8_t>(typed_tensor("t", kOnnxInt8, 5, {3}, {-128, 0, 127}), i8);

  const std::vector<uint8_t> u8{0, 128, 255};
  check_elements<uint8_t>(raw_tensor("t", kOnnxUint8, {3}, u8), u8);
  check_elements<uint8_t>(typed_tensor("t", kOnnxUint8, 5, {3}, {0, 128, 255}), u8);

  const std::vector<int32_t> i32{std::numeric_limits<int32_t>::min(), 7};
  check_elements<int32_t>(raw_tensor("t", kOnnxInt32, {2}, i32), i32);
  check_elements<int32_t>(typed_tensor("t", kOnnxInt32, 5, {2}, {i32[0], 7}), i32);

  const std::vector<int64_t> i64{std::numeric_limits<int64_t>::min(), -1};
  check_elements<int64_t>(raw_tensor("t", kOnnxInt64, {2}, i64), i64);
  check_elements<int64_t>(typed_tensor("t", kOnnxInt64, 7, {2}, i64), i64);
}

TEST_CASE("half precision becomes float32, from raw data and from int32_data") {
  const std::vector<float> expected{1.0f, -0x1p-24f};
  check_elements<float>(raw_tensor<uint16_t>("t", kOnnxFloat16, {2}, {0x3c00, 0x8001}), expected);
  check_elements<float>(typed_tensor("t", kOnnxFloat16, 5, {2}, {0x3c00, 0x8001}), expected);
  check_error(decode(typed_tensor("t", kOnnxFloat16, 5, {1}, {0x10000})), ErrorCode::kInvalidModel,
              "range of float16");
}

TEST_CASE("int16 becomes int32, from raw data and from int32_data") {
  const std::vector<int32_t> expected{-32768, 32767};
  check_elements<int32_t>(raw_tensor<int16_t>("t", kOnnxInt16, {2}, {-32768, 32767}), expected);
  check_elements<int32_t>(typed_tensor("t", kOnnxInt16, 5, {2}, {-32768, 32767}), expected);
  check_error(decode(typed_tensor("t", kOnnxInt16, 5, {1}, {32768})), ErrorCode::kInvalidModel,
              "range of int16");
}

TEST_CASE("int4 and uint4 become 8 bits, from two elements in each byte") {
  const std::vector<int8_t> i4{1, -2, 7, -8, 3};
  check_elements<int8_t>(raw_tensor<uint8_t>("t", kOnnxInt4, {5}, {0xe1, 0x87, 0x03}), i4);
  check_elements<int8_t>(typed_tensor("t", kOnnxInt4, 5, {5}, {0xe1, 0x87, 0x03}), i4);
  const std::vector<uint8_t> u4{1, 14, 7, 8};
  check_elements<uint8_t>(raw_tensor<uint8_t>("t", kOnnxUint4, {4}, {0xe1, 0x87}), u4);
  check_elements<uint8_t>(typed_tensor("t", kOnnxUint4, 5, {4}, {0xe1, 0x87}), u4);
  for (const std::vector<int64_t>& bytes : {std::vector<int64_t>{1, 2}, {1, 2, 3, 4}}) {
    check_error(decode(typed_tensor("t", kOnnxInt4, 5, {5}, bytes)), ErrorCode::kInvalidModel,
                "'t'");
  }
  check_error(decode(raw_tensor<uint8_t>("t", kOnnxInt4, {5}, {1, 2})), ErrorCode::kInvalidModel,
              "cannot be stored");
  check_error(decode(typed_tensor("t", kOnnxUint4, 5, {1}, {256})), ErrorCode::kInvalidModel,
              "range of uint4");
}

TEST_CASE("packed typed data is read") {
  WireWriter message = tensor_header("t", kOnnxInt32, {3});
  const std::vector<uint8_t> packed{0x01, 0x96, 0x01, 0x03};
  message.bytes(5, std::as_bytes(std::span(packed)));
  check_elements<int32_t>(message, {1, 150, 3});

  WireWriter dims;
  const std::vector<uint8_t> packed_dims{2, 1};
  dims.bytes(1, std::as_bytes(std::span(packed_dims)));
  dims.integer(2, kOnnxUint8);
  const std::vector<uint8_t> raw{8, 9};
  dims.bytes(9, std::as_bytes(std::span(raw)));
  CHECK(must(decode(dims)).shape() == Shape{2, 1});
}

TEST_CASE("doubles become float32, and any byte but 0 is true") {
  check_elements<float>(raw_tensor<double>("t", kOnnxDouble, {2}, {0.1, -2}), {0.1f, -2});
  check_elements<bool>(raw_tensor<uint8_t>("t", kOnnxBool, {3}, {1, 0, 7}), {true, false, true});
  check_elements<bool>(typed_tensor("t", kOnnxBool, 5, {}, {1}), {true});
}

TEST_CASE("unsigned integers go into wider signed ones, if they fit") {
  check_elements<int32_t>(raw_tensor<uint16_t>("t", 4, {2}, {0, 65535}), {0, 65535});
  check_elements<int32_t>(typed_tensor("t", 4, 5, {1}, {65535}), {65535});
  check_elements<int64_t>(raw_tensor<uint32_t>("t", 12, {1}, {0xffffffffu}), {0xffffffff});
  check_elements<int64_t>(typed_tensor("t", 12, 11, {1}, {7}), {7});
  check_elements<int64_t>(raw_tensor<uint64_t>("t", 13, {1}, {7}), {7});
  check_error(decode(raw_tensor<uint64_t>("t", 13, {1}, {uint64_t{1} << 63})),
              ErrorCode::kUnsupportedFeature, "2^63");
}

TEST_CASE("other element types are refused by name") {
  check_error(decode(raw_tensor<uint16_t>("t", 16, {1}, {0})), ErrorCode::kUnsupportedFeature,
              "bfloat16");
  check_error(decode(tensor_header("t", 0, {1})), ErrorCode::kUnsupportedFeature, "undefined");
}

TEST_CASE("elements that are missing, too many or out of range are errors") {
  check_error(decode(raw_tensor<float>("t", kOnnxFloat, {3}, {1, 2})), ErrorCode::kInvalidModel,
              "8 bytes");
  check_error(decode(raw_tensor<float>("t", kOnnxFloat, {1}, {1, 2})), ErrorCode::kInvalidModel,
              "8 bytes");
  check_error(decode(typed_tensor("t", kOnnxInt32, 5, {3}, {1, 2})), ErrorCode::kInvalidModel,
              "only 2 elements");
  check_error(decode(typed_tensor("t", kOnnxInt32, 5, {1}, {1, 2})), ErrorCode::kInvalidModel,
              "more elements");
  check_error(decode(typed_tensor("t", kOnnxInt8, 5, {1}, {128})), ErrorCode::kInvalidModel,
              "range of int8");
  check_error(decode(typed_tensor("t", kOnnxUint8, 5, {1}, {-1})), ErrorCode::kInvalidModel,
              "range of uint8");
  check_error(decode(typed_tensor("t", kOnnxInt32, 5, {1}, {int64_t{1} << 31})),
              ErrorCode::kInvalidModel, "range of int32");
}

TEST_CASE("a tensor without elements is one") {
  CHECK(must(decode(tensor_header("t", kOnnxInt64, {0}))).shape() == Shape{0});
}

TEST_CASE("a shape that lies takes no memory") {
  const int64_t large = int64_t{1} << 29;
  check_error(decode(tensor_header("t", kOnnxUint8, {large})), ErrorCode::kInvalidModel,
              "cannot be stored");
  check_error(decode(raw_tensor<uint8_t>("t", kOnnxUint8, {large}, {1})), ErrorCode::kInvalidModel,
              "cannot be stored");
  check_error(decode(tensor_header("t", kOnnxFloat, {large})), ErrorCode::kLimitExceeded,
              "1073741824 bytes");
  check_error(decode(tensor_header("t", kOnnxFloat, {large, large, large})),
              ErrorCode::kLimitExceeded, "shape");
  check_error(decode(tensor_header("t", kOnnxFloat, {2, -1})), ErrorCode::kInvalidModel, "shape");
  const WireWriter wide = tensor_header("t", kOnnxFloat, {1, 1, 1, 1, 1, 1, 1, 1, 1});
  check_error(parse_onnx_tensor(Slice{wide.result(), 0}), ErrorCode::kLimitExceeded,
              "8 dimensions");
}

TEST_CASE("the tensors of a model share one budget of bytes") {
  uint64_t budget = 20;
  const WireWriter message = raw_tensor<float>("t", kOnnxFloat, {3}, {1, 2, 3});
  const OnnxTensor source = must(parse_onnx_tensor(Slice{message.result(), 0}));
  CHECK(decode_onnx_tensor(source, "t", {}, budget).ok());
  CHECK(budget == 8);
  check_error(decode_onnx_tensor(source, "t", {}, budget), ErrorCode::kLimitExceeded, "t");
}

TEST_CASE("elements in two places are refused") {
  WireWriter typed = raw_tensor<float>("t", kOnnxFloat, {1}, {1});
  typed.real(4, 1);
  check_error(decode(typed), ErrorCode::kInvalidModel, "more than one place");
  WireWriter external = raw_tensor<float>("t", kOnnxFloat, {1}, {1});
  external.integer(14, 1);
  check_error(decode(external), ErrorCode::kInvalidModel, "more than one place");
}

TEST_CASE("data in segments is refused") {
  WireWriter segment = raw_tensor<float>("t", kOnnxFloat, {1}, {1});
  segment.text(3, "");
  check_error(decode(segment), ErrorCode::kUnsupportedFeature, "segments");
}
