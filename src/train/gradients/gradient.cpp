#include "train/gradients/gradient.h"

#include "base/text.h"

namespace lowbit::gradient {

GradientResult make_gradient(const NodeInfo& info) {
  switch (info.node->op) {
    case Op::kConv:
      return make_conv(info);
    case Op::kGemm:
      return make_gemm(info);
    case Op::kMatMul:
      return make_matmul(info);
    case Op::kAdd:
      return make_add(info);
    case Op::kRelu:
    case Op::kClip:
      return make_clamp(info);
    case Op::kMaxPool:
      return make_max_pool(info);
    case Op::kAveragePool:
    case Op::kGlobalAveragePool:
      return make_average_pool(info);
    case Op::kSoftmax:
      return make_softmax(info);
    case Op::kConcat:
      return make_concat(info);
    case Op::kFlatten:
    case Op::kReshape:
    case Op::kIdentity:
    case Op::kDropout:
      return make_reorder(info);
    case Op::kBatchNormalization:  // a node of its own, train/tape.cpp
    default:
      break;
  }
  return make_error(ErrorCode::kUnsupportedOperator,
                    format_text("{} has no gradient", op_info(info.node->op).name),
                    info.node->name);
}

}  // namespace lowbit::gradient
