// The gradient of one node: given dL/dY it computes dL/dX for the inputs that need it (reverse-mode
// differentiation; Griewank and Walther, "Evaluating Derivatives", 2008, chapter 3). Each
// operator's formula stands in its own file of this folder.
//
// Gradients lie exactly as the values they belong to: activations as the engine's view says (4-D in
// NHWC), constants in ONNX's order.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/engine.h"
#include "kernels/kernels.h"

namespace lowbit::gradient {

// What make_gradient() may know about a node; everything is concrete and stays so for the object's
// life.
struct NodeInfo {
  const Node* node = nullptr;
  std::vector<ValueView> inputs;  // id kNoValue: an optional input that is not given
  ValueView output;
  std::vector<bool> wanted;  // one per input: its gradient is needed
  Tier tier = Tier::kSimd128;
};

// What one step reads and writes. No two pointers overlap.
struct Io {
  std::span<const ValueView> inputs;  // as in NodeInfo, with the data of this step
  ValueView output;
  const float* output_gradient = nullptr;   // readable with vector slack
  std::span<float* const> input_gradients;  // overwritten; null where not wanted
  float* scratch = nullptr;                 // scratch_count() floats, 64-byte aligned, any content
};

class Gradient {
 public:
  virtual ~Gradient() = default;
  virtual size_t scratch_count() const { return 0; }
  virtual void run(const Io& io) = 0;
};

using GradientResult = Result<std::unique_ptr<Gradient>>;

// Errors: kUnsupportedOperator, kUnsupportedFeature (a form without a gradient), kOutOfMemory;
// `where` names the node. BatchNormalization and Dropout, which have a forward pass of their own,
// are not made here.
GradientResult make_gradient(const NodeInfo& info);

GradientResult make_conv(const NodeInfo& info);
GradientResult make_depthwise(const NodeInfo& info);
GradientResult make_gemm(const NodeInfo& info);
GradientResult make_matmul(const NodeInfo& info);
GradientResult make_add(const NodeInfo& info);
GradientResult make_clamp(const NodeInfo& info);
GradientResult make_max_pool(const NodeInfo& info);
GradientResult make_average_pool(const NodeInfo& info);
GradientResult make_softmax(const NodeInfo& info);
GradientResult make_concat(const NodeInfo& info);
GradientResult make_reorder(const NodeInfo& info);

}  // namespace lowbit::gradient
