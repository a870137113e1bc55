#include "quantize/calibration_file.h"

#include <array>
#include <limits>
#include <vector>

#include "base/random.h"
#include "doctest/doctest.h"
#include "quantize/observer.h"
#include "support/check_error.h"
#include "support/must.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

Observation observe(const std::vector<float>& values) {
  Observation observation;
  REQUIRE(observation.add(values));
  return observation;
}

std::vector<float> random_values(float low, float high) {
  Random random(11);
  std::vector<float> values(300);
  for (float& x : values) x = random.uniform(low, high);
  return values;
}

Calibration sample_calibration() {
  Calibration calibration;
  calibration.sample_count = 300;
  calibration.by_value["both"] = observe(random_values(-3, 1));
  REQUIRE(calibration.by_value["both"].add(random_values(-1, 7)));
  calibration.by_value["positive"] = observe(random_values(0, 200));
  calibration.by_value["negative"] = observe(random_values(-1, -0.5f));
  calibration.by_value["zeros"] = observe({0.0f, -0.0f});
  calibration.by_value["nothing"] = {};
  calibration.by_value["extreme"] = observe(
      {std::numeric_limits<float>::max(), -std::numeric_limits<float>::max(), 1e-40f, -1e-40f});
  calibration.by_value["tiny"] = observe({1e-40f, -1e-42f});
  return calibration;
}

void check_same(const Observation& a, const Observation& b) {
  CHECK(a.min == b.min);
  CHECK(a.max == b.max);
  CHECK(a.average.min_sum == b.average.min_sum);
  CHECK(a.average.max_sum == b.average.max_sum);
  CHECK(a.average.weight == b.average.weight);
  CHECK(a.count == b.count);
  CHECK(a.zeros == b.zeros);
  CHECK(a.exponent == b.exponent);
  CHECK(a.bins == b.bins);
}

// Every observer, merging and saving must cope with whatever loads.
void use(const Calibration& calibration) {
  for (const auto& [name, observation] : calibration.by_value) {
    for (const Observer observer : {Observer::kMinMax, Observer::kMovingAverage,
                                    Observer::kPercentile, Observer::kMse, Observer::kEntropy}) {
      const Range range = choose_range(observation, observer, 4);
      CHECK(range.min <= 0);
      CHECK(range.min >= observation.min);
      CHECK(range.max >= 0);
      CHECK(range.max <= observation.max);
    }
    Observation merged = observe({1.0f, -1.0f});
    (void)merged.merge(observation).ok();
  }
}

}  // namespace

TEST_CASE("a saved calibration loads as what it was, and its bytes are a function of it") {
  const Calibration saved = sample_calibration();
  const std::vector<std::byte> bytes = save_calibration(saved);
  const Calibration loaded = must(load_calibration(bytes));
  CHECK(loaded.sample_count == saved.sample_count);
  REQUIRE(loaded.by_value.size() == saved.by_value.size());
  for (const auto& [name, observation] : saved.by_value) {
    CAPTURE(name);
    check_same(loaded.by_value.at(name), observation);
  }
  CHECK(save_calibration(loaded) == bytes);
}

TEST_CASE("a value takes little more than a byte for each bin up to its last") {
  Calibration calibration;
  calibration.sample_count = 1;
  calibration.by_value["x"] = observe(random_values(0, 0.999f));
  CHECK(save_calibration(calibration).size() < Observation::kBins + 100);
}

TEST_CASE("bytes that are cut short are refused, and the error tells where") {
  const std::vector<std::byte> bytes = save_calibration(sample_calibration());
  for (size_t size = 0; size < bytes.size(); size += size < 400 ? 1 : 97) {
    CAPTURE(size);
    check_error(load_calibration(std::span(bytes).first(size)), ErrorCode::kInvalidData, "byte ");
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back({});
  check_error(load_calibration(longer), ErrorCode::kInvalidData,
              "byte " + std::to_string(bytes.size()));
}

TEST_CASE("damaged bytes are refused, or load as something that can be used") {
  const std::vector<std::byte> bytes = save_calibration(sample_calibration());
  Random random(17);
  for (int i = 0; i < 600; ++i) {
    std::vector<std::byte> damaged = bytes;
    // Most often in the first values, where other things than bins lie.
    const uint32_t reach = i % 2 ? 200 : static_cast<uint32_t>(bytes.size());
    const size_t at = random.below(reach);
    damaged[at] ^= static_cast<std::byte>(1 + random.below(255));
    const auto loaded = load_calibration(damaged);
    if (loaded.ok() && i % 2) use(*loaded);
    if (!loaded.ok()) CHECK(loaded.error().where.starts_with("byte "));
  }
}

TEST_CASE("what is no calibration, of another version or too large is refused") {
  std::vector<std::byte> bytes = save_calibration(sample_calibration());
  check_error(load_calibration(std::array{std::byte{8}, std::byte{9}}), ErrorCode::kInvalidData,
              "byte 0");
  std::vector<std::byte> newer = bytes;
  newer[7] = std::byte{2};
  check_error(load_calibration(newer), ErrorCode::kUnsupportedFeature, "version 2");

  std::vector<std::byte> large(bytes.begin(), bytes.begin() + 8);
  large.push_back(std::byte{1});
  for (const int digit : {255, 255, 3}) large.push_back(static_cast<std::byte>(digit));
  check_error(load_calibration(large), ErrorCode::kLimitExceeded, "65535");
}

TEST_CASE("a histogram that contradicts its counts or its extremes is refused") {
  const auto save = [](const auto& change) {
    Calibration calibration;
    calibration.sample_count = 1;
    calibration.by_value["x"] = observe({0.0f, 1.0f, 3.0f, -2.0f});
    change(calibration.by_value["x"]);
    return load_calibration(save_calibration(calibration));
  };
  CHECK(save([](Observation&) {}).ok());
  CHECK_FALSE(save([](Observation& o) { o.count += 1; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.zeros = 5; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.bins[7] += 1; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.max = 2.5f; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.max = 5.0f; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.min = 0.0f; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.max = -1.0f; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.min = std::numeric_limits<float>::quiet_NaN(); }).ok());
  CHECK_FALSE(save([](Observation& o) { o.average.weight = 1.5; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.average.max_sum = -1; }).ok());
  CHECK_FALSE(save([](Observation& o) { o.count = Observation::kMaxCount + 1; }).ok());
}
