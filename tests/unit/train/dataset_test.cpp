#include "train/dataset.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "doctest/doctest.h"
#include "support/must.h"

namespace lowbit::test {

namespace {

// Two images of 2 x 3 pixels.
Dataset two_images() {
  const std::vector<uint8_t> pixels = {255, 0, 51, 102, 153, 204, 1, 2, 3, 4, 5, 6};
  return {.images = must(Tensor::from_values<uint8_t>({2, 1, 2, 3}, pixels)), .labels = {7, 8}};
}

std::vector<float> batch_of(const Dataset& dataset, const std::vector<int32_t>& samples,
                            const Augmentation& augmentation, uint64_t seed) {
  std::vector<float> images(samples.size() * 6);
  std::vector<int32_t> labels(samples.size());
  Random random(seed);
  fill_batch(dataset, samples, augmentation, random, images, labels);
  return images;
}

}  // namespace

TEST_CASE("a batch holds pixel / 255 and the labels of the chosen samples") {
  const Dataset dataset = two_images();
  std::vector<float> images(12);
  std::vector<int32_t> labels(2);
  Random random(1);
  fill_batch(dataset, std::vector<int32_t>{1, 0}, {}, random, images, labels);
  CHECK(labels == std::vector<int32_t>{8, 7});
  CHECK(images[0] == 1.0f / 255.0f);
  CHECK(images[6] == 1.0f);
  CHECK(images[9] == 102.0f / 255.0f);
}

TEST_CASE("float32 images are taken as they are") {
  Dataset dataset{.images = must(Tensor::allocate(DType::kF32, {1, 1, 2, 3})), .labels = {0}};
  dataset.images.mutable_data<float>()[4] = -2.5f;
  CHECK(batch_of(dataset, {0}, {}, 1)[4] == -2.5f);
}

TEST_CASE("flips mirror left to right, about half of the time") {
  const Dataset dataset = two_images();
  const std::vector<float> plain = batch_of(dataset, {0}, {}, 0);
  const std::vector<float> mirrored = {plain[2], plain[1], plain[0], plain[5], plain[4], plain[3]};
  int flipped = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<float> image = batch_of(dataset, {0}, {.flips = true}, seed);
    REQUIRE((image == plain || image == mirrored));
    if (image == mirrored) ++flipped;
  }
  CHECK(flipped > 70);
  CHECK(flipped < 130);
}

TEST_CASE("shifts move the image by up to max_shift each way, and uncover zeros") {
  const Dataset dataset = two_images();
  const std::vector<float> plain = batch_of(dataset, {0}, {}, 0);
  std::set<std::vector<float>> expected;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      std::vector<float> image(6, 0.0f);
      for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 3; ++x) {
          if (y - dy < 0 || y - dy > 1 || x - dx < 0 || x - dx > 2) continue;
          image[static_cast<size_t>(y * 3 + x)] = plain[static_cast<size_t>((y - dy) * 3 + x - dx)];
        }
      }
      expected.insert(image);
    }
  }
  std::set<std::vector<float>> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    seen.insert(batch_of(dataset, {0}, {.max_shift = 1}, seed));
  }
  CHECK(seen == expected);
}

TEST_CASE("shuffle is a permutation that depends on the seed alone") {
  std::vector<int32_t> order(1000);
  std::iota(order.begin(), order.end(), 0);
  std::vector<int32_t> again = order;
  const std::vector<int32_t> sorted = order;
  Random first(5);
  Random second(5);
  shuffle(order, first);
  shuffle(again, second);
  CHECK(order == again);
  CHECK(order != sorted);
  std::ranges::sort(order);
  CHECK(order == sorted);
}

TEST_CASE("a data set that does not fit together is refused") {
  Dataset dataset = two_images();
  dataset.labels.pop_back();
  CHECK(validate_dataset(dataset).error().code == ErrorCode::kShapeMismatch);
  dataset.images = must(Tensor::allocate(DType::kI32, {1, 1, 2, 3}));
  CHECK(validate_dataset(dataset).error().code == ErrorCode::kTypeMismatch);
  dataset.images = must(Tensor::allocate(DType::kU8, {0, 1, 2, 3}));
  dataset.labels.clear();
  CHECK(validate_dataset(dataset).error().code == ErrorCode::kInvalidArgument);
}

}  // namespace lowbit::test
