// MatMul's operands as stacks of matrices.
#pragma once

#include <vector>

#include "tensor/shape.h"

namespace lowbit::engine {

// The operands of MatMul as stacks of matrices, after numpy's rules: rank 1 is a row on the left
// and a column on the right, and the leading dimensions are broadcast.
struct MatrixStacks {
  int64_t rows = 1;
  int64_t depth = 1;
  int64_t columns = 1;
  Shape batch;    // the output's leading dimensions
  Shape batch_a;  // of the operands, to be broadcast
  Shape batch_b;
};

MatrixStacks matrix_stacks(const Shape& a, const Shape& b);

// The index of each output matrix's operand in the operand's own stack.
std::vector<int64_t> operand_matrices(const Shape& operand, const Shape& batch);

}  // namespace lowbit::engine
