#include "formats/onnx_proto.h"

#include "base/text.h"
#include "formats/onnx_reader.h"
#include "tensor/shape.h"

namespace lowbit {

namespace {

// Counts what the model is made of, against kMaxModelItems.
class ItemBudget {
 public:
  Status spend(size_t offset) {
    if (left_ == 0) {
      return make_error(
          ErrorCode::kLimitExceeded,
          format_text(
              "the model has more than {} nodes, inputs, outputs, attributes and initializers",
              kMaxModelItems),
          byte_offset(offset));
    }
    --left_;
    return success();
  }

 private:
  size_t left_ = kMaxModelItems;
};

Result<OnnxDimension> parse_dimension(Slice message) {
  OnnxDimension dimension;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == 1) {
      LOWBIT_ASSIGN(dimension.value, field.integer());
    } else if (field.number == 2) {
      LOWBIT_ASSIGN(dimension.symbol, field.text());
    }
  }
  return dimension;
}

Result<std::vector<OnnxDimension>> parse_shape(Slice message) {
  std::vector<OnnxDimension> shape;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number != 1) continue;
    if (shape.size() == static_cast<size_t>(kMaxRank)) {
      return make_error(ErrorCode::kLimitExceeded, "a shape of more than 8 dimensions",
                        byte_offset(field.offset));
    }
    LOWBIT_ASSIGN(const Slice dimension, field.message());
    LOWBIT_ASSIGN(shape.emplace_back(), parse_dimension(dimension));
  }
  return shape;
}

Status parse_tensor_type(Slice message, OnnxValueInfo& info) {
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == 1) {
      LOWBIT_ASSIGN(const int64_t type, field.integer());
      info.type = OnnxType{type};
    } else if (field.number == 2) {
      LOWBIT_ASSIGN(const Slice shape, field.message());
      LOWBIT_ASSIGN(info.shape, parse_shape(shape));
    }
  }
  return success();
}

Status parse_type(Slice message, OnnxValueInfo& info) {
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number != 1) continue;
    LOWBIT_ASSIGN(const Slice tensor_type, field.message());
    LOWBIT_TRY(parse_tensor_type(tensor_type, info));
  }
  return success();
}

Result<OnnxValueInfo> parse_value_info(Slice message) {
  OnnxValueInfo info;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == 1) {
      LOWBIT_ASSIGN(info.name, field.text());
    } else if (field.number == 2) {
      LOWBIT_ASSIGN(const Slice type, field.message());
      LOWBIT_TRY(parse_type(type, info));
    }
  }
  return info;
}

Result<OnnxNode> parse_node(Slice message, ItemBudget& budget) {
  OnnxNode node;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    switch (field.number) {
      case 1: {
        LOWBIT_TRY(budget.spend(field.offset));
        LOWBIT_ASSIGN(node.inputs.emplace_back(), field.text());
        break;
      }
      case 2: {
        LOWBIT_TRY(budget.spend(field.offset));
        LOWBIT_ASSIGN(node.outputs.emplace_back(), field.text());
        break;
      }
      case 3: {
        LOWBIT_ASSIGN(node.name, field.text());
        break;
      }
      case 4: {
        LOWBIT_ASSIGN(node.op_type, field.text());
        break;
      }
      case 5: {
        LOWBIT_TRY(budget.spend(field.offset));
        LOWBIT_ASSIGN(node.attributes.emplace_back(), field.message());
        break;
      }
      case 7: {
        LOWBIT_ASSIGN(node.domain, field.text());
        break;
      }
      default:
        break;
    }
  }
  return node;
}

Result<OnnxGraph> parse_graph(Slice message, ItemBudget& budget) {
  OnnxGraph graph;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == 2 || field.number == 10) {
      std::string_view& text = field.number == 2 ? graph.name : graph.doc_string;
      LOWBIT_ASSIGN(text, field.text());
      continue;
    }
    if (field.number == 15) graph.has_sparse_initializers = true;
    const bool is_read =
        field.number == 1 || field.number == 5 || field.number == 11 || field.number == 12;
    if (!is_read) continue;
    LOWBIT_TRY(budget.spend(field.offset));
    LOWBIT_ASSIGN(const Slice item, field.message());
    if (field.number == 1) {
      LOWBIT_ASSIGN(graph.nodes.emplace_back(), parse_node(item, budget));
    } else if (field.number == 5) {
      LOWBIT_ASSIGN(graph.initializers.emplace_back(), parse_onnx_tensor(item));
    } else if (field.number == 11) {
      LOWBIT_ASSIGN(graph.inputs.emplace_back(), parse_value_info(item));
    } else {
      LOWBIT_ASSIGN(graph.outputs.emplace_back(), parse_value_info(item));
    }
  }
  return graph;
}

Status parse_opset_import(Slice message, OnnxModel& model) {
  std::string_view domain;
  int64_t version = 0;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == 1) {
      LOWBIT_ASSIGN(domain, field.text());
    } else if (field.number == 2) {
      LOWBIT_ASSIGN(version, field.integer());
    }
  }
  if (!domain.empty() && domain != "ai.onnx") {
    model.other_opsets.emplace_back(domain, version);
    return success();
  }
  if (model.opset) {
    return make_error(ErrorCode::kInvalidModel, "the model imports two opsets of ai.onnx",
                      byte_offset(message.offset));
  }
  model.opset = version;
  return success();
}

// One of the pairs of a key and a text that say where a tensor lies.
Status parse_external_entry(Slice message, OnnxExternalData& external) {
  std::string_view key;
  std::string_view value;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number == 1) {
      LOWBIT_ASSIGN(key, field.text());
    } else if (field.number == 2) {
      LOWBIT_ASSIGN(value, field.text());
    }
  }
  if (key == "location") external.location = value;
  if (key == "offset") external.offset = value;
  if (key == "length") external.length = value;
  return success();
}

Status parse_property(Slice message, OnnxModel& model) {
  auto& [key, value] = model.properties.emplace_back();
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (field.number != 1 && field.number != 2) continue;
    std::string_view& text = field.number == 1 ? key : value;
    LOWBIT_ASSIGN(text, field.text());
  }
  return success();
}

// The texts of a model, by their numbers; null where the field is none.
std::string_view* text_of(uint32_t number, OnnxModel& model) {
  switch (number) {
    case 2:
      return &model.producer;
    case 3:
      return &model.producer_version;
    case 4:
      return &model.domain;
    case 6:
      return &model.doc_string;
    default:
      return nullptr;
  }
}

}  // namespace

std::string onnx_type_name(OnnxType type) {
  switch (type) {
    case OnnxType::kUndefined:
      return "undefined";
    case OnnxType::kFloat:
      return "float32";
    case OnnxType::kUint8:
      return "uint8";
    case OnnxType::kInt8:
      return "int8";
    case OnnxType::kInt16:
      return "int16";
    case OnnxType::kInt32:
      return "int32";
    case OnnxType::kInt64:
      return "int64";
    case OnnxType::kUint16:
      return "uint16";
    case OnnxType::kUint32:
      return "uint32";
    case OnnxType::kUint64:
      return "uint64";
    case OnnxType::kString:
      return "string";
    case OnnxType::kBfloat16:
      return "bfloat16";
    case OnnxType::kBool:
      return "bool";
    case OnnxType::kFloat16:
      return "float16";
    case OnnxType::kDouble:
      return "float64";
    case OnnxType::kUint4:
      return "uint4";
    case OnnxType::kInt4:
      return "int4";
  }
  return format_text("type {}", static_cast<int64_t>(type));
}

Result<OnnxTensor> parse_onnx_tensor(Slice message) {
  OnnxTensor tensor;
  tensor.message = message;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    switch (field.number) {
      case 1:
        LOWBIT_TRY(for_each_varint(field, [&](uint64_t dim) -> Status {
          if (tensor.dims.size() == static_cast<size_t>(kMaxRank)) {
            return make_error(ErrorCode::kLimitExceeded, "a tensor of more than 8 dimensions",
                              byte_offset(field.offset));
          }
          tensor.dims.push_back(static_cast<int64_t>(dim));
          return success();
        }));
        break;
      case 2: {
        LOWBIT_ASSIGN(const int64_t type, field.integer());
        tensor.type = OnnxType{type};
        break;
      }
      case 3:
        tensor.is_segment = true;
        break;
      case 4:
      case 5:
      case 6:
      case 7:
      case 10:
      case 11:
        tensor.has_typed_data = true;
        break;
      case 8: {
        LOWBIT_ASSIGN(tensor.name, field.text());
        break;
      }
      case 9: {
        LOWBIT_ASSIGN(tensor.raw_data, field.message());
        break;
      }
      case 13: {
        tensor.is_external = true;
        LOWBIT_ASSIGN(const Slice entry, field.message());
        LOWBIT_TRY(parse_external_entry(entry, tensor.external));
        break;
      }
      case 14: {
        LOWBIT_ASSIGN(const int64_t location, field.integer());
        tensor.is_external = tensor.is_external || location != 0;
        break;
      }
      default:
        break;
    }
  }
  return tensor;
}

Result<OnnxAttribute> parse_onnx_attribute(Slice message) {
  OnnxAttribute attribute;
  for (WireReader fields(message); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    switch (field.number) {
      case 1: {
        LOWBIT_ASSIGN(attribute.name, field.text());
        break;
      }
      case 2: {
        LOWBIT_ASSIGN(attribute.real, field.real());
        break;
      }
      case 3: {
        LOWBIT_ASSIGN(attribute.integer, field.integer());
        break;
      }
      case 4: {
        LOWBIT_ASSIGN(attribute.text, field.text());
        break;
      }
      case 5: {
        LOWBIT_ASSIGN(attribute.tensor, field.message());
        break;
      }
      case 7:
        LOWBIT_TRY(for_each_real<float>(field, [&](float value) {
          attribute.reals.push_back(value);
          return success();
        }));
        break;
      case 8:
        LOWBIT_TRY(for_each_varint(field, [&](uint64_t value) {
          attribute.integers.push_back(static_cast<int64_t>(value));
          return success();
        }));
        break;
      case 20: {
        LOWBIT_ASSIGN(const int64_t type, field.integer());
        attribute.type = OnnxAttributeType{type};
        break;
      }
      default:
        break;
    }
  }
  return attribute;
}

Result<OnnxModel> parse_onnx_model(std::span<const std::byte> bytes) {
  OnnxModel model;
  ItemBudget budget;
  bool has_graph = false;
  for (WireReader fields(Slice{bytes, 0}); !fields.done();) {
    LOWBIT_ASSIGN(const WireField field, fields.next());
    if (std::string_view* const text = text_of(field.number, model)) {
      LOWBIT_ASSIGN(*text, field.text());
    } else if (field.number == 1) {
      LOWBIT_ASSIGN(model.ir_version, field.integer());
    } else if (field.number == 5) {
      LOWBIT_ASSIGN(model.model_version, field.integer());
    } else if (field.number == 7) {
      if (has_graph) {
        return make_error(ErrorCode::kInvalidModel, "the model has two graphs",
                          byte_offset(field.offset));
      }
      has_graph = true;
      LOWBIT_ASSIGN(const Slice graph, field.message());
      LOWBIT_ASSIGN(model.graph, parse_graph(graph, budget));
    } else if (field.number == 8) {
      LOWBIT_TRY(budget.spend(field.offset));
      LOWBIT_ASSIGN(const Slice opset, field.message());
      LOWBIT_TRY(parse_opset_import(opset, model));
    } else if (field.number == 14) {
      LOWBIT_TRY(budget.spend(field.offset));
      LOWBIT_ASSIGN(const Slice property, field.message());
      LOWBIT_TRY(parse_property(property, model));
    }
  }
  if (!has_graph) {
    return make_error(ErrorCode::kInvalidModel,
                      "the bytes are not an ONNX model: there is no graph",
                      byte_offset(bytes.size()));
  }
  return model;
}

}  // namespace lowbit
