// The ends of arrays, where fewer elements are left than a vector holds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <tuple>

#include "kernels/simd.h"

namespace lowbit::kernels {

// Stores the first `byte_count` bytes (0..7) of x, without a call: V8 keeps nothing in registers
// across one, however seldom it is made.
[[gnu::always_inline]] inline void store_bytes_inline(uint8_t* bytes, v128_t x,
                                                      int32_t byte_count) {
  if (byte_count & 4) {
    wasm_v128_store32_lane(bytes, x, 0);
    bytes += 4;
    x = wasm_u64x2_shr(x, 32);
  }
  if (byte_count & 2) {
    wasm_v128_store16_lane(bytes, x, 0);
    bytes += 2;
    x = wasm_u64x2_shr(x, 16);
  }
  if (byte_count & 1) wasm_v128_store8_lane(bytes, x, 0);
}

// Stores the first `byte_count` bytes (0..15) of x. Not inlined, for the many places that need it.
[[gnu::noinline]] inline void store_first_bytes(void* output, v128_t x, int32_t byte_count) {
  auto* bytes = static_cast<uint8_t*>(output);
  if (byte_count & 8) {
    wasm_v128_store64_lane(bytes, x, 0);
    bytes += 8;
    x = wasm_i64x2_shuffle(x, x, 1, 1);
  }
  store_bytes_inline(bytes, x, byte_count);
}

// Applies block(inputs..., output) to every kBlock elements; the last, incomplete block goes
// through buffers on the stack, so that nothing is read or written past the end. The output may be
// an input.
template <int kBlock, class Block, class Out, class... In>
void for_each_block(int64_t count, Block block, Out* output, const In*... inputs) {
  const auto end = static_cast<std::ptrdiff_t>(count);
  std::ptrdiff_t i = 0;
  for (; i + kBlock <= end; i += kBlock) block((inputs + i)..., output + i);
  if (i == end) return;
  const auto rest = static_cast<size_t>(end - i);
  std::array<Out, size_t{kBlock}> result{};
  std::tuple<std::array<In, size_t{kBlock}>...> padded{};
  std::apply(
      [&](auto&... buffer) {
        (std::memcpy(buffer.data(), inputs + i, rest * sizeof(In)), ...);
        block(buffer.data()..., result.data());
      },
      padded);
  std::memcpy(output + i, result.data(), rest * sizeof(Out));
}

}  // namespace lowbit::kernels
