// The constants of a file, made when they are first asked for: initializers, Constant nodes, and
// what nodes compute of them, such as the product that write_onnx() makes for the scale of a bias.
#pragma once

#include <vector>

#include "formats/onnx_index.h"
#include "formats/onnx_reader.h"

namespace lowbit {

class OnnxConstants {
 public:
  // `index` and `files` must outlive the constants, which take at most `byte_budget`.
  OnnxConstants(const OnnxIndex& index, int64_t opset, const ExternalFiles& files,
                uint64_t byte_budget)
      : index_(index),
        opset_(opset),
        files_(files),
        tensors_(index.tensors.size()),
        byte_budget_(byte_budget) {}

  const OnnxIndex& index() const { return index_; }

  // `id` must be a constant of the index. Errors: as decode_onnx_tensor() and fold_node();
  // kUnsupportedFeature (a Constant of strings, a sparse one).
  Result<Tensor> get(TensorId id);
  // The one element of a constant, as float32. Errors: also kInvalidModel.
  Result<float> scalar(TensorId id);
  // A tensor that is an attribute of `node`. Errors: as decode_onnx_tensor().
  Result<Tensor> attribute(const Slice& tensor, const std::string& node);
  // The elements of a constant; it must be int64 or int32 and of rank 0 or 1. Errors: also
  // kInvalidModel.
  Result<std::vector<int64_t>> integers(TensorId id);

 private:
  Result<Tensor> decode(TensorId id);
  Result<Tensor> constant_node(const IndexedNode& node);
  Result<Tensor> fold(TensorId id, const IndexedNode& node);

  const OnnxIndex& index_;
  int64_t opset_;
  const ExternalFiles& files_;
  std::vector<std::optional<Tensor>> tensors_;
  uint64_t byte_budget_;
};

}  // namespace lowbit
