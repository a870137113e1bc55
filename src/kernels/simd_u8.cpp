#include "kernels/simd_u8.h"

namespace lowbit::kernels {

const float kRoundingShift = 12582912.0f;

}  // namespace lowbit::kernels
