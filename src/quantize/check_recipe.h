// Whether a recipe fits a graph: what can be said before any sample is read.
#pragma once

#include "graph/graph.h"
#include "quantize/recipe.h"

namespace lowbit {

// `prepared`: what prepare() made (quantize/quantize.h). Errors: as validate_recipe();
// kInvalidArgument for a layer that the graph has not, with the nearest name that it has.
Status check_recipe(const Graph& prepared, const Recipe& recipe);

}  // namespace lowbit
