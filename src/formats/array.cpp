#include "formats/array.h"

#include "formats/idx.h"
#include "formats/npy.h"

namespace lowbit {

Result<Tensor> read_array(std::span<const std::byte> bytes) {
  const std::byte first = bytes.empty() ? std::byte{0xff} : bytes[0];
  if (first == std::byte{0x93}) return read_npy(bytes);
  if (first == std::byte{0}) return read_idx(bytes);
  return make_error(ErrorCode::kInvalidData, "the bytes are neither a .npy nor an IDX file",
                    "byte 0");
}

}  // namespace lowbit
