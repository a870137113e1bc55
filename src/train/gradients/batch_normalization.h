// Batch normalization with the statistics of the batch (Ioffe and Szegedy, 2015, algorithm 1), over
// all axes but the channels:
//
//   xhat = (x - mean) / sqrt(var + eps),  y = gamma * xhat + beta      var: of the population, as
//   ONNX has it dgamma = sum dy * xhat,  dbeta = sum dy dx = gamma / sqrt(var + eps) * (dy - dbeta
//   / m - xhat * dgamma / m)    m: elements per channel
#pragma once

#include "train/gradients/gradient.h"

namespace lowbit::gradient {

class BatchNormalization final : public Gradient {
 public:
  explicit BatchNormalization(const NodeInfo& info);

  // Writes y and keeps the batch's statistics for run() and update_running().
  void forward(const ValueView& x, std::span<const float> gamma, std::span<const float> beta,
               const ValueView& y);
  // running = running * momentum + batch * (1 - momentum) (ONNX BatchNormalization, training_mode).
  void update_running(std::span<float> mean, std::span<float> variance) const;

  void run(const Io& io) override;

 private:
  float epsilon_;
  float momentum_;
  int64_t channels_;
  std::vector<float> mean_;
  std::vector<float> variance_;
  std::vector<float> inverse_deviation_;
  std::vector<float> slope_;
  std::vector<float> shift_;
  std::vector<float> dgamma_;
  std::vector<float> dbeta_;
  std::vector<double> total_;
};

}  // namespace lowbit::gradient
