#include "formats/onnx_attributes.h"

#include <algorithm>

#include "base/text.h"

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
           format_text("the attribute '{}' is given twice", attribute->name));
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
    fail(ErrorCode::kInvalidModel, format_text("the attribute '{}' has the wrong type", name));
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
    fail(ErrorCode::kInvalidModel,
         format_text("the attribute '{}' is {}, but may only be 0 or 1", name, value));
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
    fail(ErrorCode::kInvalidModel, format_text("the attribute '{}' holds no tensor", name));
  }
  return found ? found->tensor : std::nullopt;
}

void AttributeReader::fail(ErrorCode code, const Text& message) {
  if (!failure_) failure_ = onnx_node_error(code, node_, message);
}

Status AttributeReader::finish() {
  if (failure_) return std::move(failure_);
  const auto unknown = std::ranges::find(entries_, false, &Entry::is_read);
  if (unknown == entries_.end()) return success();
  return onnx_node_error(
      ErrorCode::kUnsupportedFeature, node_,
      format_text("the attribute '{}' is not supported here", unknown->attribute.name));
}

}  // namespace lowbit
