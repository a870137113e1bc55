// How a constant lies in a file: as it is, or in fewer bits behind a Cast that every runtime folds
// when it loads the model, so that it computes with what it has of the wider file. A graph of int4
// weights without the Cast would be the shorter one, but ONNX Runtime 1.30 computes a Conv, Gemm or
// MatMul of it in floats.
//
//   int32 whose elements fit into 16 bits    int16
//   int8 whose elements fit into 4 bits      int4 (opset 21), two in a byte, if asked for
//   float32                                  float16, each rounded to nearest, if asked for and
//   none
//                                            is too large
#pragma once

#include <vector>

#include "formats/onnx_proto.h"
#include "formats/onnx_writer.h"
#include "tensor/tensor.h"

namespace lowbit {

struct StoredConstant {
  OnnxType type = OnnxType::kUndefined;
  // Empty: those of the tensor itself, whose type `type` is then. Else a Cast makes that type.
  std::vector<std::byte> bytes;
};

StoredConstant store(const Tensor& tensor, const SaveOptions& options);

// The first opset that has all types in which the graph's constants are stored.
int64_t storage_opset(const Graph& graph, const SaveOptions& options);

}  // namespace lowbit
