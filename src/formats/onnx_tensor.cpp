#include "formats/onnx_tensor.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/text.h"
#include "formats/half.h"
#include "formats/onnx_external.h"

namespace lowbit {

namespace {

// The fields of TensorProto that hold elements.
constexpr uint32_t kFloatData = 4;
constexpr uint32_t kInt32Data = 5;
constexpr uint32_t kInt64Data = 7;
constexpr uint32_t kDoubleData = 10;
constexpr uint32_t kUint64Data = 11;

Failure tensor_error(ErrorCode code, const std::string& name, const Text& message) {
  return make_error(code, format_text("tensor '{}': {}", name, message), name);
}

struct Encoding {
  DType dtype;             // of the Tensor
  size_t raw_bytes;        // per element in raw_data; of 4 bits: per two
  uint32_t typed_field;    // where the elements are when there is no raw_data
  size_t typed_min_bytes;  // the least that an element takes there
};

std::optional<Encoding> encoding_of(OnnxType type) {
  switch (type) {
    case OnnxType::kFloat:
      return Encoding{DType::kF32, 4, kFloatData, 4};
    case OnnxType::kFloat16:
      return Encoding{DType::kF32, 2, kInt32Data, 1};
    case OnnxType::kUint8:
      return Encoding{DType::kU8, 1, kInt32Data, 1};
    case OnnxType::kInt8:
      return Encoding{DType::kI8, 1, kInt32Data, 1};
    case OnnxType::kUint4:
      return Encoding{DType::kU8, 1, kInt32Data, 1};
    case OnnxType::kInt4:
      return Encoding{DType::kI8, 1, kInt32Data, 1};
    case OnnxType::kInt16:
    case OnnxType::kUint16:
      return Encoding{DType::kI32, 2, kInt32Data, 1};
    case OnnxType::kInt32:
      return Encoding{DType::kI32, 4, kInt32Data, 1};
    case OnnxType::kUint32:
      return Encoding{DType::kI64, 4, kUint64Data, 1};
    case OnnxType::kInt64:
      return Encoding{DType::kI64, 8, kInt64Data, 1};
    case OnnxType::kUint64:
      return Encoding{DType::kI64, 8, kUint64Data, 1};
    case OnnxType::kDouble:
      return Encoding{DType::kF32, 8, kDoubleData, 8};
    case OnnxType::kBool:
      return Encoding{DType::kBool, 1, kInt32Data, 1};
    case OnnxType::kString:
    case OnnxType::kBfloat16:
    case OnnxType::kUndefined:
      break;
  }
  return std::nullopt;
}

// Elements that the file stores as Stored, another type than the tensor's.
template <class Stored, class Element, class Convert>
void decode_raw_as(std::span<const std::byte> raw, std::span<Element> elements, Convert convert) {
  for (size_t i = 0; i < elements.size(); ++i) {
    Stored stored{};
    std::memcpy(&stored, raw.data() + sizeof(stored) * i, sizeof(stored));
    elements[i] = convert(stored);
  }
}

bool has_4_bits(OnnxType type) { return type == OnnxType::kInt4 || type == OnnxType::kUint4; }

// The element of 4 bits at `i`, in the 8 bits of its container.
std::byte nibble(OnnxType type, std::span<const std::byte> raw, size_t i) {
  const auto bits = static_cast<uint8_t>(raw[i / 2]) >> (4 * (i % 2)) & 15;
  return static_cast<std::byte>(type == OnnxType::kInt4 && bits > 7 ? bits - 16 : bits);
}

void decode_raw(OnnxType type, std::span<const std::byte> raw, Tensor& tensor) {
  if (raw.empty()) return;
  if (has_4_bits(type)) {
    for (size_t i = 0; i < tensor.byte_count(); ++i) {
      tensor.mutable_raw()[i] = nibble(type, raw, i);
    }
  } else if (type == OnnxType::kFloat16) {
    decode_raw_as<uint16_t>(raw, tensor.mutable_data<float>(), half_to_float);
  } else if (type == OnnxType::kDouble) {
    decode_raw_as<double>(raw, tensor.mutable_data<float>(),
                          [](double value) { return static_cast<float>(value); });
  } else if (type == OnnxType::kInt16) {
    decode_raw_as<int16_t>(raw, tensor.mutable_data<int32_t>(),
                           [](int16_t value) { return int32_t{value}; });
  } else if (type == OnnxType::kUint16) {
    decode_raw_as<uint16_t>(raw, tensor.mutable_data<int32_t>(),
                            [](uint16_t value) { return int32_t{value}; });
  } else if (type == OnnxType::kUint32) {
    decode_raw_as<uint32_t>(raw, tensor.mutable_data<int64_t>(),
                            [](uint32_t value) { return int64_t{value}; });
  } else if (type == OnnxType::kBool) {
    decode_raw_as<uint8_t>(raw, tensor.mutable_data<bool>(),
                           [](uint8_t value) { return value != 0; });
  } else {
    std::memcpy(tensor.mutable_raw(), raw.data(), raw.size());
  }
}

// Writes the elements of a typed field one after the other, and counts them.
class TypedDecoder {
 public:
  TypedDecoder(OnnxType type, const std::string& name, Tensor& tensor)
      : type_(type), name_(name), tensor_(tensor) {}

  Status decode(const WireField& field) {
    switch (type_) {
      case OnnxType::kFloat:
        return for_each_real<float>(field, [this](float value) { return put<float>(value); });
      case OnnxType::kDouble:
        return for_each_real<double>(
            field, [this](double value) { return put<float>(static_cast<float>(value)); });
      case OnnxType::kFloat16:
        return for_each_varint(field, [this](uint64_t value) -> Status {
          if (value > 0xffff) return out_of_range();
          return put<float>(half_to_float(static_cast<uint16_t>(value)));
        });
      case OnnxType::kUint8:
        return integers<uint8_t>(field);
      case OnnxType::kBool:
        return integers<uint8_t, bool>(field);
      case OnnxType::kUint16:
        return integers<uint16_t, int32_t>(field);
      case OnnxType::kUint32:
        return integers<uint32_t, int64_t>(field);
      case OnnxType::kUint64:
      case OnnxType::kInt8:
        return integers<int8_t>(field);
      case OnnxType::kUint4:
      case OnnxType::kInt4:
        return pairs(field);
      case OnnxType::kInt16:
        return integers<int16_t, int32_t>(field);
      case OnnxType::kInt32:
        return integers<int32_t>(field);
      case OnnxType::kInt64:
        return integers<int64_t>(field);
      case OnnxType::kString:
      case OnnxType::kBfloat16:
      case OnnxType::kUndefined:
        break;
    }
    return success();
  }

  // Once, after the last field.
  Status finish() const {
    if (count_ == static_cast<size_t>(tensor_.element_count())) return success();
    return tensor_error(
        ErrorCode::kInvalidModel, name_,
        format_text("shape {} holds only {} elements", tensor_.shape().to_string(), count_));
  }

 private:
  template <class T>
  Status put(T value) {
    std::span<T> elements = tensor_.mutable_data<T>();
    if (count_ == elements.size()) {
      return tensor_error(
          ErrorCode::kInvalidModel, name_,
          format_text("it holds more elements than its shape {} has", tensor_.shape().to_string()));
    }
    elements[count_++] = value;
    return success();
  }

  // Integers in the range of T; the tensor's elements are of type Element.
  template <class T, class Element = T>
  Status integers(const WireField& field) {
    return for_each_varint(field, [this](uint64_t bits) -> Status {
      const auto value = static_cast<int64_t>(bits);
      if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) {
        return out_of_range();
      }
      return put<Element>(static_cast<Element>(value));
    });
  }

  // Each number of the field is a byte, with two elements unless it is the last of an odd number.
  Status pairs(const WireField& field) {
    return for_each_varint(field, [this](uint64_t bits) -> Status {
      if (bits > 0xff) return out_of_range();
      const auto byte = static_cast<std::byte>(bits);
      const auto total = static_cast<size_t>(tensor_.element_count());
      for (size_t i = 0; i < 2 && (i == 0 || count_ < total); ++i) {
        const auto element = static_cast<uint8_t>(nibble(type_, std::span(&byte, 1), i));
        LOWBIT_TRY(type_ == OnnxType::kInt4 ? put(static_cast<int8_t>(element)) : put(element));
      }
      return success();
    });
  }

  Failure out_of_range() const {
    return tensor_error(ErrorCode::kInvalidModel, name_,
                        format_text("an element is out of the range of {}", onnx_type_name(type_)));
  }

  OnnxType type_;
  const std::string& name_;
  Tensor& tensor_;
  size_t count_ = 0;
};

// Those that int64 does not hold have become negative.
Result<Tensor> check_uint64(OnnxType type, const std::string& name, Tensor tensor) {
  if (type != OnnxType::kUint64 ||
      std::ranges::none_of(tensor.data<int64_t>(), [](int64_t value) { return value < 0; })) {
    return tensor;
  }
  return tensor_error(ErrorCode::kUnsupportedFeature, name,
                      "an element is 2^63 or more; uint64 is computed as int64");
}

}  // namespace

OnnxType onnx_type(DType dtype) {
  switch (dtype) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return OnnxType{onnx};
    LOWBIT_DTYPES(X)
#undef X
  }
  return OnnxType::kUndefined;
}

std::optional<DType> dtype_of_onnx(OnnxType type) {
  const auto encoding = encoding_of(type);
  return encoding ? std::optional(encoding->dtype) : std::nullopt;
}

Result<Tensor> decode_onnx_tensor(const OnnxTensor& source, const std::string& name,
                                  const ExternalFiles& files, uint64_t& byte_budget) {
  std::optional<Slice> raw_data = source.raw_data;
  if (source.has_typed_data + source.is_external + source.raw_data.has_value() > 1) {
    return tensor_error(ErrorCode::kInvalidModel, name, "its elements are in more than one place");
  }
  if (source.is_external) {
    LOWBIT_ASSIGN(raw_data, find_external_data(source, name, files));
  }
  if (source.is_segment) {
    return tensor_error(ErrorCode::kUnsupportedFeature, name, "it is stored in segments");
  }
  LOWBIT_ASSIGN(const Shape shape, Shape::from_dims(source.dims));
  const auto element_count = shape.element_count();
  if (!element_count) {
    return tensor_error(shape.is_concrete() ? ErrorCode::kLimitExceeded : ErrorCode::kInvalidModel,
                        name, format_text("it cannot have the shape {}", shape.to_string()));
  }
  const auto encoding = encoding_of(source.type);
  if (!encoding) {
    return tensor_error(
        ErrorCode::kUnsupportedFeature, name,
        format_text("elements of type {} are not supported", onnx_type_name(source.type)));
  }
  const auto count = static_cast<uint64_t>(*element_count);
  const uint64_t decoded_bytes = count * dtype_bytes(encoding->dtype);
  if (decoded_bytes > byte_budget) {
    return tensor_error(
        ErrorCode::kLimitExceeded, name,
        format_text("the model's tensors take more than {} bytes, or than its file accounts for",
                    kMaxTensorBytes));
  }

  // Before any memory is taken: the bytes at hand must be able to hold that many elements.
  const size_t element_bytes = raw_data ? encoding->raw_bytes : encoding->typed_min_bytes;
  const size_t available = raw_data ? raw_data->bytes.size() : source.message.bytes.size();
  const bool is_packed = has_4_bits(source.type);
  const uint64_t units = is_packed ? (count + 1) / 2 : count;
  const bool fits =
      raw_data ? available == units * element_bytes : available / element_bytes >= units;
  if (!fits) {
    return tensor_error(ErrorCode::kInvalidModel, name,
                        format_text("shape {} of {} cannot be stored in {} bytes",
                                    shape.to_string(), onnx_type_name(source.type), available));
  }
  LOWBIT_ASSIGN(Tensor tensor, Tensor::allocate(encoding->dtype, shape));
  byte_budget -= decoded_bytes;
  if (raw_data) {
    decode_raw(source.type, raw_data->bytes, tensor);
    return check_uint64(source.type, name, std::move(tensor));
  }
  TypedDecoder decoder(source.type, name, tensor);
  for (WireReader fields(source.message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == encoding->typed_field) LOWBIT_TRY(decoder.decode(field));
  }
  LOWBIT_TRY(decoder.finish());
  return check_uint64(source.type, name, std::move(tensor));
}

}  // namespace lowbit
