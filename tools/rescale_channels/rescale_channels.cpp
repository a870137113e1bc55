// Makes of a network an equivalent one that is hard to quantize: every channel between two layers
// is measured in a unit of its own, drawn from two decades (evenly in the logarithm), so that the
// weights of a layer are as unequal as those of some trained networks (Nagel et al. 2019, figure
// 2). Batch normalization is folded, and a ReLU6 between two such layers becomes a ReLU, as only
// that allows for other units: with it the function changes where the network's values pass 6, with
// the units it does not change.
//
//   rescale_channels MODEL.onnx RESCALED.onnx SEED
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <memory>
#include <string>

#include "base/random.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "graph/rewrites.h"
#include "quantize/channel_pairs.h"

namespace lowbit {

namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

Result<std::vector<std::byte>> read_file(const char* path) {
  const File file(std::fopen(path, "rb"), std::fclose);
  if (!file) return make_error(ErrorCode::kInvalidArgument, "the file cannot be opened", path);
  std::vector<std::byte> bytes;
  std::byte block[1 << 16];
  while (const size_t count = std::fread(block, 1, sizeof block, file.get())) {
    bytes.insert(bytes.end(), block, block + count);
  }
  return bytes;
}

Status write_file(const char* path, const std::vector<std::byte>& bytes) {
  File file(std::fopen(path, "wb"), std::fclose);
  if (file && std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size() &&
      std::fclose(file.release()) == 0) {
    return success();
  }
  return make_error(ErrorCode::kInvalidArgument, "the file cannot be written", path);
}

Result<Graph> rescale(Graph graph, uint64_t seed) {
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  std::vector<ChannelChange> changes;
  Random random(seed);
  for (const ChannelPair& pair : pairs) {
    graph.nodes[pair.first.node].activation.max = std::numeric_limits<float>::infinity();
    ChannelChange change = no_change(pair);
    for (double& factor : change.factor) {
      factor = std::pow(10.0, static_cast<double>(random.uniform(-1, 1)));
    }
    changes.push_back(std::move(change));
  }
  return change_channels(graph, pairs, changes);
}

Status run(const char* model, const char* target, uint64_t seed) {
  LOWBIT_ASSIGN(const std::vector<std::byte> bytes, read_file(model));
  LOWBIT_ASSIGN(const Graph loaded, read_onnx(bytes));
  LOWBIT_ASSIGN(Graph graph, optimize(loaded));
  LOWBIT_ASSIGN(const Graph rescaled, rescale(std::move(graph), seed));
  LOWBIT_ASSIGN(const std::vector<std::byte> written, write_onnx(rescaled));
  return write_file(target, written);
}

}  // namespace

}  // namespace lowbit

int main(int argc, char** argv) {
  uint64_t seed = 0;
  const bool is_valid =
      argc == 4 && std::from_chars(argv[3], argv[3] + std::strlen(argv[3]), seed).ec == std::errc();
  if (!is_valid) {
    std::fputs("usage: rescale_channels MODEL RESCALED SEED\n", stderr);
    return 2;
  }
  const lowbit::Status status = lowbit::run(argv[1], argv[2], seed);
  if (status) return 0;
  const lowbit::Error& error = status.error();
  std::fprintf(stderr, "%s: %s (%s)\n", std::string(error_code_name(error.code)).c_str(),
               error.message.c_str(), error.where.c_str());
  return 1;
}
