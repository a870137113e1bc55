// ONNX's own tests of its operators, and its models that PyTorch exported (Debian's
// libonnx-testdata): every one whose operators Lowbit means to have. What it skips is named, with
// the reason (tests/onnx/skipped.inc).
//
// Each test is a model, inputs and outputs. Lowbit wants shapes, axes, scales and weights to be
// known when a model is loaded, and many of these models have them as inputs. Where a model cannot
// be read otherwise, all its inputs but the first are constants, or all of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "engine/engine.h"
#include "formats/onnx_proto.h"
#include "formats/onnx_reader.h"
#include "formats/onnx_tensor.h"
#include "graph/rewrites.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;
namespace fs = std::filesystem;

namespace {

const fs::path kData = "/usr/share/libonnx-testdata/data";

const std::set<std::string_view> kOperators = {
#define LOWBIT_TESTED(name) #name,
#include "onnx/operators.inc"
#undef LOWBIT_TESTED
};

// By the test's name.
const std::map<std::string, std::string, std::less<>> kSkipped = {
#define LOWBIT_SKIPPED(name, reason) {name, reason},
#include "onnx/skipped.inc"
#undef LOWBIT_SKIPPED
};

std::vector<std::byte> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE(file.good());
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Result<Tensor> read_tensor(const fs::path& path, std::string& name) {
  const std::vector<std::byte> bytes = read_file(path);
  LOWBIT_ASSIGN(const OnnxTensor source, parse_onnx_tensor(Slice{bytes, 0}));
  name = source.name;
  uint64_t budget = kMaxTensorBytes;
  return decode_onnx_tensor(source, name, {}, budget);
}

struct NamedTensors {
  std::vector<Tensor> tensors;
  std::vector<std::string> names;
};

Result<NamedTensors> read_tensors(const fs::path& folder, const std::string& kind) {
  NamedTensors result;
  for (int i = 0;; ++i) {
    const fs::path path = folder / (kind + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) return result;
    LOWBIT_ASSIGN(result.tensors.emplace_back(), read_tensor(path, result.names.emplace_back()));
  }
}

bool is_tested(const OnnxModel& model) {
  return std::ranges::all_of(
      model.graph.nodes, [](const OnnxNode& node) { return kOperators.contains(node.op_type); });
}

template <class T>
std::string difference_of(std::span<const T> ours, std::span<const T> theirs) {
  for (size_t i = 0; i < theirs.size(); ++i) {
    const auto a = static_cast<double>(ours[i]);
    const auto b = static_cast<double>(theirs[i]);
    const bool is_near = std::is_same_v<T, float> ? std::abs(a - b) <= 1e-7 + 1e-3 * std::abs(b) ||
                                                        (std::isnan(a) && std::isnan(b)) || a == b
                                                  : ours[i] == theirs[i];
    if (!is_near) {
      return "element " + std::to_string(i) + " is " + std::to_string(a) + ", not " +
             std::to_string(b);
    }
  }
  return {};
}

// Empty: they agree, floats within 1e-3 relative and 1e-7, everything else exactly.
std::string difference(const Tensor& ours, const Tensor& theirs) {
  if (ours.shape() != theirs.shape() || ours.dtype() != theirs.dtype()) {
    return std::string(dtype_name(ours.dtype())) + ours.shape().to_string() + " in place of " +
           std::string(dtype_name(theirs.dtype())) + theirs.shape().to_string();
  }
  switch (ours.dtype()) {
#define X(name, type, text, onnx) \
  case DType::k##name:            \
    return difference_of(ours.data<type>(), theirs.data<type>());
    LOWBIT_DTYPES(X)
#undef X
  }
  return {};
}

Result<std::vector<Tensor>> run(const std::vector<std::byte>& bytes, const NamedTensors& inputs) {
  ReadOptions options;
  Result<Graph> graph = read_onnx(bytes);
  size_t input_count = inputs.tensors.size();
  for (const size_t fewer : {size_t{1}, size_t{0}}) {
    if (graph || input_count <= fewer) continue;
    for (size_t i = fewer; i < inputs.tensors.size(); ++i) {
      if (!inputs.names[i].empty()) options.constants.emplace(inputs.names[i], inputs.tensors[i]);
    }
    input_count = fewer;
    graph = read_onnx(bytes, options);
  }
  if (!graph) return std::move(graph).failure();
  LOWBIT_ASSIGN(const Graph optimized, optimize(*graph));
  std::vector<Tensor> given(inputs.tensors.begin(),
                            inputs.tensors.begin() + static_cast<ptrdiff_t>(input_count));
  given.resize(graph->inputs.size());
  std::vector<Shape> shapes;
  for (const Tensor& tensor : given) shapes.push_back(tensor.shape());
  LOWBIT_ASSIGN(Plan plan, make_plan(optimized, shapes, {}));
  return plan.run(given);
}

// What went wrong; empty: nothing.
std::string failure_of(const fs::path& test, const std::vector<std::byte>& model) {
  for (const auto& data : fs::directory_iterator(test)) {
    if (!data.is_directory()) continue;
    const auto inputs = read_tensors(data.path(), "input");
    if (!inputs) return inputs.error().message;
    const auto expected = read_tensors(data.path(), "output");
    if (!expected) return expected.error().message;
    const auto outputs = run(model, *inputs);
    if (!outputs) return outputs.error().message;
    if (outputs->size() != expected->tensors.size()) return "another number of outputs";
    for (size_t i = 0; i < outputs->size(); ++i) {
      const std::string found = difference((*outputs)[i], expected->tensors[i]);
      if (!found.empty()) return expected->names[i] + ": " + found;
    }
  }
  return {};
}

void check_folder(const std::string& folder) {
  if (!fs::exists(kData / folder)) {
    MESSAGE("skipped: libonnx-testdata, a package of Debian, is not installed");
    return;
  }
  std::vector<fs::path> tests;
  for (const auto& entry : fs::directory_iterator(kData / folder)) tests.push_back(entry.path());
  std::ranges::sort(tests);
  int passed = 0;
  int skipped = 0;
  for (const fs::path& test : tests) {
    const std::vector<std::byte> model = read_file(test / "model.onnx");
    const Result<OnnxModel> parsed = parse_onnx_model(model);
    if (!parsed || !is_tested(*parsed)) continue;
    const std::string name = test.filename().string();
    const auto reason = kSkipped.find(name);
    if (reason != kSkipped.end()) {
      MESSAGE("skipped " << name << ": " << reason->second);
      ++skipped;
      continue;
    }
    const std::string failure = failure_of(test, model);
    CHECK_MESSAGE(failure.empty(), name << ": " << failure);
    passed += failure.empty();
  }
  MESSAGE(folder << ": " << passed << " passed, " << skipped << " skipped");
}

}  // namespace

TEST_CASE("ONNX's node tests pass") { check_folder("node"); }

TEST_CASE("Models that PyTorch exported pass") {
  check_folder("pytorch-converted");
  check_folder("pytorch-operator");
}
