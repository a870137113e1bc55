// Tensors whose elements lie in other files (onnx.ai, "External Data"): a file's name, and which of
// its bytes. Nothing is opened here. The bytes are those that the caller handed over under that
// name, which must be plain: no folders, so that no model can name a file that is not its own.
#pragma once

#include <string>

#include "formats/onnx_proto.h"
#include "formats/onnx_reader.h"

namespace lowbit {

// The elements of a tensor that is_external; `name` is for errors. Errors: kInvalidModel (a name
// that is not plain; an offset or a length that is no number or beyond the file's end),
// kUnsupportedFeature (a file that is not among `files`).
Result<Slice> find_external_data(const OnnxTensor& source, const std::string& name,
                                 const ExternalFiles& files);

}  // namespace lowbit
