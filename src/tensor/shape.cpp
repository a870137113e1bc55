#include "tensor/shape.h"

#include <algorithm>

#include "base/checked.h"
#include "base/text.h"

namespace lowbit {

Shape::Shape(std::initializer_list<int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  std::copy(dims.begin(), dims.end(), dims_.begin());
}

Result<Shape> Shape::from_dims(std::span<const int64_t> dims) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) {
    return make_error(
        ErrorCode::kLimitExceeded,
        format_text("a shape has {} dimensions; at most {} are supported", dims.size(), kMaxRank));
  }
  Shape shape;
  shape.rank_ = static_cast<int>(dims.size());
  std::copy(dims.begin(), dims.end(), shape.dims_.begin());
  return shape;
}

bool Shape::is_concrete() const {
  return std::ranges::all_of(dims(), [](int64_t dim) { return dim >= 0; });
}

std::optional<int64_t> Shape::element_count() const {
  int64_t count = 1;
  bool has_zero = false;
  for (const int64_t dim : dims()) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) {
      has_zero = true;
      continue;
    }
    const auto product = checked_multiply(count, dim);
    if (!product || *product > kMaxElements) return std::nullopt;
    count = *product;
  }
  return has_zero ? 0 : count;
}

bool Shape::operator==(const Shape& other) const {
  return std::ranges::equal(dims(), other.dims());
}

std::string Shape::to_string() const {
  std::string text = "[";
  for (int axis = 0; axis < rank_; ++axis) {
    if (axis > 0) text += ", ";
    ((*this)[axis] < 0 ? Text("?") : Text((*this)[axis])).append_to(text);
  }
  return text + "]";
}

}  // namespace lowbit
