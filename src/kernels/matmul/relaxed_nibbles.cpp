#include "kernels/matmul/nibble_dot.h"

namespace lowbit::kernels {

const uint8_t kNibbleMask = 0x0f;
const uint8_t kNibbleBias = 8;

void unpack_bytes(const std::byte* nibbles, std::byte* bytes, size_t byte_count) {
  const v128_t mask = wasm_v128_load8_splat(&kNibbleMask);
  const v128_t bias = wasm_v128_load8_splat(&kNibbleBias);
  const std::byte* end = bytes + byte_count;
  for (; bytes < end; bytes += 32, nibbles += kNibbleStepBytes) {
    const v128_t both = wasm_v128_load(nibbles);
    const v128_t high = wasm_v128_xor(wasm_v128_and(wasm_u16x8_shr(both, 4), mask), bias);
    wasm_v128_store(bytes, wasm_i8x16_sub(wasm_v128_and(both, mask), bias));
    wasm_v128_store(bytes + 16, wasm_i8x16_sub(high, bias));
  }
}

}  // namespace lowbit::kernels
