// What QuantizeLinear (Q) and DequantizeLinear (DQ) nodes of a file say besides their data.
#pragma once

#include <optional>
#include <vector>

#include "formats/onnx_constants.h"
#include "qmath/quant_params.h"

namespace lowbit {

// The parameters of a Q or DQ as an activation's of the Graph, which is uint8.
struct Activation {
  QuantParams quant;
  bool is_signed = false;  // in the file
  bool operator==(const Activation&) const = default;
};

// Whether they are positive normal numbers.
bool are_scales(std::span<const float> numbers);

class QdqReader {
 public:
  // Both must outlive the reader.
  QdqReader(const OnnxIndex& index, OnnxConstants& constants);

  // Of a Q or DQ of data that is no constant: its parameters, where they are known and those of an
  // activation: one pair, of 8 bits. `made`: those of the Q whose integers a DQ reads. Errors:
  // kInvalidModel; those of OnnxConstants.
  Result<std::optional<Activation>> activation(const IndexedNode& node,
                                               const std::optional<Activation>& made);
  // Of a DQ of a constant, as the file has them, where they are known. Errors: likewise, also for
  // parameters that do not fit the constant.
  Result<std::optional<QuantParams>> constant(const IndexedNode& node);

 private:
  struct Parameters {
    TensorId scale = kNoTensor;
    TensorId zero_point = kNoTensor;
    int64_t axis = 1;
    int64_t block_size = 0;
  };

  bool is_constant(TensorId id) const { return id != kNoTensor && index_.tensor(id).is_constant; }
  Result<Parameters> read(const IndexedNode& node);
  Result<bool> are_known(const Parameters& parameters);
  Result<QuantParams> quant_params(const IndexedNode& node, const Parameters& parameters,
                                   std::optional<DType> storage);
  bool is_wide_type(const Parameters& parameters) const;
  std::optional<DType> declared_type(const IndexedNode& node,
                                     const std::optional<Activation>& made) const;

  const OnnxIndex& index_;
  OnnxConstants& constants_;
  std::vector<std::optional<DType>> input_type_;  // per tensor: of an input of the graph
};

}  // namespace lowbit
