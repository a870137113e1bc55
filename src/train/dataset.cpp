#include "train/dataset.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace lowbit {

namespace {

struct Plane {
  int64_t height;
  int64_t width;
};

// target[y][x] = source[y - dy][x - dx], mirrored first when `flip`; 0 outside.
template <class T>
void write_plane(const T* source, const Plane& plane, int64_t dy, int64_t dx, bool flip,
                 float divisor, float* target) {
  for (int64_t y = 0; y < plane.height; ++y) {
    const int64_t from_y = y - dy;
    for (int64_t x = 0; x < plane.width; ++x) {
      const int64_t from_x = x - dx;
      const bool is_inside =
          from_y >= 0 && from_y < plane.height && from_x >= 0 && from_x < plane.width;
      const int64_t column = flip ? plane.width - 1 - from_x : from_x;
      *target++ =
          is_inside ? static_cast<float>(source[from_y * plane.width + column]) / divisor : 0.0f;
    }
  }
}

int64_t random_shift(int max_shift, Random& random) {
  if (max_shift == 0) return 0;
  return int64_t{random.below(2 * static_cast<uint32_t>(max_shift) + 1)} - max_shift;
}

template <class T>
void write_samples(const Dataset& dataset, std::span<const int32_t> samples,
                   const Augmentation& augmentation, Random& random, float divisor, float* target) {
  const Shape& shape = dataset.images.shape();
  const Plane plane{shape[2], shape[3]};
  const int64_t plane_count = plane.height * plane.width;
  const T* source = dataset.images.data<T>().data();
  for (const int32_t sample : samples) {
    const int64_t dy = random_shift(augmentation.max_shift, random);
    const int64_t dx = random_shift(augmentation.max_shift, random);
    const bool flip = augmentation.flips && random.below(2) == 1;
    for (int64_t c = 0; c < shape[1]; ++c, target += plane_count) {
      write_plane(source + (sample * shape[1] + c) * plane_count, plane, dy, dx, flip, divisor,
                  target);
    }
  }
}

}  // namespace

Status validate_dataset(const Dataset& dataset) {
  const Shape& shape = dataset.images.shape();
  if (shape.rank() != 4 || shape[0] != std::ssize(dataset.labels)) {
    return make_error(ErrorCode::kShapeMismatch,
                      format_text("a data set needs images [samples, channels, height, width] and "
                                  "one label each; it has images of shape {} and {} labels",
                                  shape.to_string(), dataset.labels.size()),
                      "images");
  }
  if (dataset.images.dtype() != DType::kU8 && dataset.images.dtype() != DType::kF32) {
    return make_error(ErrorCode::kTypeMismatch,
                      format_text("images must be uint8 or float32; they are {}",
                                  dtype_name(dataset.images.dtype())),
                      "images");
  }
  if (dataset.labels.empty()) {
    return make_error(ErrorCode::kInvalidArgument, "the data set is empty", "images");
  }
  return success();
}

void shuffle(std::span<int32_t> order, Random& random) {
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  }
}

void fill_batch(const Dataset& dataset, std::span<const int32_t> samples,
                const Augmentation& augmentation, Random& random, std::span<float> images,
                std::span<int32_t> labels) {
  if (dataset.images.dtype() == DType::kU8) {
    write_samples<uint8_t>(dataset, samples, augmentation, random, 255.0f, images.data());
  } else {
    write_samples<float>(dataset, samples, augmentation, random, 1.0f, images.data());
  }
  for (size_t i = 0; i < samples.size(); ++i) {
    labels[i] = dataset.labels[static_cast<size_t>(samples[i])];
  }
}

}  // namespace lowbit
