// The window of a convolution or pooling node, resolved: auto_pad and ceil_mode are gone, and every
// number fits a kernel's argument.
#pragma once

#include "engine/lowering.h"

namespace lowbit::engine {

struct NodeWindow {
  kernels::Window window;
  int32_t pad_bottom = 0;
  int32_t pad_right = 0;
};

// Of a node whose first input and output are images of rank 4. Errors: as resolve_window;
// kLimitExceeded.
Result<NodeWindow> node_window(const Lowering& lowering, size_t index,
                               const WindowAttributes& attributes, bool ceil_mode);

// A window that covers the whole image.
Result<NodeWindow> global_window(const Lowering& lowering, size_t index);

}  // namespace lowbit::engine
