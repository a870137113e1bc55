#include "qmath/quantize.h"

#include "kernels/kernels.h"

namespace lowbit::kernels {

void quantize_u8__reference(const QuantizeU8& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    args.output[i] = static_cast<uint8_t>(
        quantize(args.input[i], args.scale, args.zero_point, args.qmin, args.qmax));
  }
}

void dequantize_u8__reference(const DequantizeU8& args) {
  for (int64_t i = 0; i < args.count; ++i) {
    args.output[i] = dequantize(args.input[i], args.scale, args.zero_point);
  }
}

}  // namespace lowbit::kernels
