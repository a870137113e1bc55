#include "formats/protobuf.h"

#include "base/text.h"

namespace lowbit {

namespace {

constexpr int kMaxVarintBytes = 10;
// Field numbers have 29 bits (protobuf.dev, "Assigning Field Numbers").
constexpr uint64_t kMaxFieldNumber = (1u << 29) - 1;

}  // namespace

std::string byte_offset(size_t offset) { return format_text("byte {}", offset); }

Failure WireField::wrong_type() const {
  return make_error(ErrorCode::kInvalidModel,
                    format_text("field {} does not hold the type that ONNX gives it", number),
                    byte_offset(offset));
}

Result<int64_t> WireField::integer() const {
  if (type != WireType::kVarint) return wrong_type();
  return static_cast<int64_t>(scalar);
}

Result<float> WireField::real() const {
  if (type != WireType::kFixed32) return wrong_type();
  return std::bit_cast<float>(static_cast<uint32_t>(scalar));
}

Result<std::string_view> WireField::text() const {
  if (type != WireType::kBytes) return wrong_type();
  return slice.text();
}

Result<Slice> WireField::message() const {
  if (type != WireType::kBytes) return wrong_type();
  return slice;
}

Failure WireReader::malformed(const Text& what) const {
  return make_error(ErrorCode::kInvalidModel,
                    format_text("the bytes are not an ONNX model: {}", what),
                    byte_offset(message_.offset + position_));
}

Result<uint64_t> WireReader::varint() {
  uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes; ++i) {
    if (done()) return malformed("a number is cut off");
    const auto byte = std::to_integer<uint64_t>(message_.bytes[position_++]);
    if (i == kMaxVarintBytes - 1 && byte > 1) return malformed("a number has more than 64 bits");
    value |= (byte & 0x7f) << (7 * i);
    if (byte < 0x80) return value;
  }
  return malformed("a number has more than 64 bits");
}

Result<Slice> WireReader::take(uint64_t byte_count) {
  const size_t left = message_.bytes.size() - position_;
  if (byte_count > left) {
    return malformed(format_text("a field of {} bytes where {} are left", byte_count, left));
  }
  const auto count = static_cast<size_t>(byte_count);
  const Slice taken{message_.bytes.subspan(position_, count), message_.offset + position_};
  position_ += count;
  return taken;
}

Result<WireField> WireReader::next() {
  WireField field;
  field.offset = message_.offset + position_;
  LOWBIT_ASSIGN(const uint64_t tag, varint());
  if (tag >> 3 == 0 || tag >> 3 > kMaxFieldNumber) return malformed("a field number out of range");
  field.number = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case static_cast<uint64_t>(WireType::kVarint): {
      LOWBIT_ASSIGN(field.scalar, varint());
      return field;
    }
    case static_cast<uint64_t>(WireType::kBytes): {
      field.type = WireType::kBytes;
      LOWBIT_ASSIGN(const uint64_t byte_count, varint());
      LOWBIT_ASSIGN(field.slice, take(byte_count));
      return field;
    }
    case static_cast<uint64_t>(WireType::kFixed32):
    case static_cast<uint64_t>(WireType::kFixed64): {
      field.type = static_cast<WireType>(tag & 7);
      LOWBIT_ASSIGN(const Slice number, take(field.type == WireType::kFixed32 ? 4 : 8));
      std::memcpy(&field.scalar, number.bytes.data(), number.bytes.size());
      return field;
    }
    default:
      return malformed("an unknown wire type");
  }
}

void WireWriter::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<std::byte>(value | 0x80));
  out_.push_back(static_cast<std::byte>(value));
}

void WireWriter::tag(uint32_t number, WireType type) {
  varint(uint64_t{number} << 3 | static_cast<uint64_t>(type));
}

void WireWriter::integer(uint32_t number, int64_t value) {
  tag(number, WireType::kVarint);
  varint(static_cast<uint64_t>(value));
}

void WireWriter::real(uint32_t number, float value) {
  tag(number, WireType::kFixed32);
  append(std::as_bytes(std::span(&value, 1)));
}

void WireWriter::text(uint32_t number, std::string_view value) {
  bytes(number, std::as_bytes(std::span(value)));
}

void WireWriter::bytes(uint32_t number, std::span<const std::byte> value) {
  open(number, value.size());
  append(value);
}

void WireWriter::open(uint32_t number, size_t byte_count) {
  tag(number, WireType::kBytes);
  varint(byte_count);
}

void WireWriter::append(std::span<const std::byte> value) {
  out_.insert(out_.end(), value.begin(), value.end());
}

}  // namespace lowbit
