// Finds the quantized model in a QDQ file, where every operator computes in floats between
// DequantizeLinear (DQ) and QuantizeLinear (Q):
//
// - An operator is an integer node when all its data come from DQ, one Q is all that reads its
//   output, and the engine computes on what they say: activations of 8 bits with one scale, weights
//   of 8 bits per tensor, channel or block, and a bias that counts in the unit of the products.
//   That Q belongs to the node: the node makes the Q's integers. One that only moves values stays a
//   float node where the Q has another scale or zero point than the DQ.
//
// - A Relu or Clip between the node and its Q is the node's activation (Conv, Gemm, MatMul, Add).
//
// - A Relu or Clip without a name, between a DQ and a Q with the parameters of the Q before them,
// is
//   the range of the integers (formats/onnx_writer.h).
//
// - A DQ of a constant gives the constant its parameters where an integer node reads it, or a
//   product its weights; for others it is the constant of the reals.
//
// - A DQ of a Q's integers is only another name for them when an integer node reads it. For a float
//   node or as an output of the graph it is a DequantizeLinear of the Graph; likewise a Q behind a
//   float node is a QuantizeLinear of the Graph.
//
// - Where the integers themselves are read (by another operator, a DQ of other parameters, as an
//   output of the graph) or come from (an input of the graph), and where parameters are not those
//   of an activation (computed, per axis, in blocks), Q and DQ are nodes that have them as inputs.
//   An integer node may stand beside those, its integers made of and into the reals there, which is
//   exact.
//
// int8 with a zero point z is uint8 with z + 128 in an activation, uint8 with z is int8 with z -
// 128 in a weight.
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
  TensorId output = kNoTensor;   // its own, or that of the Q that belongs to it
  int32_t activation = kNoNode;  // the Relu or Clip that belongs to it
  // Of an integer node's output, or of a Q whose integers carry their parameters.
  std::optional<QuantParams> quant;
  std::optional<QuantParams> bias{};  // of the constant bias of an integer node
  bool has_integer_weight = false;    // a product whose constant weights stay integers
  // The Q behind an integer node is a node of its own, which reads the reals of `output`.
  bool is_read_as_real = false;
};

struct QdqModel {
  std::vector<QdqNode> nodes;  // one per node of the index
  // One per tensor of the index: the tensor whose integers a DQ turns into it, else kNoTensor.
  std::vector<TensorId> integers_of;
  // One per tensor: the parameters of the DQ that makes it, of a constant as the file has them.
  std::vector<std::optional<QuantParams>> quant_of;
};

// The parameters of constant weights in the Graph: int8, and the range of the fewest bits that the
// integers allow (law of arithmetic, 3). `integers` become int8, too.
Status to_weight_form(Tensor& integers, QuantParams& quant);
// Of an activation: uint8.
Status to_activation_form(Tensor& integers, QuantParams& quant);
// Of a bias, int32, that counts in the unit of the products: input times weight, one scale per
// output channel.
QuantParams bias_form(const Tensor& integers, float input, std::span<const float> weight);

// Errors: kInvalidModel; those of OnnxConstants.
Result<QdqModel> find_quantization(const OnnxIndex& index, int64_t opset, OnnxConstants& constants);

}  // namespace lowbit
