// The four models of examples/models: what they are made of and how they are trained.
#pragma once

#include <span>
#include <string_view>

#include "graph/graph.h"
#include "train/fit.h"
#include "train/trainer.h"

namespace lowbit::zoo {

struct Model {
  std::string_view name;
  std::string_view title;
  std::string_view data_folder;  // below the data directory
  Result<Graph> (*make_graph)(uint64_t seed);
  TrainOptions train;
  FitOptions fit;
};

std::span<const Model> models();

}  // namespace lowbit::zoo
