#include "kernels/relaxed_simd.h"

namespace lowbit::kernels {

const int16_t kPairOne = 1;
const uint8_t kSignBit = 0x80;

}  // namespace lowbit::kernels
