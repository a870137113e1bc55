#include <algorithm>

#include "kernels/kernels.h"

namespace lowbit::kernels {

void add_f32__reference(const AddF32& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    args.output[i] = std::clamp(args.a[i] + args.b[i], args.min, args.max);
  }
}

void add_u8__reference(const AddU8& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    args.output[i] = static_cast<uint8_t>(quantized_add(args.a[i], args.b[i], args.params));
  }
}

}  // namespace lowbit::kernels
