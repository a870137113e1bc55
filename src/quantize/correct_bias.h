// Empirical bias correction: a layer's bias takes back what quantization shifted its outputs by on
// average (Nagel et al. 2019, appendix D; Nagel et al. 2021, section 3.4.3). Per output channel,
// with x and x^ the inputs in the FP32 and in the quantized model:
//
//   b^ = b + mean(W x) - mean(W^ x^)
//
// That is the shift before the activation, of the layer's own rounding and of all before it.
#pragma once

#include "quantize/layer_statistics.h"

namespace lowbit {

// `quantized` with a new bias for `integer`, the same layer as `real` of `fp32`: int32, rounded to
// the scale of the sums and kept within kBiasQmax, or a real one where the activations are. A layer
// without bias gets one, a MatMul of matrices by becoming a Gemm; a MatMul of tensors of a higher
// rank has no bias and stays as it is. Errors: kOutOfMemory.
Result<Graph> correct_bias(const Graph& fp32, const LinearLayer& real, const Graph& quantized,
                           const LinearLayer& integer, const LayerStatistics& statistics);

}  // namespace lowbit
