// The constants of a file, decoded when they are first asked for: initializers, Constant nodes, and
// the expressions that write_onnx() makes of them: a product for the scale of a bias, a Cast of the
// integers of a bias.
#pragma once

#include <vector>

#include "formats/onnx_index.h"
#include "formats/onnx_reader.h"

namespace lowbit {

class OnnxConstants {
 public:
  // `index` and `files` must outlive the constants.
  OnnxConstants(const OnnxIndex& index, const ExternalFiles& files)
      : index_(index), files_(files), tensors_(index.tensors.size()) {}

  const OnnxIndex& index() const { return index_; }

  // `id` must be a constant of the index. Errors: as decode_onnx_tensor(); kUnsupportedFeature (a
  // Constant of strings, a sparse one; a product that is not one of float32 and a single float32; a
  // Cast that does not give int32 from int16).
  Result<Tensor> get(TensorId id);
  // The one element of a constant, as float32. Errors: also kInvalidModel.
  Result<float> scalar(TensorId id);
  // Its elements; it must be int64 and of rank 0 or 1. Errors: also kInvalidModel.
  Result<std::vector<int64_t>> integers(TensorId id);

 private:
  Result<Tensor> decode(TensorId id);
  Result<Tensor> constant_node(const IndexedNode& node);
  Result<Tensor> product(const IndexedNode& node);
  Result<Tensor> cast(const IndexedNode& node);

  const OnnxIndex& index_;
  const ExternalFiles& files_;
  std::vector<std::optional<Tensor>> tensors_;
  uint64_t byte_budget_ = kMaxTensorBytes;
};

}  // namespace lowbit
