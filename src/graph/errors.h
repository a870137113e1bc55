// Errors that name the node or the value at fault, in the message and in Error::where.
#pragma once

#include <cstdio>

#include "graph/graph.h"

namespace lowbit {

// "node 'conv1' (Conv): <message>". The node's op must be one of ops.inc.
inline Failure node_error(ErrorCode code, const Node& node, const std::string& message) {
  return make_error(
      code, "node '" + node.name + "' (" + std::string(op_info(node.op).name) + "): " + message,
      node.name);
}

// "value 'x': <message>".
inline Failure value_error(ErrorCode code, const Value& value, const std::string& message) {
  return make_error(code, "value '" + value.name + "': " + message, value.name);
}

// "3 channels", "1 channel"; "? channels" for a symbol.
inline std::string count_of(int64_t count, const std::string& noun) {
  return (count < 0 ? "?" : std::to_string(count)) + " " + noun + (count == 1 ? "" : "s");
}

// All digits that tell one float from another.
inline std::string real_text(float real) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", static_cast<double>(real));
  return text;
}

}  // namespace lowbit
