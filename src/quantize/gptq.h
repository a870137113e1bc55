// GPTQ (Frantar et al. 2022, algorithm 1): weights are rounded one after another along the
// reduction, and each error is made good by the weights that are still to come.
//
// The paper takes the factor of the inverse of the damped H, an upper U with H^-1 = U' U, and moves
// all later weights after each rounding. The same integers come from the factor of H itself, in
// less arithmetic (they are Babai's: Chen et al. 2025, arXiv:2507.18553). With e = w^ - w,
// r = t - w H and a lower R, H = R' R, which is the inverse of U':
//
//   loss(e) = e H e' - 2 e r' = |R e' - g|^2 + const,   R' g = r'
//
// Row k of R e' - g has only the errors up to k in it. So each integer in turn makes its row
// smallest:
//
//   q_k = quantize(w_k + (g_k - sum_{j < k} R[k, j] e_j) / R[k, k])
//
// Damping adds a multiple of |e|^2 to the loss: it draws to the weights as they are, also where x^
// differs from x, and an input that is always zero has its weights rounded to nearest.
#pragma once

#include "base/task.h"
#include "quantize/rounding_problem.h"

namespace lowbit {

struct GptqOptions {
  // Positive; times the mean of H's diagonal it is added to the diagonal.
  double damping = 0.01;
  // In place of `damping` when there are fewer rows than weights in a column (has_few_rows(), of
  // which a caller should warn).
  double damping_of_few_rows = 0.3;
  // Inputs with large values first ("act order"), while there are many weights to make good.
  bool by_falling_diagonal = true;
};

// The integers [columns][depth]; no column has more loss than rounded to nearest. `problem`'s spans
// must outlive the task. Errors: kOutOfMemory.
Task<std::vector<int8_t>> gptq(RoundingProblem problem, GptqOptions options = {});

// Step i of the factorization H = R' R, for i = depth - 1 down to 0, and of the solution of R' g =
// r beside it. `matrix` has a row [r_i | H[i, 0], ..., H[i, depth - 1]] for each weight, with
// `columns` right sides r; at the end they hold g, and the lower triangle R. A pivot below
// `least_pivot` is only rounding's doing: with damping, the smallest eigenvalue is the damping at
// least.
void eliminate_row(std::span<double> matrix, size_t columns, size_t depth, size_t i,
                   double least_pivot);

}  // namespace lowbit
