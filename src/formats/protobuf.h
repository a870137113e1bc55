// The protobuf wire format (protobuf.dev, "Encoding"): a message is a row of fields, each a tag and
// a value; the tag holds the field's number and one of four wire types. Only what ONNX uses: groups
// are malformed here.
//
// Reading never recurses and never allocates: a nested message is a slice of the file, read by
// another WireReader when somebody wants to know what is in it. Every length is checked against the
// bytes at hand.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lowbit {

static_assert(std::endian::native == std::endian::little,
              "file formats copy little-endian numbers");

// "byte 123": the place of malformed bytes in the file.
std::string byte_offset(size_t offset);

// A part of the file that knows where it lies.
struct Slice {
  std::span<const std::byte> bytes;
  size_t offset = 0;

  std::string_view text() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
};

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

struct WireField {
  uint32_t number = 0;
  WireType type = WireType::kVarint;
  size_t offset = 0;    // of the tag, in the file
  uint64_t scalar = 0;  // unless kBytes
  Slice slice;          // if kBytes

  // The value as the schema says it is. Errors: kInvalidModel when the wire type is another.
  Result<int64_t> integer() const;
  Result<float> real() const;
  Result<std::string_view> text() const;
  Result<Slice> message() const;

  Failure wrong_type() const;
};

class WireReader {
 public:
  explicit WireReader(Slice message) : message_(message) {}

  bool done() const { return position_ == message_.bytes.size(); }
  // The next field, or a bare varint (an element of a packed field). Only while !done(). Errors:
  // kInvalidModel with the byte's offset.
  Result<WireField> next();
  Result<uint64_t> varint();

 private:
  Failure malformed(const Text& what) const;
  Result<Slice> take(uint64_t byte_count);

  Slice message_;
  size_t position_ = 0;
};

// Calls take(uint64_t) -> Status for each element of a repeated integer field: `field` holds one
// or, packed, many.
template <class Take>
Status for_each_varint(const WireField& field, Take take) {
  if (field.type == WireType::kVarint) return take(field.scalar);
  if (field.type != WireType::kBytes) return field.wrong_type();
  WireReader elements(field.slice);
  while (!elements.done()) {
    LOWBIT_ASSIGN(const uint64_t element, elements.varint());
    LOWBIT_TRY(take(element));
  }
  return success();
}

// The same for a repeated field of T, float or double: calls take(T) -> Status.
template <class T, class Take>
Status for_each_real(const WireField& field, Take take) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  T element;
  if (field.type == (sizeof(T) == 4 ? WireType::kFixed32 : WireType::kFixed64)) {
    std::memcpy(&element, &field.scalar, sizeof(T));
    return take(element);
  }
  if (field.type != WireType::kBytes || field.slice.bytes.size() % sizeof(T) != 0) {
    return field.wrong_type();
  }
  for (size_t at = 0; at < field.slice.bytes.size(); at += sizeof(T)) {
    std::memcpy(&element, field.slice.bytes.data() + at, sizeof(T));
    LOWBIT_TRY(take(element));
  }
  return success();
}

class WireWriter {
 public:
  void integer(uint32_t number, int64_t value);
  void real(uint32_t number, float value);
  void text(uint32_t number, std::string_view value);
  void bytes(uint32_t number, std::span<const std::byte> value);
  void message(uint32_t number, const WireWriter& value) { bytes(number, value.result()); }
  // The tag and the length of a bytes field whose `byte_count` bytes the caller appends.
  void open(uint32_t number, size_t byte_count);
  void append(std::span<const std::byte> value);
  void reserve(size_t byte_count) { out_.reserve(byte_count); }

  std::span<const std::byte> result() const { return out_; }
  std::vector<std::byte> release() && { return std::move(out_); }

 private:
  void varint(uint64_t value);
  void tag(uint32_t number, WireType type);

  std::vector<std::byte> out_;
};

}  // namespace lowbit
