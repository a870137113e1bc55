#include <cstring>

#include "kernels/matmul/nibbles.h"

namespace lowbit::kernels {

const int16_t kNibbleMask16 = 0x0f;
const uint8_t kNibbleMask = 0x0f;
const uint8_t kNibbleBiasByte = kNibbleBias;

void pack_nibble_panels(const PackMatmulU8S8& p, const PieceSizes& sizes, int32_t lane_rows,
                        int32_t activation_offset) {
  const auto panel_bytes = static_cast<size_t>(nibble_panel_bytes(sizes));
  const int32_t zero_point = p.input_zero_point + activation_offset;
  const int8_t* weights = p.weights;
  for (int32_t column = 0; column < p.columns; ++column) {
    const int32_t lane = column % kPanelColumns;
    void* panel =
        part<std::byte>(p.packed, static_cast<size_t>(column / kPanelColumns) * panel_bytes);
    auto* b = part<uint8_t>(panel, kPanelHeaderBytesU8S8);
    if (lane == 0) {
      std::memset(panel, 0, kPanelHeaderBytesU8S8);
      std::memset(b, kNibbleBias, panel_bytes - kPanelHeaderBytesU8S8);
    }
    int32_t sum = 0;
    for (int32_t piece = 0; piece < sizes.count; ++piece) {
      for (int32_t i = 0; i < sizes.length; ++i) {
        const int32_t k = piece * sizes.padded_length + i;
        const int32_t step = k - k % lane_rows;
        uint8_t& both = b[ptrdiff_t{step} * kNibbleRowBytes + lane % 4 * lane_rows + k % lane_rows];
        both ^= static_cast<uint8_t>((*weights & 0x0f) << lane / 4 * 4);
        sum += *weights++;
      }
    }
    part<int32_t>(panel, 0)[lane] = (p.bias == nullptr ? 0 : p.bias[column]) - zero_point * sum;
    part<float>(panel, kPanelMultiplierOffset)[lane] = p.multiplier[column];
  }
}

}  // namespace lowbit::kernels
