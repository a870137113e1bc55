// The choice of a matrix product's integer weights as a problem of its own, which AdaRound and GPTQ
// solve better than rounding to nearest.
//
//   minimize over q   sum_c  w^_c H w^_c' - 2 w^_c t_c'      qmin <= q <= qmax
//   w^[c, k] = scale[c, k / block_size] * q[c, k]
//   H = mean x^' x^,   t = W mean(x' x^)
//
// With x the rows that the product gets in the exact model and x^ those that it gets in the
// quantized one, that is mean |W x - W^ x^|^2 up to a constant (Nagel et al. 2020, section 3.3;
// Frantar et al. 2022, section 3). Each column is a problem of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lowbit {

// Spans are the caller's. Sizes are positive, numbers finite, scales positive.
struct RoundingProblem {
  int32_t columns = 0;     // of the product's right side: output channels
  int32_t depth = 0;       // length of the reduction
  int32_t block_size = 0;  // weights of a column that share a scale: depth for one per column
  int32_t qmin = 0;        // within int8, and
  int32_t qmax = 0;        // larger than qmin
  std::span<const float> weights;  // [columns][depth]
  std::span<const float> scales;   // [columns][ceil(depth / block_size)]
  std::span<const float> gram;     // H, symmetric: [depth][depth]
  std::span<const float> target;   // t: [columns][depth]
  int64_t rows = 0;                // over which H and t are means

  // H cannot be of full rank: the integers would suit the few rows that were seen, and no others.
  bool has_few_rows() const { return rows < depth; }
  float scale(int32_t column, int32_t k) const;
  // The same problem for `count` columns from `first` on.
  RoundingProblem slice(int32_t first, int32_t count) const;
};

// r = t - w H of one column: [depth]. Half the negative gradient at the weights as they are, and
// zero where x^ is x.
std::vector<double> rounding_residual(const RoundingProblem& problem, int32_t column);

// By how much the integers `q` [depth] raise one column's loss above that of the weights as they
// are: with e = w^ - w it is e H e' - 2 e r', the error that rounding makes, where x^ is x.
double rounding_loss(const RoundingProblem& problem, int32_t column, std::span<const int8_t> q);

// Rounding to nearest, as quantize(): of one column into `q` [depth], or all of them.
void round_to_nearest(const RoundingProblem& problem, int32_t column, std::span<int8_t> q);
std::vector<int8_t> round_to_nearest(const RoundingProblem& problem);

// Rounds one column to nearest instead, where `q` [depth] has more loss than that.
void keep_better_rounding(const RoundingProblem& problem, int32_t column, std::span<int8_t> q);

// Tells a Task when to pause: after some 10 ms of multiply-adds, counted, not timed.
class WorkMeter {
 public:
  // `total` multiply-adds are the whole task's.
  explicit WorkMeter(double total) : total_(total) {}
  // True when it is time for a pause.
  bool add(int64_t multiply_adds);
  double fraction() const;

 private:
  double total_;
  double done_ = 0;
  int64_t since_pause_ = 0;
};

}  // namespace lowbit
