// ONNX files put together byte by byte, right or wrong, with none of the code under test but the
// protobuf writer. Field numbers are those of onnx.proto.
//
//   OnnxFile file;
//   file.input("x", {{"N"}, {3}}).floats("w", {3}, {1, 2, 3}).node("Add", {"x", "w"}, {"y"});
//   const Graph graph = must(read_onnx(file.output("y").bytes()));
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "formats/protobuf.h"

namespace lowbit::test {

struct OnnxDim {
  OnnxDim(int number) : value(number) {}
  OnnxDim(const char* name) : symbol(name) {}
  int64_t value = 0;
  std::string symbol{};  // empty: `value` counts
};

// TensorProto.DataType.
inline constexpr int64_t kOnnxFloat = 1, kOnnxUint8 = 2, kOnnxInt8 = 3, kOnnxInt16 = 5,
                         kOnnxInt32 = 6, kOnnxInt64 = 7, kOnnxBool = 9, kOnnxFloat16 = 10,
                         kOnnxDouble = 11, kOnnxString = 8, kOnnxUint4 = 21, kOnnxInt4 = 22;

inline WireWriter tensor_header(const std::string& name, int64_t type,
                                const std::vector<int64_t>& dims) {
  WireWriter tensor;
  for (const int64_t dim : dims) tensor.integer(1, dim);
  tensor.integer(2, type);
  tensor.text(8, name);
  return tensor;
}

// Elements in raw_data.
template <class T>
WireWriter raw_tensor(const std::string& name, int64_t type, const std::vector<int64_t>& dims,
                      const std::vector<T>& values) {
  WireWriter tensor = tensor_header(name, type, dims);
  tensor.bytes(9, std::as_bytes(std::span(values)));
  return tensor;
}

// Elements in a typed integer field: 5 int32_data, 7 int64_data.
inline WireWriter typed_tensor(const std::string& name, int64_t type, uint32_t field,
                               const std::vector<int64_t>& dims,
                               const std::vector<int64_t>& values) {
  WireWriter tensor = tensor_header(name, type, dims);
  for (const int64_t value : values) tensor.integer(field, value);
  return tensor;
}

inline WireWriter attribute(const std::string& name, int64_t type) {
  WireWriter message;
  message.text(1, name);
  message.integer(20, type);
  return message;
}
inline WireWriter float_attribute(const std::string& name, float value) {
  WireWriter message = attribute(name, 1);
  message.real(2, value);
  return message;
}
inline WireWriter int_attribute(const std::string& name, int64_t value) {
  WireWriter message = attribute(name, 2);
  message.integer(3, value);
  return message;
}
inline WireWriter text_attribute(const std::string& name, const std::string& value) {
  WireWriter message = attribute(name, 3);
  message.text(4, value);
  return message;
}
inline WireWriter tensor_attribute(const std::string& name, const WireWriter& value) {
  WireWriter message = attribute(name, 4);
  message.message(5, value);
  return message;
}
inline WireWriter floats_attribute(const std::string& name, const std::vector<float>& values) {
  WireWriter message = attribute(name, 6);
  for (const float value : values) message.real(7, value);
  return message;
}
inline WireWriter ints_attribute(const std::string& name, const std::vector<int64_t>& values) {
  WireWriter message = attribute(name, 7);
  for (const int64_t value : values) message.integer(8, value);
  return message;
}

struct OnnxNodeParts {
  std::vector<WireWriter> attributes{};
  std::string name{};
  std::string domain{};
};

class OnnxFile {
 public:
  explicit OnnxFile(int64_t opset = 17, int64_t ir_version = 8)
      : opset_(opset), ir_version_(ir_version) {}

  OnnxFile& input(const std::string& name, const std::vector<OnnxDim>& dims,
                  int64_t type = kOnnxFloat) {
    inputs_.push_back(value_info(name, dims, type));
    return *this;
  }
  // An input whose type says nothing of a shape.
  OnnxFile& input_without_shape(const std::string& name) {
    WireWriter tensor_type;
    tensor_type.integer(1, kOnnxFloat);
    inputs_.push_back(value_info_of(name, tensor_type));
    return *this;
  }
  OnnxFile& output(const std::string& name) {
    outputs_.push_back(value_info(name, {}, kOnnxFloat));
    return *this;
  }

  OnnxFile& initializer(const WireWriter& tensor) {
    initializers_.push_back(tensor);
    return *this;
  }
  OnnxFile& floats(const std::string& name, const std::vector<int64_t>& dims,
                   const std::vector<float>& values) {
    return initializer(raw_tensor(name, kOnnxFloat, dims, values));
  }
  // `count` is the shape's.
  OnnxFile& ones(const std::string& name, const std::vector<int64_t>& dims, size_t count) {
    return floats(name, dims, std::vector<float>(count, 1.0f));
  }
  OnnxFile& int64s(const std::string& name, const std::vector<int64_t>& values) {
    return initializer(raw_tensor(name, kOnnxInt64, {static_cast<int64_t>(values.size())}, values));
  }

  OnnxFile& node(const std::string& op, const std::vector<std::string>& inputs,
                 const std::vector<std::string>& outputs, const OnnxNodeParts& parts = {}) {
    WireWriter message;
    for (const std::string& name : inputs) message.text(1, name);
    for (const std::string& name : outputs) message.text(2, name);
    if (!parts.name.empty()) message.text(3, parts.name);
    message.text(4, op);
    for (const WireWriter& attribute : parts.attributes) message.message(5, attribute);
    if (!parts.domain.empty()) message.text(7, parts.domain);
    nodes_.push_back(message);
    return *this;
  }

  std::vector<std::byte> bytes() const {
    WireWriter graph;
    for (const WireWriter& node : nodes_) graph.message(1, node);
    graph.text(2, "test");
    for (const WireWriter& tensor : initializers_) graph.message(5, tensor);
    for (const WireWriter& info : inputs_) graph.message(11, info);
    for (const WireWriter& info : outputs_) graph.message(12, info);
    WireWriter opset;
    opset.integer(2, opset_);
    WireWriter model;
    if (ir_version_ != 0) model.integer(1, ir_version_);
    model.message(7, graph);
    if (opset_ != 0) model.message(8, opset);
    return std::move(model).release();
  }

 private:
  static WireWriter value_info_of(const std::string& name, const WireWriter& tensor_type) {
    WireWriter type;
    type.message(1, tensor_type);
    WireWriter info;
    info.text(1, name);
    info.message(2, type);
    return info;
  }

  static WireWriter value_info(const std::string& name, const std::vector<OnnxDim>& dims,
                               int64_t type) {
    WireWriter shape;
    for (const OnnxDim& dim : dims) {
      WireWriter dimension;
      if (dim.symbol.empty()) {
        dimension.integer(1, dim.value);
      } else if (dim.symbol != "?") {  // "?": neither a number nor a name
        dimension.text(2, dim.symbol);
      }
      shape.message(1, dimension);
    }
    WireWriter tensor_type;
    tensor_type.integer(1, type);
    tensor_type.message(2, shape);
    return value_info_of(name, tensor_type);
  }

  int64_t opset_;
  int64_t ir_version_;
  std::vector<WireWriter> nodes_, initializers_, inputs_, outputs_;
};

}  // namespace lowbit::test
