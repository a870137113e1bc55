#include "quantize/layer_statistics.h"

#include <algorithm>
#include <limits>

#include "base/random.h"
#include "engine/planned_graph.h"
#include "kernels/kernels.h"
#include "quantize/layer_input.h"

namespace lowbit {

namespace {

constexpr int64_t kLeastRows = 4096;
constexpr int64_t kRowsPerWeight = 16;
// Multiply-adds between two pauses, some 10 ms.
constexpr int64_t kPauseWork = 50'000'000;

// `count` of the numbers [0, all), ascending, each subset equally likely (Knuth, The Art of
// Computer Programming, volume 2, algorithm 3.4.2S).
std::vector<int64_t> choose(int64_t count, int64_t all, Random& random) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < all && std::ssize(chosen) < count; ++i) {
    if (random.below(static_cast<uint32_t>(all - i)) < count - std::ssize(chosen)) {
      chosen.push_back(i);
    }
  }
  return chosen;
}

// The sums of one group.
class GroupSums {
 public:
  static Result<GroupSums> create(const Graph& fp32, const LinearLayer& layer, int32_t group,
                                  bool second_moments) {
    GroupSums sums;
    sums.columns_ = layer.columns;
    sums.depth_ = layer.depth();
    const auto depth = static_cast<size_t>(sums.depth_);
    sums.statistics_.mean.resize(depth);
    sums.statistics_.quantized_mean.resize(depth);
    if (!second_moments) return sums;
    const Shape square{sums.depth_, sums.depth_};
    LOWBIT_ASSIGN(sums.statistics_.gram, Tensor::allocate(DType::kF32, square));
    const Shape wide{sums.columns_, sums.depth_};
    LOWBIT_ASSIGN(sums.statistics_.target, Tensor::allocate(DType::kF32, wide));
    sums.words_ = kernels::word_offsets(kernels::kOnePiece, sums.depth_, sizeof(float));
    const size_t packed_bytes =
        kernels::packed_matmul_f32_bytes(Tier::kSimd128, sums.columns_, 1, sums.depth_);
    LOWBIT_ASSIGN(sums.packed_, Buffer::allocate(packed_bytes));
    kernels::kSimd128Table.pack_matmul_f32({.weights = read_weights(fp32, layer, group).data(),
                                            .columns = sums.columns_,
                                            .depth = sums.depth_,
                                            .packed = sums.packed_->data()});
    return sums;
  }

  // `count` rows of x and of x^; room for as many rows of W x.
  void add(const float* x, const float* quantized_x, float* products, int32_t count) {
    add_rows(x, count, statistics_.mean);
    add_rows(quantized_x, count, statistics_.quantized_mean);
    if (!packed_) return;
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    kernels::kSimd128Table.matmul_f32({.rows = {.a = x,
                                                .count = count,
                                                .depth = depth_,
                                                .row_stride = depth_,
                                                .words = words_.data()},
                                       .packed = packed_->data(),
                                       .columns = columns_,
                                       .c = products,
                                       .c_stride = columns_,
                                       .min = -kInfinity,
                                       .max = kInfinity});
    add_outer_products(products, columns_, quantized_x, count, statistics_.target);
    add_outer_products(quantized_x, depth_, quantized_x, count, statistics_.gram);
  }

  GroupStatistics mean(int64_t rows) && {
    const double factor = 1.0 / static_cast<double>(rows);
    for (double& sum : statistics_.mean) sum *= factor;
    for (double& sum : statistics_.quantized_mean) sum *= factor;
    for (Tensor* moments : {&statistics_.gram, &statistics_.target}) {
      for (float& sum : moments->mutable_data<float>()) sum *= static_cast<float>(factor);
    }
    return std::move(statistics_);
  }

 private:
  static void add_rows(const float* rows, int32_t count, std::vector<double>& sums) {
    for (int32_t i = 0; i < count; ++i) {
      for (double& sum : sums) sum += static_cast<double>(*rows++);
    }
  }

  void add_outer_products(const float* left, int32_t left_width, const float* right, int32_t count,
                          Tensor& sums) const {
    kernels::training_kernel_table(Tier::kSimd128)
        .outer_product_f32(
            {.rows = {.a = left, .count = count, .depth = left_width, .row_stride = left_width},
             .b = right,
             .b_stride = depth_,
             .columns = depth_,
             .c = sums.mutable_data<float>().data()});
  }

  int32_t columns_ = 0;
  int32_t depth_ = 0;
  GroupStatistics statistics_;
  std::vector<int32_t> words_;
  std::shared_ptr<Buffer> packed_;  // W, when second moments are summed
};

// The input of `layer` in a run on `inputs`.
Result<LayerInput> layer_input(PlannedGraph& planned, const Graph& graph, const LinearLayer& layer,
                               std::span<const Tensor> inputs) {
  Result<LayerInput> input = make_error(ErrorCode::kInvalidArgument, "the value was not made");
  LOWBIT_TRY(planned.run_until(graph.nodes[layer.node].inputs[0], inputs,
                               [&](const ValueView& view) -> Status {
                                 input = LayerInput::copy(graph, layer, view);
                                 return success();
                               }));
  return input;
}

}  // namespace

Task<LayerStatistics> layer_statistics(const Graph& fp32, const LinearLayer& real,
                                       const Graph& quantized, const LinearLayer& integer,
                                       std::span<const Tensor> samples, StatisticsOptions options) {
  LOWBIT_CO_ASSIGN(const int64_t sample_count, count_calibration_samples(samples, options.batch));
  std::vector<GroupSums> sums;
  for (int32_t group = 0; group < real.groups; ++group) {
    LOWBIT_CO_ASSIGN(GroupSums of_group,
                     GroupSums::create(fp32, real, group, options.second_moments));
    sums.push_back(std::move(of_group));
  }
  const int64_t depth = real.depth();
  const int64_t row_work = depth * (options.second_moments ? depth + 2 * real.columns : 2);
  const int64_t block = std::clamp<int64_t>(kPauseWork / row_work, 16, 1024);
  LOWBIT_CO_ASSIGN(Tensor x, Tensor::allocate(DType::kF32, {block, depth}));
  LOWBIT_CO_ASSIGN(Tensor quantized_x, Tensor::allocate(DType::kF32, {block, depth}));
  LOWBIT_CO_ASSIGN(Tensor products, Tensor::allocate(DType::kF32, {block, real.columns}));

  const int64_t wanted_rows = std::max(kLeastRows, kRowsPerWeight * depth);
  PlannedGraph fp32_plan(fp32);
  PlannedGraph quantized_plan(quantized);
  Random random(options.seed);
  LayerStatistics statistics;
  for (int64_t first = 0; first < sample_count; first += options.batch) {
    const Progress progress{"statistics",
                            static_cast<double>(first) / static_cast<double>(sample_count)};
    const int64_t count = std::min(options.batch, sample_count - first);
    LOWBIT_CO_ASSIGN(const std::vector<Tensor> batch, slice_samples(samples, first, count));
    LOWBIT_CO_ASSIGN(const LayerInput exact, layer_input(fp32_plan, fp32, real, batch));
    co_yield progress;
    LOWBIT_CO_ASSIGN(const LayerInput integers,
                     layer_input(quantized_plan, quantized, integer, batch));
    co_yield progress;
    const int64_t share = (wanted_rows * count + sample_count - 1) / sample_count;
    const std::vector<int64_t> rows = choose(share, exact.row_count(), random);
    statistics.rows += std::ssize(rows);
    int64_t work = 0;
    for (size_t begin = 0; begin < rows.size(); begin += static_cast<size_t>(block)) {
      const size_t end = std::min(rows.size(), begin + static_cast<size_t>(block));
      const std::span<const int64_t> some = std::span(rows).subspan(begin, end - begin);
      for (int32_t group = 0; group < real.groups; ++group) {
        exact.gather(group, some, x.mutable_data<float>().data());
        integers.gather(group, some, quantized_x.mutable_data<float>().data());
        sums[static_cast<size_t>(group)].add(
            x.data<float>().data(), quantized_x.data<float>().data(),
            products.mutable_data<float>().data(), static_cast<int32_t>(some.size()));
        work += row_work * std::ssize(some);
        if (work < kPauseWork) continue;
        work = 0;
        co_yield progress;
      }
    }
  }
  for (GroupSums& of_group : sums) {
    statistics.groups.push_back(std::move(of_group).mean(statistics.rows));
  }
  co_return statistics;
}

}  // namespace lowbit
