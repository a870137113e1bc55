#include "formats/array.h"

#include <doctest/doctest.h>

#include <vector>

#include "formats/npy.h"
#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

TEST_CASE("the first byte tells .npy from IDX") {
  const std::vector<float> values{1, 2, 3};
  const Tensor floats = must(Tensor::from_values<float>({3}, std::span(values)));
  CHECK(must(read_array(write_npy(floats))).data<float>()[2] == 3);

  const std::vector<std::byte> idx{std::byte{0}, std::byte{0}, std::byte{8},
                                   std::byte{1}, std::byte{0}, std::byte{0},
                                   std::byte{0}, std::byte{1}, std::byte{7}};
  CHECK(must(read_array(idx)).data<uint8_t>()[0] == 7);
}

TEST_CASE("what is neither is refused, and what is broken by its own reader") {
  check_error(read_array({}), ErrorCode::kInvalidData, "neither");
  const std::vector<std::byte> other(20, std::byte{'x'});
  check_error(read_array(other), ErrorCode::kInvalidData, "neither");
  check_error(read_array(std::vector{std::byte{0x93}}), ErrorCode::kInvalidData, ".npy");
  check_error(read_array(std::vector{std::byte{0}}), ErrorCode::kInvalidData, "IDX");
}
