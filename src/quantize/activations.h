// Activations to integers (the law of arithmetic, 3), bits 2 to 8 in uint8:
//
//   asymmetric   0..2^bits - 1,   the range of the reals on all of it
//   symmetric    1..2^bits - 1,   zero point 2^(bits-1): as many integers below zero as above
#pragma once

#include "qmath/quant_params.h"
#include "quantize/observer.h"
#include "quantize/recipe.h"
#include "tensor/tensor.h"

namespace lowbit {

// Of the values in `range`; `recipe` has bits, not kFloatBits.
QuantParams activation_params(Range range, const ActivationRecipe& recipe);

// Of probabilities, whatever they were in calibration. 1/256 and not 1/255 for the whole of uint8,
// because ONNX Runtime's QLinearSoftmax multiplies by floor(1 / scale); likewise for fewer bits.
QuantParams softmax_params(const ActivationRecipe& recipe);

// The integers of a float32 tensor. Errors: kOutOfMemory.
Result<Tensor> quantize_activation(const Tensor& reals, const QuantParams& params);

}  // namespace lowbit
