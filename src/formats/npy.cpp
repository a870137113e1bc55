#include "formats/npy.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

#include "base/text.h"

namespace lowbit {

namespace {

static_assert(std::endian::native == std::endian::little,
              "file formats copy little-endian numbers");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kVersionBytes = 2;
constexpr size_t kDataAlignment = 64;
constexpr std::string_view kDouble = "<f8";

constexpr std::string_view descr_of(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return "<f4";
    case DType::kU8:
      return "|u1";
    case DType::kI8:
      return "|i1";
    case DType::kI32:
      return "<i4";
    case DType::kI64:
      return "<i8";
    case DType::kBool:
      return "|b1";
  }
  return "";
}

std::optional<DType> dtype_of_descr(std::string_view descr) {
  if (descr == kDouble) return DType::kF32;
  for (const DType dtype : {DType::kF32, DType::kU8, DType::kI8, DType::kI32, DType::kI64}) {
    if (descr == descr_of(dtype)) return dtype;
  }
  return std::nullopt;
}

Failure malformed(const Text& what, size_t offset) {
  return make_error(ErrorCode::kInvalidData, format_text("the bytes are not a .npy file: {}", what),
                    format_text("byte {}", offset));
}

Failure unsupported(const Text& what) {
  return make_error(ErrorCode::kUnsupportedFeature,
                    format_text("a .npy file of {} is not supported", what));
}

struct Header {
  std::string descr;
  bool is_fortran = false;
  std::vector<int64_t> shape;
};

// The header is a Python dictionary of exactly three keys, in any order:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, size_t offset) : text_(text), offset_(offset) {}

  Result<Header> parse() {
    Header header;
    bool has_descr = false;
    bool has_order = false;
    bool has_shape = false;
    if (!take("{")) return expected("'{'");
    while (!take("}")) {
      LOWBIT_ASSIGN(const std::string key, quoted());
      if (!take(":")) return expected("':'");
      if (key == "descr" && !has_descr) {
        has_descr = true;
        LOWBIT_ASSIGN(header.descr, quoted());
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        header.is_fortran = take("True");
        if (!header.is_fortran && !take("False")) return expected("True or False");
      } else if (key == "shape" && !has_shape) {
        has_shape = true;
        LOWBIT_ASSIGN(header.shape, tuple());
      } else {
        return expected("descr, fortran_order and shape, once each");
      }
      if (take(",")) continue;
      if (!take("}")) return expected("',' or '}'");
      break;
    }
    skip_spaces();
    if (position_ != text_.size()) return expected("nothing behind '}'");
    if (!has_descr || !has_order || !has_shape) {
      return expected("descr, fortran_order and shape, once each");
    }
    return header;
  }

 private:
  Failure expected(const Text& what) const {
    return malformed(format_text("its header should have {} here", what), offset_ + position_);
  }

  void skip_spaces() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\n')) {
      ++position_;
    }
  }

  bool take(std::string_view token) {
    skip_spaces();
    if (!text_.substr(position_).starts_with(token)) return false;
    position_ += token.size();
    return true;
  }

  Result<std::string> quoted() {
    skip_spaces();
    const char quote = position_ < text_.size() ? text_[position_] : '\0';
    if (quote != '\'' && quote != '"') return expected("a string");
    const size_t end = text_.find(quote, position_ + 1);
    if (end == std::string_view::npos) return expected("a string that ends");
    const std::string value(text_.substr(position_ + 1, end - position_ - 1));
    position_ = end + 1;
    return value;
  }

  Result<std::vector<int64_t>> tuple() {
    std::vector<int64_t> numbers;
    if (!take("(")) return expected("'('");
    while (!take(")")) {
      skip_spaces();
      int64_t number = 0;
      const char* begin = text_.data() + position_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), number);
      if (error != std::errc{} || number < 0) return expected("a dimension");
      position_ += static_cast<size_t>(end - begin);
      numbers.push_back(number);
      if (take(",")) continue;
      if (!take(")")) return expected("',' or ')'");
      break;
    }
    return numbers;
  }

  std::string_view text_;
  size_t offset_;
  size_t position_ = 0;
};

}  // namespace

Result<Tensor> read_npy(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) return malformed("it does not begin with \\x93NUMPY", 0);
  if (text.size() < kMagic.size() + kVersionBytes) return malformed("it ends here", text.size());
  const int major = std::to_integer<int>(bytes[kMagic.size()]);
  const int minor = std::to_integer<int>(bytes[kMagic.size() + 1]);
  if ((major != 1 && major != 2) || minor != 0) {
    return unsupported(format_text("version {}.{}", major, minor));
  }
  // Version 1 counts the header's bytes in 16 bits, version 2 in 32.
  const size_t length_offset = kMagic.size() + kVersionBytes;
  const size_t length_bytes = major == 1 ? 2 : 4;
  if (text.size() < length_offset + length_bytes) return malformed("it ends here", text.size());
  uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data() + length_offset, length_bytes);
  const size_t header_offset = length_offset + length_bytes;
  if (text.size() - header_offset < header_bytes) {
    return malformed(format_text("a header of {} bytes does not fit", header_bytes), length_offset);
  }
  LOWBIT_ASSIGN(const Header header,
                HeaderParser(text.substr(header_offset, header_bytes), header_offset).parse());
  if (header.is_fortran) return unsupported("Fortran order");
  const auto dtype = dtype_of_descr(header.descr);
  if (!dtype) return unsupported(format_text("elements '{}'", header.descr));

  LOWBIT_ASSIGN(const Shape shape, Shape::from_dims(header.shape));
  const auto count = shape.element_count();
  if (!count) {
    return make_error(ErrorCode::kLimitExceeded,
                      format_text("a .npy file of shape {} is too large", shape.to_string()));
  }
  const bool is_double = header.descr == kDouble;
  const std::span<const std::byte> data = bytes.subspan(header_offset + header_bytes);
  const uint64_t element_bytes = is_double ? sizeof(double) : dtype_bytes(*dtype);
  if (data.size() != static_cast<uint64_t>(*count) * element_bytes) {
    return malformed(
        format_text("shape {} of '{}' in {} bytes", shape.to_string(), header.descr, data.size()),
        header_offset + header_bytes);
  }
  LOWBIT_ASSIGN(Tensor tensor, Tensor::allocate(*dtype, shape));
  if (is_double) {
    std::span<float> elements = tensor.mutable_data<float>();
    for (size_t i = 0; i < elements.size(); ++i) {
      double value = 0;
      std::memcpy(&value, data.data() + i * sizeof(value), sizeof(value));
      elements[i] = static_cast<float>(value);
    }
  } else if (!data.empty()) {
    std::memcpy(tensor.mutable_raw(), data.data(), data.size());
  }
  return tensor;
}

std::vector<std::byte> write_npy(const Tensor& tensor) {
  std::string shape;
  for (const int64_t dim : tensor.shape().dims()) shape += format_text("{}, ", dim);
  // Python writes (3,) for one dimension, (3, 4) for two.
  if (!shape.empty()) shape.resize(shape.size() - (tensor.shape().rank() == 1 ? 1 : 2));
  std::string header = format_text("{'descr': '{}', 'fortran_order': False, 'shape': ({}), }",
                                   descr_of(tensor.dtype()), shape);
  constexpr size_t kPrefixBytes = kMagic.size() + kVersionBytes + 2;
  while ((kPrefixBytes + header.size() + 1) % kDataAlignment != 0) header += ' ';
  header += '\n';

  std::string prefix(kMagic);
  prefix += {'\x01', '\x00', static_cast<char>(header.size() & 0xff),
             static_cast<char>(header.size() >> 8)};
  std::vector<std::byte> out;
  out.reserve(prefix.size() + header.size() + tensor.byte_count());
  for (const std::string_view part : {std::string_view(prefix), std::string_view(header)}) {
    const auto part_bytes = std::as_bytes(std::span(part));
    out.insert(out.end(), part_bytes.begin(), part_bytes.end());
  }
  const std::span<const std::byte> data(tensor.raw(), tensor.byte_count());
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

}  // namespace lowbit
