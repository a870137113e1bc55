#include "data.h"

#include <cstdio>
#include <memory>
#include <vector>

#include "formats/idx.h"

namespace lowbit::zoo {

namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

Result<std::vector<std::byte>> read_file(const std::string& path) {
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) return make_error(ErrorCode::kLoadFailed, "the file cannot be opened", path);
  std::vector<std::byte> bytes;
  std::vector<std::byte> block(size_t{1} << 20);
  while (const size_t count = std::fread(block.data(), 1, block.size(), file.get())) {
    bytes.insert(bytes.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(count));
  }
  if (std::ferror(file.get()) != 0) {
    return make_error(ErrorCode::kLoadFailed, "the file cannot be read", path);
  }
  return bytes;
}

Result<Tensor> read_idx_file(const std::string& path) {
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, read_file(path));
  auto tensor = read_idx(bytes);
  if (!tensor) return make_error(tensor.error().code, tensor.error().message, path);
  return tensor;
}

}  // namespace

Result<Dataset> load_dataset(const std::string& folder, std::string_view split) {
  const std::string stem = folder + "/" + std::string(split);
  Dataset dataset;
  LOWBIT_ASSIGN(const Tensor images, read_idx_file(stem + "-images.idx3"));
  LOWBIT_ASSIGN(const Tensor labels, read_idx_file(stem + "-labels.idx1"));
  if (images.shape().rank() != 3) {
    return make_error(ErrorCode::kInvalidData, "images must have rank 3", stem);
  }
  const Shape& shape = images.shape();
  LOWBIT_ASSIGN(dataset.images, images.reshaped({shape[0], 1, shape[1], shape[2]}));
  for (const uint8_t label : labels.data<uint8_t>()) dataset.labels.push_back(label);
  LOWBIT_TRY(validate_dataset(dataset));
  return dataset;
}

Status write_file(const std::string& path, const void* bytes, size_t count) {
  File file(std::fopen(path.c_str(), "wb"));
  const bool is_written =
      file && std::fwrite(bytes, 1, count, file.get()) == count && std::fclose(file.release()) == 0;
  if (is_written) return success();
  return make_error(ErrorCode::kLoadFailed, "the file cannot be written", path);
}

}  // namespace lowbit::zoo
