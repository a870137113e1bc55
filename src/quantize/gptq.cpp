#include "quantize/gptq.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "base/heap_sort.h"
#include "qmath/quantize.h"
#include "tensor/tensor.h"

namespace lowbit {

namespace {

// The weights in the order in which they are rounded. No two are alike, so that it is the same on
// every machine.
std::vector<size_t> rounding_order(std::span<const double> diagonal, bool by_falling_diagonal) {
  std::vector<size_t> order(diagonal.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (by_falling_diagonal) {
    heap_sort(order, [&](size_t k) { return std::pair(-diagonal[k], k); });
  }
  return order;
}

// y -= factor * x.
void subtract_product(std::span<double> y, double factor, std::span<const double> x) {
  for (size_t i = 0; i < y.size(); ++i) y[i] -= factor * x[i];
}

}  // namespace

void eliminate_row(std::span<double> matrix, size_t columns, size_t depth, size_t i,
                   double least_pivot) {
  const size_t width = columns + depth;
  const std::span<double> row = matrix.subspan(i * width, columns + i + 1);
  const double pivot = std::sqrt(std::max(row.back(), least_pivot));
  row.back() = pivot;
  for (double& x : row.first(columns + i)) x /= pivot;
  for (size_t j = 0; j < i; ++j) {
    const size_t count = columns + j + 1;
    subtract_product(matrix.subspan(j * width, count), row[columns + j], row.first(count));
  }
}

Task<std::vector<int8_t>> gptq(RoundingProblem problem, GptqOptions options) {
  const auto columns = static_cast<size_t>(problem.columns);
  const auto depth = static_cast<size_t>(problem.depth);
  const size_t width = columns + depth;
  const int64_t square = problem.depth * int64_t{problem.depth};
  const double n = problem.depth;
  WorkMeter meter(n * n * (n / 6 + 1 + 4 * problem.columns));

  std::vector<double> diagonal(depth);
  for (size_t k = 0; k < depth; ++k) {
    diagonal[k] = static_cast<double>(problem.gram[k * depth + k]);
  }
  const std::vector<size_t> order = rounding_order(diagonal, options.by_falling_diagonal);
  const double mean = std::accumulate(diagonal.begin(), diagonal.end(), 0.0) / n;
  const double fraction = problem.has_few_rows() ? options.damping_of_few_rows : options.damping;
  const double damping = mean > 0 ? fraction * mean : 1.0;

  LOWBIT_CO_ASSIGN(const std::shared_ptr<Buffer> buffer,
                   Buffer::allocate(depth * width * sizeof(double)));
  const std::span matrix(reinterpret_cast<double*>(buffer->data()), depth * width);
  for (size_t c = 0; c < columns; ++c) {
    const std::vector<double> residual = rounding_residual(problem, static_cast<int32_t>(c));
    for (size_t i = 0; i < depth; ++i) matrix[i * width + c] = residual[order[i]];
    if (meter.add(square)) co_yield Progress{"gptq", meter.fraction()};
  }
  for (size_t i = 0; i < depth; ++i) {
    const std::span<double> row = matrix.subspan(i * width + columns, depth);
    const std::span<const float> gram = problem.gram.subspan(order[i] * depth, depth);
    for (size_t j = 0; j < i; ++j) row[j] = static_cast<double>(gram[order[j]]);
    row[i] = diagonal[order[i]] + damping;
    if (meter.add(problem.depth)) co_yield Progress{"gptq", meter.fraction()};
  }
  for (size_t i = depth; i-- > 0;) {
    eliminate_row(matrix, columns, depth, i, damping);
    if (meter.add(static_cast<int64_t>(i * (i / 2 + columns)))) {
      co_yield Progress{"gptq", meter.fraction()};
    }
  }

  // Row by row, g becomes what the errors so far leave of it, and then the errors of this row.
  std::vector<int8_t> result(columns * depth);
  for (size_t i = 0; i < depth; ++i) {
    const std::span<double> left = matrix.subspan(i * width, columns);
    const std::span<const double> factors = matrix.subspan(i * width + columns, i + 1);
    for (size_t j = 0; j < i; ++j) {
      subtract_product(left, factors[j], matrix.subspan(j * width, columns));
    }
    const size_t k = order[i];
    for (size_t c = 0; c < columns; ++c) {
      const double w = static_cast<double>(problem.weights[c * depth + k]);
      const float scale = problem.scale(static_cast<int32_t>(c), static_cast<int32_t>(k));
      const int32_t q = quantize(static_cast<float>(w + left[c] / factors[i]), scale, 0,
                                 problem.qmin, problem.qmax);
      result[c * depth + k] = static_cast<int8_t>(q);
      left[c] = static_cast<double>(scale) * q - w;
    }
    if (meter.add(static_cast<int64_t>(i * columns))) co_yield Progress{"gptq", meter.fraction()};
  }

  for (size_t c = 0; c < columns; ++c) {
    keep_better_rounding(problem, static_cast<int32_t>(c),
                         std::span(result).subspan(c * depth, depth));
    if (meter.add(2 * square)) co_yield Progress{"gptq", meter.fraction()};
  }
  co_return std::move(result);
}

}  // namespace lowbit
