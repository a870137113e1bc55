// The dimensions of a tensor, outermost first. In a Graph a dimension may be symbolic: a negative
// number -1 - s stands for the symbol s of Graph::symbols. A Tensor's dimensions are all >= 0.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"

namespace lowbit {

inline constexpr int kMaxRank = 8;
// No tensor of Lowbit has more elements; so indices fit 32 bits.
inline constexpr int64_t kMaxElements = int64_t{1} << 30;

class Shape {
 public:
  Shape() = default;
  // At most kMaxRank dimensions; from_dims() checks input from outside.
  Shape(std::initializer_list<int64_t> dims);
  static Result<Shape> from_dims(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(axis)]; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }

  bool is_concrete() const;
  // The product of the dimensions (1 for rank 0); nothing when one is symbolic or the product
  // exceeds kMaxElements.
  std::optional<int64_t> element_count() const;

  bool operator==(const Shape& other) const;
  // "[2, 3, ?]".
  std::string to_string() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

}  // namespace lowbit
