// The messages of onnx.proto that Lowbit reads, as views into the file's bytes: which field is
// what, and no meaning yet. Attributes and tensors stay slices until their node is read, so that
// parsing takes memory in proportion to the number of items, which kMaxModelItems
// (formats/onnx_reader.h) bounds.
//
// The names below and their numbers are those of onnx.proto (onnx.ai, "IR specification").
#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/protobuf.h"

namespace lowbit {

// TensorProto.DataType, as far as Lowbit knows the names.
enum class OnnxType : int64_t {
  kUndefined = 0,
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kUint16 = 4,
  kInt16 = 5,
  kInt32 = 6,
  kInt64 = 7,
  kString = 8,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kUint32 = 12,
  kUint64 = 13,
  kBfloat16 = 16,
  kUint4 = 21,
  kInt4 = 22,
};
// "float16", or "type 16" for one that is not listed above.
std::string onnx_type_name(OnnxType type);

enum class OnnxAttributeType : int64_t {
  kUndefined = 0,
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kFloats = 6,
  kInts = 7,
};

// Where elements lie that are in another file; empty: not said.
struct OnnxExternalData {
  std::string_view location;
  std::string_view offset;
  std::string_view length;
};

struct OnnxTensor {
  Slice message;
  std::string_view name;
  std::vector<int64_t> dims;
  OnnxType type = OnnxType::kUndefined;
  std::optional<Slice> raw_data;
  bool has_typed_data = false;  // elements in the fields of their types
  bool is_external = false;
  OnnxExternalData external;
  bool is_segment = false;
};

struct OnnxAttribute {
  std::string_view name;
  OnnxAttributeType type = OnnxAttributeType::kUndefined;
  int64_t integer = 0;
  float real = 0;
  std::string_view text;
  std::optional<Slice> tensor;
  std::vector<int64_t> integers;
  std::vector<float> reals;
};

struct OnnxNode {
  std::string_view name;
  std::string_view op_type;
  std::string_view domain;
  std::vector<std::string_view> inputs;
  std::vector<std::string_view> outputs;
  std::vector<Slice> attributes;
};

struct OnnxDimension {
  std::optional<int64_t> value;
  std::string_view symbol;  // dim_param; empty when there is none
};

struct OnnxValueInfo {
  std::string_view name;
  OnnxType type = OnnxType::kUndefined;             // kUndefined: not a tensor, or not said
  std::optional<std::vector<OnnxDimension>> shape;  // none: not said
};

struct OnnxGraph {
  std::string_view name;
  std::string_view doc_string;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  bool has_sparse_initializers = false;
};

struct OnnxModel {
  int64_t ir_version = 0;
  std::optional<int64_t> opset;  // of the domain ai.onnx
  std::vector<std::pair<std::string_view, int64_t>> other_opsets;
  std::string_view producer;
  std::string_view producer_version;
  std::string_view domain;
  int64_t model_version = 0;
  std::string_view doc_string;
  std::vector<std::pair<std::string_view, std::string_view>> properties;  // metadata_props
  OnnxGraph graph;
  std::list<std::string> made_names;  // of views that are not of the file, formats/onnx_qlinear.h
};

// Errors: kInvalidModel with the byte's offset; kLimitExceeded.
Result<OnnxModel> parse_onnx_model(std::span<const std::byte> bytes);
Result<OnnxTensor> parse_onnx_tensor(Slice message);
Result<OnnxAttribute> parse_onnx_attribute(Slice message);

}  // namespace lowbit
