#include "train/gradients/batch_normalization.h"

#include <algorithm>
#include <cmath>

#include "train/gradients/strided.h"

namespace lowbit::gradient {

namespace {

// A value as [outer][channels][inner] in memory: inner is 1 for NHWC and for matrices.
struct Layout {
  int64_t outer;
  int64_t channels;
  int64_t inner;
};

Layout layout_of(const ValueView& view) {
  const int64_t channels = view.shape[1];
  const int64_t inner = strides_of(view)[1];
  const int64_t block = channels * inner;
  return {block == 0 ? 0 : view.element_count() / block, channels, inner};
}

// Sums stay short in float32 and are gathered in float64, so that a batch of images loses no
// digits.
constexpr int64_t kBlockRows = 64;

// total[c] = sum over the channel's elements of term(x offset, c).
template <class Term>
void sum_per_channel(const Layout& l, std::vector<double>& total, std::vector<float>& block,
                     const Term& term) {
  std::fill(total.begin(), total.end(), 0.0);
  for (int64_t first = 0; first < l.outer; first += kBlockRows) {
    std::fill(block.begin(), block.end(), 0.0f);
    const int64_t last = std::min(l.outer, first + kBlockRows);
    for (int64_t o = first; o < last; ++o) {
      const int64_t row = o * l.channels * l.inner;
      float* sums = block.data();
      if (l.inner == 1) {
        for (int64_t c = 0; c < l.channels; ++c) sums[c] += term(row + c, c);
      } else {
        for (int64_t c = 0; c < l.channels; ++c) {
          for (int64_t i = 0; i < l.inner; ++i) sums[c] += term(row + c * l.inner + i, c);
        }
      }
    }
    for (size_t c = 0; c < total.size(); ++c) total[c] += double{block[c]};
  }
}

// Calls element(offset, c) for every element.
template <class Element>
void for_each_element(const Layout& l, const Element& element) {
  for (int64_t o = 0; o < l.outer; ++o) {
    const int64_t row = o * l.channels * l.inner;
    if (l.inner == 1) {
      for (int64_t c = 0; c < l.channels; ++c) element(row + c, c);
    } else {
      for (int64_t c = 0; c < l.channels; ++c) {
        for (int64_t i = 0; i < l.inner; ++i) element(row + c * l.inner + i, c);
      }
    }
  }
}

}  // namespace

BatchNormalization::BatchNormalization(const NodeInfo& info)
    : epsilon_(std::get<BatchNormalizationAttributes>(info.node->attributes).epsilon),
      momentum_(std::get<BatchNormalizationAttributes>(info.node->attributes).momentum),
      channels_(info.output.shape[1]) {
  const auto count = static_cast<size_t>(channels_);
  for (auto* values :
       {&mean_, &variance_, &inverse_deviation_, &slope_, &shift_, &dgamma_, &dbeta_}) {
    values->resize(count);
  }
  total_.resize(count);
}

void BatchNormalization::forward(const ValueView& x, std::span<const float> gamma,
                                 std::span<const float> beta, const ValueView& y) {
  const Layout l = layout_of(x);
  const float* in = x.as<float>().data();
  const double count = static_cast<double>(l.outer * l.inner);
  sum_per_channel(l, total_, slope_, [&](int64_t i, int64_t) { return in[i]; });
  for (size_t c = 0; c < mean_.size(); ++c) mean_[c] = static_cast<float>(total_[c] / count);
  const float* mean = mean_.data();
  sum_per_channel(l, total_, slope_, [&](int64_t i, int64_t c) {
    const float centred = in[i] - mean[c];
    return centred * centred;
  });
  for (size_t c = 0; c < mean_.size(); ++c) {
    variance_[c] = static_cast<float>(total_[c] / count);
    inverse_deviation_[c] = 1.0f / std::sqrt(variance_[c] + epsilon_);
    slope_[c] = gamma[c] * inverse_deviation_[c];
    shift_[c] = beta[c] - mean_[c] * slope_[c];
  }
  float* out = y.as<float>().data();
  const float* slope = slope_.data();
  const float* shift = shift_.data();
  for_each_element(l, [=](int64_t i, int64_t c) { out[i] = in[i] * slope[c] + shift[c]; });
}

void BatchNormalization::update_running(std::span<float> mean, std::span<float> variance) const {
  for (size_t c = 0; c < mean_.size(); ++c) {
    mean[c] = mean[c] * momentum_ + mean_[c] * (1.0f - momentum_);
    variance[c] = variance[c] * momentum_ + variance_[c] * (1.0f - momentum_);
  }
}

void BatchNormalization::run(const Io& io) {
  const Layout l = layout_of(io.inputs[0]);
  const float* x = io.inputs[0].as<float>().data();
  const float* dy = io.output_gradient;
  const float* mean = mean_.data();
  const float* inverse = inverse_deviation_.data();
  sum_per_channel(l, total_, slope_, [=](int64_t i, int64_t) { return dy[i]; });
  for (size_t c = 0; c < dbeta_.size(); ++c) dbeta_[c] = static_cast<float>(total_[c]);
  sum_per_channel(l, total_, slope_,
                  [=](int64_t i, int64_t c) { return dy[i] * ((x[i] - mean[c]) * inverse[c]); });
  for (size_t c = 0; c < dgamma_.size(); ++c) dgamma_[c] = static_cast<float>(total_[c]);
  if (io.input_gradients[1] != nullptr) {
    std::copy(dgamma_.begin(), dgamma_.end(), io.input_gradients[1]);
  }
  if (io.input_gradients[2] != nullptr) {
    std::copy(dbeta_.begin(), dbeta_.end(), io.input_gradients[2]);
  }
  float* dx = io.input_gradients[0];
  if (dx == nullptr) return;
  // dx = slope * dy + shift - tilt * x, with everything that depends on the channel alone taken out
  // of the loop.
  const float* gamma = io.inputs[1].as<float>().data();
  const float count = static_cast<float>(l.outer * l.inner);
  for (size_t c = 0; c < slope_.size(); ++c) {
    slope_[c] = gamma[c] * inverse_deviation_[c];
    dgamma_[c] *= slope_[c] * inverse_deviation_[c] / count;
    shift_[c] = dgamma_[c] * mean_[c] - slope_[c] * dbeta_[c] / count;
  }
  const float* slope = slope_.data();
  const float* shift = shift_.data();
  const float* tilt = dgamma_.data();
  for_each_element(
      l, [=](int64_t i, int64_t c) { dx[i] = slope[c] * dy[i] - tilt[c] * x[i] + shift[c]; });
}

}  // namespace lowbit::gradient
