#include "formats/idx.h"

#include <doctest/doctest.h>

#include <vector>

#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

std::vector<std::byte> idx_file(std::initializer_list<int> header, size_t elements) {
  std::vector<std::byte> bytes;
  for (const int value : header) bytes.push_back(static_cast<std::byte>(value));
  for (size_t i = 0; i < elements; ++i) bytes.push_back(static_cast<std::byte>(i));
  return bytes;
}

}  // namespace

TEST_CASE("images and labels are read in their shapes") {
  const auto bytes = idx_file({0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4}, 24);
  const Tensor images = must(read_idx(bytes));
  CHECK(images.dtype() == DType::kU8);
  CHECK(images.shape() == Shape{2, 3, 4});
  for (size_t i = 0; i < 24; ++i) CHECK(images.data<uint8_t>()[i] == i);

  const Tensor labels = must(read_idx(idx_file({0, 0, 8, 1, 0, 0, 1, 4}, 260)));
  CHECK(labels.shape() == Shape{260});
  CHECK(must(read_idx(idx_file({0, 0, 8, 1, 0, 0, 0, 0}, 0))).shape() == Shape{0});
}

TEST_CASE("every cut and every extra byte is an error") {
  const auto whole = idx_file({0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3}, 6);
  for (size_t size = 0; size < whole.size(); ++size) {
    check_error(read_idx(std::span(whole).first(size)), ErrorCode::kInvalidData, "IDX");
  }
  auto longer = whole;
  longer.push_back(std::byte{0});
  check_error(read_idx(longer), ErrorCode::kInvalidData, "7 elements");
}

TEST_CASE("a header that lies about the size takes no memory") {
  const auto bytes = idx_file(
      {0, 0, 8, 4, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255},
      4);
  check_error(read_idx(bytes), ErrorCode::kInvalidData, "byte 20");
}

TEST_CASE("other files, types and ranks are refused by name") {
  check_error(read_idx(idx_file({0x1f, 0x8b, 8, 0}, 100)), ErrorCode::kInvalidData, "compressed");
  check_error(read_idx(idx_file({0, 0, 0x0d, 1, 0, 0, 0, 1}, 4)), ErrorCode::kUnsupportedFeature,
              "type 13");
  check_error(read_idx(idx_file({0, 0, 8, 0}, 1)), ErrorCode::kUnsupportedFeature, "rank 0");
  check_error(read_idx(idx_file({0, 0, 8, 5}, 40)), ErrorCode::kUnsupportedFeature, "rank 5");
}
