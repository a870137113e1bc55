// What equalization is for: makes of a classifier of images an equivalent one that is hard to
// quantize, and says how many images it gets right with 8 bits and one scale per tensor, as it is
// and equalized.
//
// Every channel between two layers is measured in a unit of its own, drawn from two decades (evenly
// in the logarithm), so that the weights of a layer are as unequal as those of some trained
// networks (Nagel et al. 2019, figure 2). A ReLU6 between two such layers becomes a ReLU first, as
// only that allows for other units: this changes what the network computes a little, the units do
// not.
//
//   rescaled MODEL.onnx CALIBRATION.idx3 IMAGES.idx3 LABELS.idx1 [CHANGED.onnx]
#include <cmath>
#include <limits>

#include "base/random.h"
#include "experiment.h"
#include "graph/rewrites.h"
#include "quantize/channel_pairs.h"

namespace lowbit {

namespace {

constexpr uint64_t kSeed = 1;

Graph without_upper_bounds(Graph graph) {
  for (const ChannelPair& pair : find_channel_pairs(graph)) {
    graph.nodes[pair.first.node].activation.max = std::numeric_limits<float>::infinity();
  }
  return graph;
}

Result<Graph> rescale(const Graph& graph) {
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  std::vector<ChannelChange> changes;
  Random random(kSeed);
  for (const ChannelPair& pair : pairs) {
    ChannelChange change = no_change(pair);
    for (double& factor : change.factor) {
      factor = std::pow(10.0, static_cast<double>(random.uniform(-1, 1)));
    }
    changes.push_back(std::move(change));
  }
  return change_channels(graph, pairs, changes);
}

Result<Model> run(Experiment& experiment) {
  LOWBIT_ASSIGN(Graph optimized, optimize(experiment.original.graph()));
  Model unbounded(without_upper_bounds(std::move(optimized)));
  LOWBIT_TRY(experiment.print_accuracy("FP32, ReLU", unbounded));
  LOWBIT_ASSIGN(Graph graph, rescale(unbounded.graph()));
  Model rescaled(std::move(graph));
  LOWBIT_TRY(experiment.print_accuracy("FP32, rescaled", rescaled));

  Recipe recipe;
  recipe.weights.granularity = Granularity::kPerTensor;
  const auto measure = [&](const char* name) -> Status {
    LOWBIT_ASSIGN(Model quantized, quantize(rescaled, {&experiment.samples, 1}, recipe));
    return experiment.print_accuracy(name, quantized);
  };
  LOWBIT_TRY(measure("W8A8 per tensor"));
  recipe.equalize = true;
  LOWBIT_TRY(measure("equalized"));
  recipe.correct_bias = true;
  LOWBIT_TRY(measure("and bias corrected"));
  return rescaled;
}

}  // namespace

}  // namespace lowbit

int main(int argc, char** argv) { return lowbit::run_experiment(argc, argv, lowbit::run); }
