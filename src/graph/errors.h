// Errors that name the node or the value at fault, in the message and in Error::where.
#pragma once

#include <string>

#include "graph/graph.h"

namespace lowbit {

// "node 'conv1' (Conv): <message>". The node's op must be one of ops.inc.
Failure node_error(ErrorCode code, const Node& node, const Text& message);

// "value 'x': <message>".
Failure value_error(ErrorCode code, const Value& value, const Text& message);

// "3 channels", "1 channel"; "? channels" for a symbol.
std::string count_of(int64_t count, std::string_view noun);

// All digits that tell one float from another, as printf's %.9g: 0.1 is 0.100000001. By hand,
// because printf alone would be 8 KB of the WebAssembly module.
std::string real_text(float real);

}  // namespace lowbit
