// TensorProto to Tensor: the element types and the three places where ONNX keeps elements, raw_data
// (little-endian), the typed repeated fields (float_data, int32_data, int64_data, double_data), and
// other files, which hold what raw_data would.
//
//   float32, uint8, int8, int32, int64    as they are
//   float16, int16                        to float32 and int32, exactly
//   float64, bool                         single elements only, to float32 and uint8
#pragma once

#include <string>

#include "formats/onnx_proto.h"
#include "formats/onnx_reader.h"
#include "tensor/tensor.h"

namespace lowbit {

// `name` is for errors; the bytes of the result are taken from `byte_budget`. Errors: kInvalidModel
// (elements that are missing, too many, out of range or in two places; negative dimensions),
// kUnsupportedFeature (segments, another element type), kLimitExceeded, kOutOfMemory, and those of
// find_external_data().
Result<Tensor> decode_onnx_tensor(const OnnxTensor& source, const std::string& name,
                                  const ExternalFiles& files, uint64_t& byte_budget);

}  // namespace lowbit
