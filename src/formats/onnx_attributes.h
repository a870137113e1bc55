// The attributes of one node, asked for by name, with ONNX's defaults. Errors stick: a getter that
// fails returns its default, and finish() tells the first error; so the code that reads an operator
// is a plain list of what the operator has.
//
//   AttributeReader attributes(node);
//   conv.groups = attributes.integer("group", 1);
//   LOWBIT_TRY(attributes.finish());
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/onnx_index.h"

namespace lowbit {

class AttributeReader {
 public:
  // Errors kept for finish(): as parse_onnx_attribute(); an attribute given twice.
  // `node` must outlive the reader.
  explicit AttributeReader(const IndexedNode& node);

  bool has(std::string_view name) const;
  int64_t integer(std::string_view name, int64_t fallback);
  float real(std::string_view name, float fallback);
  // A 0 or 1 that ONNX stores as an integer.
  bool flag(std::string_view name, bool fallback);
  std::string_view text(std::string_view name, std::string_view fallback);
  // Empty when the attribute is not given.
  std::vector<int64_t> integers(std::string_view name);
  std::vector<float> reals(std::string_view name);
  // None when the attribute is not given.
  std::optional<Slice> tensor(std::string_view name);

  // Keeps the first error.
  void fail(ErrorCode code, const Text& message);
  // Hands out the first error; without one, kUnsupportedFeature if the node has an attribute that
  // nobody asked for.
  Status finish();

 private:
  const OnnxAttribute* find(std::string_view name, OnnxAttributeType type);

  struct Entry {
    OnnxAttribute attribute;
    bool is_read = false;
  };
  const IndexedNode& node_;
  std::vector<Entry> entries_;
  Failure failure_;
};

}  // namespace lowbit
