#include "quantize/channel_ranges.h"

#include <array>

#include "doctest/doctest.h"
#include "graph/rewrites.h"
#include "support/check_error.h"
#include "support/graph_builder.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Graph network() {
  GraphBuilder b;
  ValueId x = b.input("x", {b.symbol("N"), 1, 1, 2});
  x = b.relu(b.conv(x, {.channels = 2, .weight = {1, -2}, .bias = {0, 1}}));
  x = b.flatten(b.conv(x, {.channels = 1, .weight = {1, 1}, .bias = {-3}}));
  x = b.gemm(x, {.features = 2, .weight = {1, 0, 0, 1}, .bias = {0, 0}});
  return must(optimize(b.output(b.gemm(x)).build()));
}

Tensor images(const std::vector<float>& values) {
  return must(
      Tensor::from_values<float>({static_cast<int64_t>(values.size()) / 2, 1, 1, 2}, values));
}

std::vector<ChannelRanges> observe(const Tensor& samples, int64_t batch) {
  const Graph graph = network();
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  return must(finish(observe_channels(graph, pairs, std::array{samples}, batch)));
}

}  // namespace

TEST_CASE("ranges are the extremes of each channel over all samples, behind the activation") {
  // The first layer makes relu(x) and relu(1 - 2 x); the third passes the sums of the second on.
  for (const int64_t batch : {1, 2, 32}) {
    const std::vector<ChannelRanges> ranges = observe(images({1, 2, -1, 0.25f, 4, 0}), batch);
    REQUIRE(ranges.size() == 3);
    CHECK(ranges[0].low == std::vector<float>{0, 0});
    CHECK(ranges[0].high == std::vector<float>{4, 3});
    CHECK(ranges[1].low == std::vector<float>{-2.25f});
    CHECK(ranges[1].high == std::vector<float>{1});
    CHECK(ranges[2].low == std::vector<float>{-2, -2.25f});
    CHECK(ranges[2].high == std::vector<float>{1, -1});
  }
}

TEST_CASE("channels are observed where there are samples") {
  const Graph graph = network();
  const std::vector<ChannelPair> pairs = find_channel_pairs(graph);
  const auto run = [&](const Tensor& samples, int64_t batch) {
    return finish(observe_channels(graph, pairs, std::array{samples}, batch));
  };
  check_error(run(images({}), 32), ErrorCode::kEmptyCalibration, "samples");
  check_error(run(images({1, 2}), 0), ErrorCode::kInvalidArgument, "batch");
}
