#include "kernels/layout/layout.h"
#include "kernels/simd.h"

namespace lowbit::kernels {

namespace {

// In whole vectors, which may go past the end of either: a call of memcpy would cost more than most
// rows. Returns the end of what was asked for.
std::byte* copy_vectors(const std::byte* source, int64_t count, std::byte* target) {
  for (int64_t i = 0; i < count; i += 16) {
    wasm_v128_store(target + i, wasm_v128_load(source + i));
  }
  return target + count;
}

std::byte* fill_vectors(v128_t value, int64_t count, std::byte* target) {
  for (int64_t i = 0; i < count; i += 16) wasm_v128_store(target + i, value);
  return target + count;
}

}  // namespace

// From front to back, so that what goes past an end is written over.
void pad_images(const PadImages& pad) {
  const v128_t fill = wasm_i8x16_splat(std::to_integer<int8_t>(pad.fill));
  const int64_t top_bytes = pad.top * pad.padded_row_bytes() + pad.left_bytes;
  const int64_t between_bytes = pad.right_bytes + pad.left_bytes;
  const int64_t bottom_bytes = pad.right_bytes + pad.bottom * pad.padded_row_bytes();
  const std::byte* source = pad.input;
  std::byte* target = pad.output;
  for (int64_t n = 0; n < pad.batch; ++n) {
    target = fill_vectors(fill, top_bytes, target);
    for (int64_t y = 0; y < pad.height; ++y) {
      target = copy_vectors(source, pad.row_bytes, target);
      source += pad.row_bytes;
      target = fill_vectors(fill, y + 1 < pad.height ? between_bytes : bottom_bytes, target);
    }
  }
}

}  // namespace lowbit::kernels
