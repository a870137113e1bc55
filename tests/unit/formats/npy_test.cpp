#include "formats/npy.h"

#include <doctest/doctest.h>

#include <cstring>
#include <string>

#include "base/random.h"
#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

template <class T>
Tensor tensor_of(const Shape& shape, const std::vector<T>& values) {
  return must(Tensor::from_values<T>(shape, std::span<const T>(values)));
}

// Version 1.0, with the header as given.
template <class T>
std::vector<std::byte> npy_file(const std::string& header, const std::vector<T>& values,
                                char major = 1) {
  std::string text = "\x93NUMPY";
  text += {major, '\0', static_cast<char>(header.size()), '\0'};
  if (major == 2) text += {'\0', '\0'};
  text += header;
  std::vector<std::byte> bytes(text.size() + values.size() * sizeof(T));
  std::memcpy(bytes.data(), text.data(), text.size());
  if (!values.empty()) {
    std::memcpy(bytes.data() + text.size(), values.data(), values.size() * sizeof(T));
  }
  return bytes;
}

const std::vector<float> kSix{1, 2, 3, 4, 5, 6};
const std::string kHeader = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

void check_round_trip(const Tensor& tensor) {
  const Tensor read = must(read_npy(write_npy(tensor)));
  CHECK(read.dtype() == tensor.dtype());
  CHECK(read.shape() == tensor.shape());
  CHECK(std::memcmp(read.raw(), tensor.raw(), tensor.byte_count()) == 0);
}

}  // namespace

TEST_CASE("tensors of every type and rank survive a round trip") {
  check_round_trip(tensor_of<float>({2, 3}, kSix));
  check_round_trip(tensor_of<uint8_t>({3}, {0, 128, 255}));
  check_round_trip(tensor_of<int8_t>({1, 1, 2}, {-128, 127}));
  check_round_trip(tensor_of<int32_t>({}, {-5}));
  check_round_trip(tensor_of<int64_t>({1, 1, 1, 1, 1, 1, 1, 1}, {int64_t{1} << 40}));
  check_round_trip(tensor_of<float>({0, 3}, {}));
}

TEST_CASE("a written file is what NumPy writes, byte for byte") {
  // numpy.save(file, numpy.arange(3, dtype='u1'))
  const std::vector<std::byte> bytes = write_npy(tensor_of<uint8_t>({3}, {0, 1, 2}));
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  CHECK(bytes.size() == 128 + 3);
  CHECK(text.substr(0, 10) == std::string_view("\x93NUMPY\x01\x00\x76\x00", 10));
  CHECK(text.substr(10, 57) == "{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }");
  CHECK(text.substr(67, 60) == std::string(60, ' '));
  CHECK(text.substr(127) == std::string_view("\n\x00\x01\x02", 4));
}

TEST_CASE("headers in another order, with other quotes and of version 2 are read") {
  const Tensor a = must(read_npy(npy_file(kHeader, kSix)));
  CHECK(a.shape() == Shape{2, 3});
  CHECK(a.data<float>()[5] == 6.0f);
  const std::string other = "{\"shape\": (2,3), \"fortran_order\": False, \"descr\": \"<f4\"}  \n";
  CHECK(must(read_npy(npy_file(other, kSix))).shape() == Shape{2, 3});
  CHECK(must(read_npy(npy_file(kHeader, kSix, 2))).shape() == Shape{2, 3});
}

TEST_CASE("doubles are rounded to float32") {
  const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
  const Tensor tensor = must(read_npy(npy_file<double>(header, {0.1, -3.0})));
  CHECK(tensor.dtype() == DType::kF32);
  CHECK(tensor.data<float>()[0] == 0.1f);
  CHECK(tensor.data<float>()[1] == -3.0f);
}

TEST_CASE("what is not supported is refused by name") {
  const auto refuse = [](const std::string& header, std::string_view part) {
    check_error(read_npy(npy_file(header, kSix)), ErrorCode::kUnsupportedFeature, part);
  };
  refuse("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", "Fortran");
  refuse("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }", ">f4");
  refuse("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), }", "<f2");
  check_error(read_npy(npy_file(kHeader, kSix, 3)), ErrorCode::kUnsupportedFeature, "version 3");
}

TEST_CASE("headers that are not one dictionary of the three keys are malformed") {
  const auto refuse = [](const std::string& header) {
    check_error(read_npy(npy_file(header, kSix)), ErrorCode::kInvalidData, "byte");
  };
  refuse("");
  refuse("{}");
  refuse("{'descr': '<f4', 'fortran_order': False}");
  refuse("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}");
  refuse("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3)}");
  refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}");
  refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 99999999999999999999)}");
  refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}");
  refuse("{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3)}");
  refuse(kHeader + "x");
  refuse("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }");
  check_error(read_npy(npy_file(
                  "{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824, 2)}", kSix)),
              ErrorCode::kLimitExceeded, "too large");
  check_error(read_npy(npy_file(
                  "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,6)}", kSix)),
              ErrorCode::kLimitExceeded, "9 dimensions");
}

TEST_CASE("no cut and no flipped bit does harm") {
  const std::vector<std::byte> whole = write_npy(tensor_of<float>({2, 3}, kSix));
  for (size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(read_npy(std::span(whole).first(size)).ok());
  }
  Random random(7);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> spoiled = whole;
    const uint32_t bit = random.below(static_cast<uint32_t>(spoiled.size() * 8));
    spoiled[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
    const Result<Tensor> result = read_npy(spoiled);
    if (result.ok()) CHECK(result->byte_count() <= whole.size());
  }
}
