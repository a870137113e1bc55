// Every product runs on unpacked panels. Tiles that unpack in registers are slower from about 8
// rows on, and cost a visitor more to download than the few rows would gain.
#include "kernels/matmul/nibbles.h"
#include "kernels/matmul/unpacking.h"
#include "kernels/simd.h"

namespace lowbit::kernels {
namespace {

static_assert(fits_unpacked(panel_bytes_u8s8(kMaxMatmulU8S4Depth)));

// The last step of an odd number of pairs writes one pair too many.
void unpack_pairs(const std::byte* nibbles, std::byte* pairs, size_t byte_count) {
  const std::byte* end = pairs + byte_count;
  for (; pairs < end; pairs += 64, nibbles += kNibbleStepBytes) {
    const v128_t x = wasm_v128_load(nibbles);
    wasm_v128_store(pairs, wasm_i16x8_shr(wasm_i16x8_shl(x, 12), 12));
    wasm_v128_store(pairs + 16, wasm_i16x8_shr(wasm_i16x8_shl(x, 8), 12));
    wasm_v128_store(pairs + 32, wasm_i16x8_shr(wasm_i16x8_shl(x, 4), 12));
    wasm_v128_store(pairs + 48, wasm_i16x8_shr(x, 12));
  }
}

PieceSizes sizes_of(int32_t taps, int32_t depth) { return {1, taps * depth, kNibbleDepth}; }

}  // namespace

void pack_matmul_u8s4__simd128(const PackMatmulU8S8& p) {
  pack_nibble_panels(p, sizes_of(p.taps, p.depth), NibbleLayout::kPairs, 0);
}

void matmul_u8s4__simd128(const MatmulU8S8& product) {
  const PieceSizes sizes = sizes_of(product.rows.taps, product.rows.depth);
  run_unpacked(product,
               {.columns = kPanelColumns,
                .most_panels = 4,
                .header_bytes = kPanelHeaderBytesU8S8,
                .u8s4_bytes = static_cast<size_t>(nibble_panel_bytes(sizes)),
                .u8s8_bytes = panel_bytes_u8s8(sizes.length),
                .unpack = unpack_pairs},
               matmul_u8s8__simd128);
}

}  // namespace lowbit::kernels
