#include "formats/onnx_attributes.h"

#include <algorithm>

namespace lowbit {

namespace {

// More than any operator of ONNX has; searching them is then cheap.
constexpr size_t kMaxAttributes = 64;

}  // namespace

AttributeReader::AttributeReader(const IndexedNode& node) : node_(node) {
  if (node.source->attributes.size() > kMaxAttributes) {
    fail(ErrorCode::kLimitExceeded, "a node of more than 64 attributes");
    return;
  }
  for (const Slice& message : node.source->attributes) {
    auto attribute = parse_onnx_attribute(message);
    if (!attribute) {
      failure_ = std::move(attribute).failure();
      return;
    }
    if (has(attribute->name)) {
      fail(ErrorCode::kInvalidModel,
           "the attribute '" + std::string(attribute->name) + "' is given twice");
      return;
    }
    entries_.push_back({std::move(attribute).value()});
  }
}

bool AttributeReader::has(std::string_view name) const {
  return std::ranges::any_of(entries_,
                             [&](const Entry& entry) { return entry.attribute.name == name; });
}

const OnnxAttribute* AttributeReader::find(std::string_view name, OnnxAttributeType type) {
  for (Entry& entry : entries_) {
    if (entry.attribute.name != name) continue;
    entry.is_read = true;
    // Models older than IR 2 do not say the type.
    if (entry.attribute.type == type || entry.attribute.type == OnnxAttributeType::kUndefined) {
      return &entry.attribute;
    }
    fail(ErrorCode::kInvalidModel, "the attribute '" + std::string(name) + "' has the wrong type");
  }
  return nullptr;
}

int64_t AttributeReader::integer(std::string_view name, int64_t fallback) {
  const OnnxAttribute* found = find(name, OnnxAttributeType::kInt);
  return found ? found->integer : fallback;
}

float AttributeReader::real(std::string_view name, float fallback) {
  const OnnxAttribute* found = find(name, OnnxAttributeType::kFloat);
  return found ? found->real : fallback;
}

bool AttributeReader::flag(std::string_view name, bool fallback) {
  const int64_t value = integer(name, fallback ? 1 : 0);
  if (value != 0 && value != 1) {
    fail(ErrorCode::kInvalidModel, "the attribute '" + std::string(name) + "' is " +
                                       std::to_string(value) + ", but may only be 0 or 1");
  }
  return value == 1;
}

std::string_view AttributeReader::text(std::string_view name, std::string_view fallback) {
  const OnnxAttribute* found = find(name, OnnxAttributeType::kString);
  return found ? found->text : fallback;
}

std::vector<int64_t> AttributeReader::integers(std::string_view name) {
  const OnnxAttribute* found = find(name, OnnxAttributeType::kInts);
  return found ? found->integers : std::vector<int64_t>{};
}

std::vector<float> AttributeReader::reals(std::string_view name) {
  const OnnxAttribute* found = find(name, OnnxAttributeType::kFloats);
  return found ? found->reals : std::vector<float>{};
}

std::optional<Slice> AttributeReader::tensor(std::string_view name) {
  const OnnxAttribute* found = find(name, OnnxAttributeType::kTensor);
  if (found && !found->tensor) {
    fail(ErrorCode::kInvalidModel, "the attribute '" + std::string(name) + "' holds no tensor");
  }
  return found ? found->tensor : std::nullopt;
}

void AttributeReader::fail(ErrorCode code, const std::string& message) {
  if (!failure_) failure_ = onnx_node_error(code, node_, message);
}

Status AttributeReader::finish() {
  if (failure_) return std::move(failure_);
  const auto unknown = std::ranges::find(entries_, false, &Entry::is_read);
  if (unknown == entries_.end()) return success();
  return onnx_node_error(
      ErrorCode::kUnsupportedFeature, node_,
      "the attribute '" + std::string(unknown->attribute.name) + "' is not supported here");
}

}  // namespace lowbit
