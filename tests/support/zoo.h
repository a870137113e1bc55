// The models of examples/models.
#pragma once

#include <cstddef>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace lowbit::test {

inline constexpr const char* kZooModels[] = {"digits-mlp", "digits-lenet", "fashion-resnet",
                                             "fashion-mobilenet"};

// The ONNX bytes; none where there is no such model.
inline std::vector<std::byte> zoo_bytes(const std::string& name) {
  std::ifstream file(LOWBIT_SOURCE_DIR "/examples/models/" + name + ".onnx", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

}  // namespace lowbit::test
