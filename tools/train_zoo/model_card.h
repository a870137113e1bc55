// The text that accompanies a model: what it is, what it learned from, how well it does, and how to
// make it again.
#pragma once

#include <string>

#include "zoo.h"

namespace lowbit::zoo {

struct Training {
  uint64_t seed = 1;
  int epochs = 0;
  double minutes = 0;
  int64_t correct = 0;
  int64_t test_count = 0;
  int64_t file_bytes = 0;
};

// Markdown.
std::string model_card(const Model& model, const Graph& graph, const Training& training);

}  // namespace lowbit::zoo
