// Any function of one quantized value is a table of 256 bytes. This one changes the parameters and
// clamps to an activation's bounds:
//
//   table[q] = quantize(dequantize(q; Sx, Zx); Sy, Zy), clamped to [qmin, qmax]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "qmath/quantize.h"

namespace lowbit {

struct RescaleParams {
  float input_scale = 1;
  float output_scale = 1;
  int32_t input_zero_point = 0;
  int32_t output_zero_point = 0;
  int32_t qmin = 0;
  int32_t qmax = 255;
};

constexpr std::array<uint8_t, 256> rescale_table(const RescaleParams& p) {
  std::array<uint8_t, 256> table{};
  for (int32_t q = 0; q < 256; ++q) {
    const float real = dequantize(q, p.input_scale, p.input_zero_point);
    table[static_cast<size_t>(q)] =
        static_cast<uint8_t>(quantize(real, p.output_scale, p.output_zero_point, p.qmin, p.qmax));
  }
  return table;
}

}  // namespace lowbit
