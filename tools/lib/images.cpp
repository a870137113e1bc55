#include "images.h"

#include <cstdio>
#include <memory>
#include <string>

namespace lowbit {

Result<std::vector<std::byte>> read_file(const char* path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "rb"), std::fclose);
  if (!file) return make_error(ErrorCode::kInvalidArgument, "the file cannot be opened", path);
  std::vector<std::byte> bytes;
  std::byte block[1 << 16];
  while (const size_t count = std::fread(block, 1, sizeof block, file.get())) {
    bytes.insert(bytes.end(), block, block + count);
  }
  return bytes;
}

Status write_file(const char* path, std::span<const std::byte> bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "wb"), std::fclose);
  if (!file || std::fwrite(bytes.data(), 1, bytes.size(), file.get()) != bytes.size()) {
    return make_error(ErrorCode::kInvalidArgument, "the file cannot be written", path);
  }
  return success();
}

Result<Tensor> read_images(const char* path) {
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, read_file(path));
  LOWBIT_ASSIGN(const Tensor pixels, read_idx(bytes));
  const Shape& shape = pixels.shape();
  if (shape.rank() != 3) return make_error(ErrorCode::kInvalidData, "images have rank 3", path);
  LOWBIT_ASSIGN(Tensor images,
                Tensor::allocate(DType::kF32, Shape{shape[0], 1, shape[1], shape[2]}));
  const auto source = pixels.data<uint8_t>();
  const auto target = images.mutable_data<float>();
  for (size_t i = 0; i < source.size(); ++i) target[i] = static_cast<float>(source[i]) / 255.0f;
  return images;
}

Result<std::vector<int32_t>> read_labels(const char* path) {
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, read_file(path));
  LOWBIT_ASSIGN(const Tensor labels, read_idx(bytes));
  const auto elements = labels.data<uint8_t>();
  return std::vector<int32_t>(elements.begin(), elements.end());
}

int exit_code(const Status& status) {
  if (status) return 0;
  const Error& error = status.error();
  std::fprintf(stderr, "%s: %s (%s)\n", std::string(error_code_name(error.code)).c_str(),
               error.message.c_str(), error.where.c_str());
  return 1;
}

}  // namespace lowbit
