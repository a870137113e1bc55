#include "formats/onnx_model_writer.h"

#include <algorithm>

#include "base/text.h"
#include "formats/resize_names.h"

namespace lowbit {

namespace {

constexpr std::string_view kNameless = "lowbit";
constexpr int64_t kMinWrittenOpset = 13;
constexpr int64_t kFirstOpsetWithPoolDilations = 19;
constexpr int64_t kFirstOpsetWithShapeRanges = 15;
constexpr int64_t kFirstOpsetWithWrap = 19;
constexpr int64_t kFirstOpsetWithBlocks = 21;
constexpr int64_t kMicrosoftOpset = 1;

// The first opset that has the operator as it is written; 1 where every written opset has it.
int64_t first_opset(Op op) {
  if (const auto unary = unary_function(op)) return unary_info(*unary).opset;
  switch (op) {
    case Op::kLayerNormalization:
      return 17;
    case Op::kGroupNormalization:  // with scales per channel
      return 21;
    case Op::kRMSNormalization:
      return 23;
    default:
      return 1;
  }
}

// AttributeProto.AttributeType.
constexpr int64_t kFloatAttribute = 1;
constexpr int64_t kIntAttribute = 2;
constexpr int64_t kStringAttribute = 3;
constexpr int64_t kIntsAttribute = 7;

int64_t opset_of_resize(const ResizeAttributes& resize) {
  if (resize.coordinates == ResizeCoordinates::kHalfPixelSymmetric) return 19;
  const bool has_axes = !resized_axes(resize).empty();
  const bool is_new = resize.antialias || has_axes || resize.aspect != ResizeAspect::kStretch;
  return is_new ? 18 : kMinWrittenOpset;
}

int64_t opset_of(const Graph& graph) {
  int64_t opset = std::max(graph.opset, kMinWrittenOpset);
  for (const Value& value : graph.values) {
    if (value.quant && value.quant->block_size > 0) {
      opset = std::max(opset, kFirstOpsetWithBlocks);
    }
  }
  for (const Node& node : graph.nodes) {
    const auto* pool = std::get_if<PoolAttributes>(&node.attributes);
    if (node.op == Op::kAveragePool && pool && pool->window.dilation != Spatial{}) {
      opset = std::max(opset, kFirstOpsetWithPoolDilations);
    }
    if (const auto* pad = std::get_if<PadAttributes>(&node.attributes)) {
      if (pad->mode == PadMode::kWrap) opset = std::max(opset, kFirstOpsetWithWrap);
    }
    if (node.op == Op::kExpand && node.inputs.size() > 1) {
      opset = std::max(opset, kFirstOpsetWithShapeRanges);
    }
    if (const auto* resize = std::get_if<ResizeAttributes>(&node.attributes)) {
      opset = std::max(opset, opset_of_resize(*resize));
    }
    opset = std::max(opset, first_opset(node.op));
  }
  return opset;
}

// The IR version that came with the opset (onnx.ai, "ONNX Versioning").
int64_t ir_version(int64_t opset) {
  if (opset >= 23) return 11;
  if (opset >= 21) return 10;
  return opset >= 19 ? 9 : 8;
}

void write_opset(std::string_view domain, int64_t version, WireWriter& model) {
  WireWriter opset;
  opset.text(1, domain);
  opset.integer(2, version);
  model.message(8, opset);
}

}  // namespace

void AttributeWriter::integer(std::string_view name, int64_t value) {
  WireWriter& attribute = attributes_.emplace_back();
  attribute.text(1, name);
  attribute.integer(3, value);
  attribute.integer(20, kIntAttribute);
}

void AttributeWriter::real(std::string_view name, float value) {
  WireWriter& attribute = attributes_.emplace_back();
  attribute.text(1, name);
  attribute.real(2, value);
  attribute.integer(20, kFloatAttribute);
}

void AttributeWriter::text(std::string_view name, std::string_view value) {
  WireWriter& attribute = attributes_.emplace_back();
  attribute.text(1, name);
  attribute.text(4, value);
  attribute.integer(20, kStringAttribute);
}

void AttributeWriter::integers(std::string_view name, std::span<const int64_t> values) {
  WireWriter& attribute = attributes_.emplace_back();
  attribute.text(1, name);
  // onnx.proto declares the list without [packed]: one field per number.
  for (const int64_t value : values) attribute.integer(8, value);
  attribute.integer(20, kIntsAttribute);
}

ModelWriter::ModelWriter(const Graph& graph, int64_t least_opset)
    : graph_(graph), metadata_(graph.metadata), opset_(std::max(least_opset, opset_of(graph))) {
  for (const Value& value : graph.values) reserved_.insert(value.name);
}

std::string ModelWriter::fresh_name(char letter) {
  std::string name;
  do {
    name = letter + format_text("{}", counters_[letter]++);
  } while (reserved_.contains(name));
  return name;
}

void ModelWriter::node(const NodeText& text, const AttributeWriter& attributes) {
  WireWriter node;
  for (const std::string& input : text.inputs) node.text(1, input);
  for (const std::string& output : {text.unused_first, text.output, text.unused_second}) {
    if (!output.empty()) node.text(2, output);
  }
  if (!text.name.empty()) node.text(3, text.name);
  node.text(4, text.op);
  for (const WireWriter& attribute : attributes.attributes()) node.message(5, attribute);
  if (!text.domain.empty()) node.text(7, text.domain);
  nodes_.message(1, node);
  const auto is_imported = [&](const auto& opset) { return opset.first == text.domain; };
  if (!text.domain.empty() && std::ranges::none_of(metadata_.opsets, is_imported)) {
    metadata_.opsets.emplace_back(text.domain, kMicrosoftOpset);
  }
}

std::string ModelWriter::shared_constant(char letter, OnnxType type, std::span<const int64_t> dims,
                                         std::span<const std::byte> bytes) {
  WireWriter key;
  key.integer(1, static_cast<int64_t>(type));
  for (const int64_t dim : dims) key.integer(2, dim);
  key.bytes(3, bytes);
  const std::span<const std::byte> encoded = key.result();
  const auto [found, is_new] = constants_.try_emplace(
      std::string(reinterpret_cast<const char*>(encoded.data()), encoded.size()));
  if (is_new) {
    found->second = fresh_name(letter);
    initializer(found->second, type, dims, bytes);
  }
  return found->second;
}

void ModelWriter::initializer(std::string_view name, OnnxType type, std::span<const int64_t> dims,
                              std::span<const std::byte> bytes) {
  WireWriter tensor;
  for (const int64_t dim : dims) tensor.integer(1, dim);
  tensor.integer(2, static_cast<int64_t>(type));
  tensor.text(8, name);
  tensor.open(9, bytes.size());
  // The elements follow the message's other fields without a copy in between.
  initializers_.open(5, tensor.result().size() + bytes.size());
  initializers_.append(tensor.result());
  initializers_.append(bytes);
}

WireWriter ModelWriter::value_info(ValueId id) const {
  const Value& value = graph_.value(id);
  WireWriter shape;
  for (const int64_t dim : value.shape.dims()) {
    WireWriter dimension;
    if (dim >= 0) {
      dimension.integer(1, dim);
    } else {
      dimension.text(2, graph_.symbols[static_cast<size_t>(-1 - dim)]);
    }
    shape.message(1, dimension);
  }
  WireWriter tensor_type;
  tensor_type.integer(1, static_cast<int64_t>(onnx_type(value.dtype)));
  tensor_type.message(2, shape);
  WireWriter type;
  type.message(1, tensor_type);
  WireWriter info;
  info.text(1, value.name);
  info.message(2, type);
  return info;
}

std::vector<std::byte> ModelWriter::finish() && {
  WireWriter name;
  name.text(2, graph_.name.empty() ? kNameless : std::string_view(graph_.name));
  WireWriter ends;
  if (!metadata_.graph_doc_string.empty()) ends.text(10, metadata_.graph_doc_string);
  for (const ValueId id : graph_.inputs) ends.message(11, value_info(id));
  for (const ValueId id : graph_.outputs) ends.message(12, value_info(id));
  const size_t graph_bytes = nodes_.result().size() + name.result().size() +
                             initializers_.result().size() + ends.result().size();

  WireWriter imports;
  write_opset("", opset_, imports);
  for (const auto& [domain, version] : metadata_.opsets) write_opset(domain, version, imports);
  WireWriter properties;
  for (const auto& [key, value] : metadata_.properties) {
    WireWriter property;
    property.text(1, key);
    property.text(2, value);
    properties.message(14, property);
  }

  WireWriter model;
  model.integer(1, ir_version(opset_));
  if (!metadata_.producer.empty()) model.text(2, metadata_.producer);
  if (!metadata_.producer_version.empty()) model.text(3, metadata_.producer_version);
  if (!metadata_.domain.empty()) model.text(4, metadata_.domain);
  if (metadata_.model_version != 0) model.integer(5, metadata_.model_version);
  if (!metadata_.doc_string.empty()) model.text(6, metadata_.doc_string);
  constexpr size_t kTagBytes = 16;
  model.reserve(model.result().size() + graph_bytes + imports.result().size() +
                properties.result().size() + kTagBytes);
  model.open(7, graph_bytes);
  model.append(nodes_.result());
  model.append(name.result());
  model.append(initializers_.result());
  model.append(ends.result());
  model.append(imports.result());
  model.append(properties.result());
  return std::move(model).release();
}

}  // namespace lowbit
