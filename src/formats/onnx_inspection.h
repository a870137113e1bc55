// What an ONNX file says of itself, seen without loading it: whatever operators it uses, and
// whether Lowbit has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"

namespace lowbit {

struct InspectedValue {
  std::string name;
  std::string dtype;  // as onnx_type_name()
  // A number, or the name of a symbol; "?" for one without. None: the file does not say.
  std::optional<std::vector<std::variant<int64_t, std::string>>> shape;
};

struct Inspection {
  std::optional<int64_t> opset;
  std::vector<InspectedValue> inputs;  // without the initializers, which IR 3 lists there, too
  std::vector<InspectedValue> outputs;
  // Nodes by operator, named as onnx_operator_name() does.
  std::map<std::string, int64_t> operators;
  int64_t parameter_count = 0;  // elements of all initializers
  // The files in which elements of initializers lie (formats/onnx_external.h), as they are named.
  std::set<std::string> files;
  // The operators that Lowbit does not have, with their nodes' names: given, or as read_onnx()
  // would generate them.
  std::map<std::string, std::vector<std::string>> unsupported;
};

// Only what the index needs is checked: a model that can be inspected need not load. Errors: as
// parse_onnx_model() and index_onnx_model(); kInvalidModel for an initializer of impossible size.
Result<Inspection> inspect_onnx(std::span<const std::byte> bytes);

}  // namespace lowbit
