#include "engine/matrix_stacks.h"

#include "engine/layout.h"

namespace lowbit::engine {

MatrixStacks matrix_stacks(const Shape& a, const Shape& b) {
  const auto leading = [](const Shape& shape) {
    Shape batch;
    if (shape.rank() > 2)
      batch = *Shape::from_dims(shape.dims().first(static_cast<size_t>(shape.rank() - 2)));
    return batch;
  };
  MatrixStacks stacks;
  stacks.depth = a[a.rank() - 1];
  if (a.rank() > 1) stacks.rows = a[a.rank() - 2];
  if (b.rank() > 1) stacks.columns = b[b.rank() - 1];
  stacks.batch_a = leading(a);
  stacks.batch_b = leading(b);
  const Shape& longer =
      stacks.batch_a.rank() >= stacks.batch_b.rank() ? stacks.batch_a : stacks.batch_b;
  const Shape& shorter = &longer == &stacks.batch_a ? stacks.batch_b : stacks.batch_a;
  stacks.batch = longer;
  const int missing = longer.rank() - shorter.rank();
  for (int axis = 0; axis < shorter.rank(); ++axis) {
    int64_t& dim = stacks.batch[axis + missing];
    if (dim == 1) dim = shorter[axis];
  }
  return stacks;
}

std::vector<int64_t> operand_matrices(const Shape& operand, const Shape& batch) {
  const int64_t count = product(batch, 0, batch.rank());
  std::vector<int64_t> indices(static_cast<size_t>(count), 0);
  int64_t repeat = 1;
  int64_t stride = 1;
  for (int axis = batch.rank() - 1; axis >= 0; --axis) {
    const int own = axis - (batch.rank() - operand.rank());
    if (own >= 0 && operand[own] != 1) {
      for (int64_t i = 0; i < count; ++i) {
        indices[static_cast<size_t>(i)] += (i / repeat) % batch[axis] * stride;
      }
      stride *= operand[own];
    }
    repeat *= batch[axis];
  }
  return indices;
}

}  // namespace lowbit::engine
