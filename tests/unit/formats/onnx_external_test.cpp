#include "formats/onnx_external.h"

#include <doctest/doctest.h>

#include <array>

#include "support/check_error.h"
#include "support/must.h"
#include "support/onnx_file.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

constexpr std::array<float, 4> kFileElements = {1, 2, 3, 4};
const ExternalFiles kFiles = {{"weights.bin", std::as_bytes(std::span(kFileElements))}};

using Entries = std::vector<std::pair<std::string, std::string>>;

WireWriter external_tensor(const std::vector<int64_t>& dims, const Entries& entries) {
  WireWriter tensor = tensor_header("w", kOnnxFloat, dims);
  for (const auto& [key, value] : entries) {
    WireWriter entry;
    entry.text(1, key);
    entry.text(2, value);
    tensor.message(13, entry);
  }
  tensor.integer(14, 1);
  return tensor;
}

// x + w
Result<Graph> read(const std::vector<int64_t>& dims, const Entries& entries,
                   const ExternalFiles& files = kFiles) {
  OnnxFile file;
  file.input("x", {"N", 2}).initializer(external_tensor(dims, entries));
  return read_onnx(file.node("Add", {"x", "w"}, {"y"}).output("y").bytes(), {.files = files});
}

std::vector<float> weights_of(const Result<Graph>& graph) {
  REQUIRE(graph.ok());
  const auto data = graph->value(graph->nodes[0].inputs[1]).constant->data<float>();
  return {data.begin(), data.end()};
}

}  // namespace

TEST_CASE("elements come from the bytes that the caller hands over under the file's name") {
  CHECK(weights_of(read({2}, {{"location", "weights.bin"}, {"offset", "4"}, {"length", "8"}})) ==
        std::vector<float>{2, 3});
  CHECK(weights_of(read({2}, {{"location", "weights.bin"}, {"offset", "8"}, {"checksum", "0"}})) ==
        std::vector<float>{3, 4});
  CHECK(weights_of(read({2}, {{"location", "weights.bin"}, {"length", "8"}})) ==
        std::vector<float>{1, 2});
  check_error(read({2}, {{"location", "other.bin"}}), ErrorCode::kUnsupportedFeature, "other.bin");
  check_error(read({2}, {{"location", "weights.bin"}}, {}), ErrorCode::kUnsupportedFeature,
              "not handed over");
}

TEST_CASE("only plain names are looked for, whatever was handed over") {
  for (const std::string name : {"", ".", "..", "/weights.bin", "../weights.bin",
                                 "data/weights.bin", "data\\weights.bin", "c:weights.bin"}) {
    CAPTURE(name);
    const ExternalFiles files = {{name, kFiles.begin()->second}};
    check_error(read({4}, {{"location", name}}, files), ErrorCode::kInvalidModel, "no plain");
  }
  check_error(read({4}, {}), ErrorCode::kInvalidModel, "no plain");
}

TEST_CASE("offset and length are numbers within the file, and just what the shape needs") {
  for (const std::string number :
       {"17", "-1", "0x4", " 4", "4 ", "1e1", "18446744073709551615", "18446744073709551616"}) {
    CAPTURE(number);
    check_error(read({2}, {{"location", "weights.bin"}, {"offset", number}}),
                ErrorCode::kInvalidModel, "begins at");
    check_error(read({2}, {{"location", "weights.bin"}, {"length", number}}),
                ErrorCode::kInvalidModel, "bytes long");
  }
  check_error(read({2}, {{"location", "weights.bin"}, {"offset", "12"}, {"length", "8"}}),
              ErrorCode::kInvalidModel, "bytes long");
  check_error(read({2}, {{"location", "weights.bin"}}), ErrorCode::kInvalidModel, "16 bytes");
  check_error(read({2}, {{"location", "weights.bin"}, {"offset", "16"}}), ErrorCode::kInvalidModel,
              "0 bytes");
}
