// The reals that a quantized tensor stands for.
#pragma once

#include "qmath/quant_params.h"
#include "tensor/tensor.h"

namespace lowbit {

// scale * (q - zero_point) of each element; the difference is exact. `integers` is of the type
// params.storage. Errors: kOutOfMemory.
Result<Tensor> dequantize_tensor(const Tensor& integers, const QuantParams& params);

}  // namespace lowbit
