#include "kernels/matmul/unpacking.h"

#include <algorithm>
#include <cstring>

namespace lowbit::kernels {

void run_unpacked(const MatmulU8S8& product, const UnpackedPanels& panels,
                  void (*kernel)(const MatmulU8S8&)) {
  alignas(64) std::byte unpacked[kUnpackedBytes];
  const auto fit = static_cast<int32_t>((kUnpackedBytes - kUnpackedSlack) / panels.u8s8_bytes);
  const int32_t group = std::min(panels.most_panels, fit) * panels.columns;
  const auto* source = static_cast<const std::byte*>(product.packed);
  MatmulU8S8 part_of = product;
  part_of.packed = unpacked;
  for (int32_t column = 0; column < product.columns; column += group) {
    part_of.columns = std::min(group, product.columns - column);
    std::byte* target = unpacked;
    for (int32_t i = 0; i < part_of.columns; i += panels.columns) {
      std::memcpy(target, source, panels.header_bytes);
      panels.unpack(source + panels.header_bytes, target + panels.header_bytes,
                    panels.u8s8_bytes - panels.header_bytes);
      source += panels.u8s4_bytes;
      target += panels.u8s8_bytes;
    }
    kernel(part_of);
    part_of.c += group;
  }
}

}  // namespace lowbit::kernels
