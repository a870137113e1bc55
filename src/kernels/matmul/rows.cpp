#include "kernels/matmul/rows.h"

namespace lowbit::kernels {

std::vector<int32_t> word_offsets(std::span<const int32_t> tap_offsets, int32_t depth,
                                  size_t element_bytes) {
  std::vector<int32_t> words;
  for (const int32_t offset : tap_offsets) {
    for (int32_t word = 0; word < piece_words(depth, element_bytes); ++word) {
      words.push_back(offset * static_cast<int32_t>(element_bytes) + word * 4);
    }
  }
  return words;
}

}  // namespace lowbit::kernels
