// Files of one output "y", read whole.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "formats/onnx_reader.h"
#include "formats/onnx_writer.h"
#include "support/check_error.h"
#include "support/graph_difference.h"
#include "support/must.h"
#include "support/onnx_file.h"

namespace lowbit::test {

inline Result<Graph> read_file(OnnxFile file) { return read_onnx(file.output("y").bytes()); }

// A node "n" with these attributes.
inline OnnxNodeParts with(std::vector<WireWriter> attributes) {
  return {.attributes = std::move(attributes), .name = "n"};
}

// The operators in order: "Sub Exp". Written and read again, the graph is the same.
inline std::string operators_of(const OnnxFile& file) {
  const Graph graph = must(read_file(file));
  const Graph again = must(read_onnx(must(write_onnx(graph))));
  Graph expected = graph;
  expected.opset = again.opset;  // what is written has opset 13 at least
  CHECK(graph_difference(expected, again) == "");
  std::string text;
  for (const Node& node : graph.nodes) {
    text += (text.empty() ? "" : " ") + std::string(op_info(node.op).name);
  }
  return text;
}

// The attributes of the last node.
template <class T>
T last_attributes(const OnnxFile& file) {
  operators_of(file);
  return std::get<T>(must(read_file(file)).nodes.back().attributes);
}

// "2, 3, N"
inline std::string output_shape(const OnnxFile& file) {
  const Graph graph = must(read_file(file));
  return named_shape(graph, graph.value(graph.outputs[0]).shape);
}

}  // namespace lowbit::test
