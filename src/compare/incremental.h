// Runs variants of a model over the same samples again and again, and of each only what differs
// from the model it remembers, and what lies behind that.
//
//   IncrementalRunner runner({images}, {});
//   Result<std::vector<Tensor>> logits = finish(runner.run(int8, true));       // all of it
//   logits = finish(runner.run(int8_with_another_second_layer, false));        // from that layer
//   on
//
// A value is the same in both graphs if it has the same name and type, and is made by the same
// operator of the same values and constants. Values that are kept lie in memory for all samples.
#pragma once

#include <vector>

#include "base/task.h"
#include "engine/engine.h"

namespace lowbit {

struct IncrementalOptions {
  Tier tier = Tier::kSimd128;
  Tiles tiles = {};
  // For kept values. When they are more, the smaller ones are kept: they lie behind most of the
  // work.
  size_t cache_bytes = size_t{256} << 20;
};

class IncrementalRunner {
 public:
  // `inputs`: one tensor per graph input, with the samples along their first dimension.
  IncrementalRunner(std::vector<Tensor> inputs, const IncrementalOptions& options)
      : inputs_(std::move(inputs)), options_(options) {}

  // The outputs of `graph` (valid, optimize()d) for all samples; it becomes the model that is
  // remembered if `remember` says so. The task must not outlive the runner; one at a time. Errors:
  // kShapeMismatch (inputs or outputs whose first dimension does not count the samples), as
  // make_plan. After an error, or when the task is dropped, what was remembered stays so.
  Task<std::vector<Tensor>> run(const Graph& graph, bool remember);

  // Of the last run.
  size_t nodes_run() const { return nodes_run_; }

 private:
  std::vector<Tensor> inputs_;
  IncrementalOptions options_;
  size_t nodes_run_ = 0;
  Graph remembered_;
  std::vector<Tensor> kept_;  // per value of remembered_: for all samples, or of no element
};

}  // namespace lowbit
