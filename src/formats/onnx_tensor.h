// TensorProto to Tensor: the element types and the three places where ONNX keeps elements, raw_data
// (little-endian), the typed repeated fields (float_data, int32_data, int64_data, double_data), and
// other files, which hold what raw_data would.
//
//   float32, uint8, int8, int32, int64, bool   as they are
//   float16; int16, uint16; uint32             to float32; int32; int64, exactly
//   int4; uint4                                to int8; uint8; two lie in a byte, the first in its
//                                              low half
//   float64; uint64                            to the nearest float32; to int64, if they fit
#pragma once

#include <string>

#include "formats/onnx_proto.h"
#include "formats/onnx_reader.h"
#include "tensor/tensor.h"

namespace lowbit {

// The type of a tensor's elements as they are.
OnnxType onnx_type(DType dtype);
// The element type that stands for one of the file's in a Graph; none: it is not supported.
std::optional<DType> dtype_of_onnx(OnnxType type);

// `name` is for errors; the bytes of the result are taken from `byte_budget`. Errors: kInvalidModel
// (elements that are missing, too many, out of range or in two places; negative dimensions),
// kUnsupportedFeature (segments, another element type), kLimitExceeded, kOutOfMemory, and those of
// find_external_data().
Result<Tensor> decode_onnx_tensor(const OnnxTensor& source, const std::string& name,
                                  const ExternalFiles& files, uint64_t& byte_budget);

}  // namespace lowbit
