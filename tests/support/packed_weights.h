// Memory for packed weights: 64-byte aligned, and poisoned so that packing must write all that a
// kernel reads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>

#include "tensor/tensor.h"

namespace lowbit::test {

class PackedWeights {
 public:
  explicit PackedWeights(size_t byte_count) : buffer_(Buffer::allocate(byte_count).value()) {
    std::fill_n(buffer_->data(), byte_count, std::byte{0xff});
  }
  void* data() { return buffer_->data(); }

 private:
  std::shared_ptr<Buffer> buffer_;
};

}  // namespace lowbit::test
