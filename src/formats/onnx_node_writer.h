// The attributes of a node in a file, as write_onnx() has them.
#pragma once

#include "formats/onnx_model_writer.h"

namespace lowbit {

// What an operator's attributes depend on besides the Graph's.
struct NodeForm {
  int64_t opset = 0;
  bool is_integer = false;  // its output is quantized
};

// Attributes that have ONNX's default are left out, except where the default depends on the opset,
// and the kernel's shape in a float Conv, which exporters write too.
void write_attributes(const Node& node, const NodeForm& form, AttributeWriter& out);

// True when the axes of that reduction are an input, not an attribute.
bool has_axes_as_input(Op op, int64_t opset);

}  // namespace lowbit
