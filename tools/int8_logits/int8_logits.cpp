// Quantizes a classifier of images by each of some recipes, JSON on a line of its own, and writes
// its logits on other images to stdout, as little-endian float32, or for a recipe that is refused
// the name of the error: the native side of the tests that every backend gives the same bits.
//
//   int8_logits MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 TIER RECIPES.jsonl
#include <algorithm>
#include <bit>
#include <cstdio>
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

Result<Model> quantize_by_text(const Model& fp32, const Tensor& samples, std::string_view recipe) {
  LOWBIT_ASSIGN(const Recipe read, read_recipe(recipe));
  return quantize(fp32, {&samples, 1}, read);
}

Status run(const char* model_path, const char* calibration_path, const char* images_path, Tier tier,
           const char* recipes_path) {
  LOWBIT_ASSIGN(const std::vector<std::byte> onnx, read_file(model_path));
  LOWBIT_ASSIGN(const Model fp32, Model::load(onnx, tier));
  LOWBIT_ASSIGN(const Tensor samples, read_images(calibration_path));
  LOWBIT_ASSIGN(const Tensor images, read_images(images_path));
  LOWBIT_ASSIGN(const std::vector<std::byte> file, read_file(recipes_path));
  std::string_view recipes(reinterpret_cast<const char*>(file.data()), file.size());
  while (!recipes.empty()) {
    const size_t end = std::min(recipes.find('\n'), recipes.size() - 1);
    Result<Model> quantized = quantize_by_text(fp32, samples, recipes.substr(0, end + 1));
    recipes.remove_prefix(end + 1);
    if (quantized) {
      LOWBIT_TRY(write_logits(*quantized, images));
    } else {
      const std::string_view name = error_code_name(quantized.error().code);
      std::fwrite(name.data(), 1, name.size(), stdout);
    }
  }
  return success();
}

}  // namespace

}  // namespace lowbit

int main(int argc, char** argv) {
  const std::optional<lowbit::Tier> tier = argc == 6 ? lowbit::find_tier(argv[4]) : std::nullopt;
  if (!tier) {
    std::fputs("usage: int8_logits MODEL CALIBRATION IMAGES TIER RECIPES\n", stderr);
    return 2;
  }
  return exit_code(lowbit::run(argv[1], argv[2], argv[3], *tier, argv[5]));
}
