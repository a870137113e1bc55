// What the relaxed tiers share of the u8s4 product (nibble_dot.h).
#include "kernels/matmul/nibble_dot.h"

namespace lowbit::kernels {

const uint8_t kNibbleMask = 0x0f;
const uint8_t kNibbleBias = 8;

}  // namespace lowbit::kernels
