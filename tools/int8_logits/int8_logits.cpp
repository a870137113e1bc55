// Quantizes a classifier of images per channel and writes its logits on other images to stdout, as
// little-endian float32: the native side of the test that every backend gives the same bits.
//
//   int8_logits MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 TIER WEIGHT_BITS
#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "api/lowbit.h"
#include "images.h"

namespace lowbit {

namespace {

constexpr int64_t kBatch = 100;

static_assert(std::endian::native == std::endian::little);

Status write_logits(Model& model, const Tensor& images) {
  const int64_t samples = images.shape()[0];
  for (int64_t first = 0; first < samples; first += kBatch) {
    LOWBIT_ASSIGN(const std::vector<Tensor> batch,
                  slice_samples({&images, 1}, first, std::min(kBatch, samples - first)));
    LOWBIT_ASSIGN(const std::vector<Tensor> outputs, model.run(batch));
    if (std::fwrite(outputs[0].raw(), 1, outputs[0].byte_count(), stdout) !=
        outputs[0].byte_count()) {
      return make_error(ErrorCode::kInvalidArgument, "the logits cannot be written", "stdout");
    }
  }
  return success();
}

Status run(const char* model_path, const char* calibration_path, const char* images_path, Tier tier,
           const Recipe& recipe) {
  LOWBIT_ASSIGN(const std::vector<std::byte> onnx, read_file(model_path));
  LOWBIT_ASSIGN(const Model fp32, Model::load(onnx, tier));
  LOWBIT_ASSIGN(const Tensor samples, read_images(calibration_path));
  LOWBIT_ASSIGN(const Calibration calibration, calibrate(fp32, {&samples, 1}));
  LOWBIT_ASSIGN(Model int8, quantize(fp32, calibration, recipe));
  LOWBIT_ASSIGN(const Tensor images, read_images(images_path));
  return write_logits(int8, images);
}

}  // namespace

}  // namespace lowbit

int main(int argc, char** argv) {
  const std::optional<lowbit::Tier> tier = argc == 6 ? lowbit::find_tier(argv[4]) : std::nullopt;
  if (!tier) {
    std::fputs("usage: int8_logits MODEL CALIBRATION IMAGES TIER WEIGHT_BITS\n", stderr);
    return 2;
  }
  lowbit::Recipe recipe;
  recipe.weights.bits = std::atoi(argv[5]);
  return exit_code(lowbit::run(argv[1], argv[2], argv[3], *tier, recipe));
}
