// The operator form of quantized models, in which an operator reads and makes integers itself:
// QLinearConv and QLinearMatMul of ONNX, and operators of ONNX Runtime (domain com.microsoft, its
// "Contrib Operators"). Each is the operator of reals between DequantizeLinear and QuantizeLinear,
// and takes the scales and zero points of these as inputs.
//
// Operators that only move values (graph/type_rules.h) have no such form: they are applied to the
// integers.
#pragma once

#include "formats/onnx_proto.h"
#include "graph/graph.h"

namespace lowbit {

inline constexpr std::string_view kMicrosoftDomain = "com.microsoft";

struct QLinearForm {
  Op op;
  std::string_view name;
  std::string_view domain;
  // Where the inputs are: the first of the operands, which are (integers, scale, zero point) each;
  // how many these are, 0 for any number up to the last input; the output's scale, before its zero
  // point; the integers of the bias, 0 where there is none.
  size_t first;
  size_t operand_count;
  size_t result;
  size_t bias;
};

// Null where there is none.
const QLinearForm* qlinear_form(Op op);

// Writes `model` in the QDQ form, which formats/onnx_qdq.h reads. Names of values that only this
// form has begin with that of the operator's output. A model without operator form stays as it is.
// Errors: kInvalidModel (`where`: the node), as parse_onnx_attribute.
Status expand_qlinear(OnnxModel& model);

}  // namespace lowbit
