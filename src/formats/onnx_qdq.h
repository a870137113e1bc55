// Finds the quantized model in a QDQ file, where every operator computes in floats between
// DequantizeLinear (DQ) and QuantizeLinear (Q):
//
// - An operator is an integer node when all its data come from DQ, and one Q is all that reads its
//   output. That Q belongs to the node: the node makes the Q's integers. One that only moves values
//   stays a float node where the Q has another scale or zero point than the DQ.
//
// - A Relu or Clip between the node and its Q is the node's activation (Conv, Gemm, MatMul, Add).
//
// - A Relu or Clip without a name, between a DQ and a Q with the parameters of the Q before them,
// is
//   the range of the integers (formats/onnx_writer.h).
//
// - A DQ of a constant gives the constant its parameters, whoever reads it.
//
// - A DQ of a Q's integers is only another name for them when an integer node reads it. For a float
//   node or as an output of the graph it is a DequantizeLinear of the Graph; likewise a Q behind a
//   float node is a QuantizeLinear of the Graph.
#pragma once

#include <vector>

#include "formats/onnx_constants.h"
#include "formats/onnx_index.h"
#include "qmath/quant_params.h"

namespace lowbit {

enum class NodeRole : uint8_t {
  kFloat,     // a node of the Graph, on float activations; also Q and DQ that stay
  kInteger,   // a node of the Graph, on quantized activations
  kAbsorbed,  // part of an integer node or of a constant's parameters
};

struct QdqNode {
  NodeRole role = NodeRole::kFloat;
  TensorId output = kNoTensor;       // its own, or that of the Q that belongs to it
  int32_t activation = kNoNode;      // the Relu or Clip that belongs to it
  std::optional<QuantParams> quant;  // of `output`
};

struct QdqModel {
  std::vector<QdqNode> nodes;  // one per node of the index
  // One per tensor of the index: the tensor whose integers a DQ turns into it, else kNoTensor.
  std::vector<TensorId> integers_of;
  // One per tensor: the parameters of a constant that goes through DQ.
  std::vector<std::optional<QuantParams>> constant_quant;
};

// Errors: kUnsupportedFeature where the file is quantized in a way that a Graph cannot say;
// kInvalidModel; those of OnnxConstants.
Result<QdqModel> find_quantization(const OnnxIndex& index, int64_t opset, OnnxConstants& constants);

}  // namespace lowbit
