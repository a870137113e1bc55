#include "formats/idx.h"

#include <array>
#include <cstring>

#include "base/text.h"

namespace lowbit {

namespace {

constexpr size_t kMagicBytes = 4;
constexpr size_t kDimensionBytes = 4;
constexpr int kUnsignedByte = 0x08;
constexpr size_t kMaxIdxRank = 4;

Failure malformed(const Text& what, size_t offset) {
  return make_error(ErrorCode::kInvalidData, format_text("the bytes are not an IDX file: {}", what),
                    format_text("byte {}", offset));
}

int64_t big_endian_32(std::span<const std::byte> bytes) {
  int64_t value = 0;
  for (const std::byte byte : bytes.first(kDimensionBytes)) {
    value = value << 8 | std::to_integer<int64_t>(byte);
  }
  return value;
}

}  // namespace

Result<Tensor> read_idx(std::span<const std::byte> bytes) {
  if (bytes.size() < kMagicBytes) return malformed("it is shorter than its header", bytes.size());
  if (bytes[0] != std::byte{0} || bytes[1] != std::byte{0}) {
    return malformed("it does not begin with two zeros (is it compressed?)", 0);
  }
  const int type = std::to_integer<int>(bytes[2]);
  if (type != kUnsignedByte) {
    return make_error(
        ErrorCode::kUnsupportedFeature,
        format_text("IDX files of element type {} are not supported; 8 (unsigned byte) is", type),
        "byte 2");
  }
  const auto rank = std::to_integer<size_t>(bytes[3]);
  if (rank < 1 || rank > kMaxIdxRank) {
    return make_error(ErrorCode::kUnsupportedFeature,
                      format_text("IDX files of rank {} are not supported; 1 to 4 are", rank),
                      "byte 3");
  }
  const size_t header_bytes = kMagicBytes + rank * kDimensionBytes;
  if (bytes.size() < header_bytes) {
    return malformed("it is shorter than its header", bytes.size());
  }
  std::array<int64_t, kMaxIdxRank> dims{};
  for (size_t i = 0; i < rank; ++i) {
    dims[i] = big_endian_32(bytes.subspan(kMagicBytes + i * kDimensionBytes));
  }
  LOWBIT_ASSIGN(const Shape shape, Shape::from_dims(std::span(dims).first(rank)));
  const std::span<const std::byte> elements = bytes.subspan(header_bytes);
  const auto count = shape.element_count();
  if (!count || static_cast<uint64_t>(*count) != elements.size()) {
    return malformed(format_text("shape {} with {} elements", shape.to_string(), elements.size()),
                     header_bytes);
  }
  LOWBIT_ASSIGN(Tensor tensor, Tensor::allocate(DType::kU8, shape));
  if (!elements.empty()) std::memcpy(tensor.mutable_raw(), elements.data(), elements.size());
  return tensor;
}

}  // namespace lowbit
