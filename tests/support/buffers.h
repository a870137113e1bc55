// Arrays for kernel tests: outputs between canaries, inputs of exactly the promised size, and
// comparisons of floats by their bits.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"

namespace lowbit::test {

// `count` elements with 64 bytes of canaries on either side.
template <class T>
class Guarded {
 public:
  explicit Guarded(size_t count) : bytes_(count * sizeof(T) + 2 * kGuard, kCanary), count_(count) {}
  explicit Guarded(const std::vector<T>& values) : Guarded(values.size()) {
    for (size_t i = 0; i < count_; ++i) data()[i] = values[i];
  }

  T* data() { return reinterpret_cast<T*>(bytes_.data() + kGuard); }
  std::vector<T> values() { return std::vector<T>(data(), data() + count_); }
  bool intact() const {
    for (size_t i = 0; i < kGuard; ++i) {
      if (bytes_[i] != kCanary || bytes_[bytes_.size() - 1 - i] != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  static constexpr uint8_t kCanary = 0xa5;
  std::vector<uint8_t> bytes_;
  size_t count_;
};

// Equal bit for bit, but one NaN is as good as another.
inline bool same_floats(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) return false;
  }
  return true;
}

inline std::vector<uint8_t> random_bytes(Random& random, size_t count) {
  std::vector<uint8_t> bytes(count);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.below(256));
  return bytes;
}

inline std::vector<float> random_floats(Random& random, size_t count, float low, float high) {
  std::vector<float> values(count);
  for (float& value : values) value = random.uniform(low, high);
  return values;
}

}  // namespace lowbit::test
