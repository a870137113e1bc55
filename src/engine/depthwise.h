// Depthwise convolution as a step: groups = input channels = output channels.
#pragma once

#include "engine/lowering.h"

namespace lowbit::engine {

// Errors: as emit_product (engine/product.h).
Status lower_depthwise(Lowering& lowering, size_t index, const kernels::Window& window);

}  // namespace lowbit::engine
