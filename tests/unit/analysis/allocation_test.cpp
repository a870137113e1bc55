#include "analysis/allocation.h"

#include <algorithm>

#include "base/random.h"
#include "doctest/doctest.h"

using namespace lowbit;

namespace {

// Loss falls with the bits, as if by the mean squared error of rounding, in a random proportion.
std::vector<std::vector<Choice>> random_layers(size_t count, Random& random) {
  std::vector<std::vector<Choice>> layers(count);
  for (auto& choices : layers) {
    const double weights = random.uniform(1, 100);
    const double fragility = random.uniform(0.01f, 10);
    for (int bits = 8; bits >= 2; --bits) {
      const double noise = random.uniform(0.5f, 2);
      choices.push_back({weights * bits, noise * fragility / static_cast<double>(1 << (2 * bits))});
    }
  }
  return layers;
}

void for_each_allocation(const std::vector<std::vector<Choice>>& layers, auto visit) {
  std::vector<size_t> choice(layers.size());
  while (true) {
    Choice total;
    for (size_t i = 0; i < layers.size(); ++i) {
      total.cost += layers[i][choice[i]].cost;
      total.loss += layers[i][choice[i]].loss;
    }
    visit(total);
    size_t i = 0;
    while (i < layers.size() && ++choice[i] == layers[i].size()) choice[i++] = 0;
    if (i == layers.size()) return;
  }
}

}  // namespace

TEST_CASE("no allocation of a front's cost or less has less loss") {
  Random random(3);
  for (int round = 0; round < 20; ++round) {
    const auto layers = random_layers(4, random);
    const std::vector<Allocation> front = allocation_front(layers);
    CHECK(front.size() > 4);
    CHECK(std::ranges::is_sorted(front, std::greater{}, &Allocation::cost));
    CHECK(std::ranges::is_sorted(front, {}, &Allocation::loss));
    for_each_allocation(layers, [&](const Choice& other) {
      for (const Allocation& point : front) {
        if (other.cost > point.cost * (1 + 1e-12)) continue;
        REQUIRE(other.loss >= point.loss * (1 - 1e-12));
      }
    });
  }
}

TEST_CASE("a front ends at the cheapest choices, and its sums are those of its choices") {
  const std::vector<std::vector<Choice>> layers = {
      {{8, 0}, {4, 1}, {2, 2}}, {{80, 0}, {40, 0.5}, {20, 100}}, {{5, 3}}};
  const std::vector<Allocation> front = allocation_front(layers);
  CHECK(front.front().choice == std::vector<int>{0, 0, 0});
  CHECK(front[1].choice == std::vector<int>{0, 1, 0});
  CHECK(front[1].cost == 53);
  CHECK(front[1].loss == 3.5);
  CHECK(front.back().choice == std::vector<int>{2, 2, 0});
  // A choice that is worse in both is never taken.
  CHECK(allocation_front(std::vector<std::vector<Choice>>{{{4, 1}, {5, 2}}}).size() == 1);
}

TEST_CASE("within a budget no allocation has less loss") {
  Random random(4);
  for (int round = 0; round < 20; ++round) {
    const auto layers = random_layers(4, random);
    double all_four = 0;
    for (const auto& choices : layers) all_four += choices[4].cost;
    const Allocation found = allocate_within(layers, all_four);
    CHECK(found.cost <= all_four * (1 + 1e-9));
    double least = found.loss;
    for_each_allocation(layers, [&](const Choice& other) {
      if (other.cost <= all_four) least = std::min(least, other.loss);
    });
    CHECK(found.loss <= least * (1 + 1e-12));
  }
}

TEST_CASE("the allocation of many layers is near the best") {
  Random random(5);
  const auto layers = random_layers(60, random);
  double all_four = 0;
  double four_loss = 0;
  for (const auto& choices : layers) {
    all_four += choices[4].cost;
    four_loss += choices[4].loss;
  }
  const Allocation found = allocate_within(layers, all_four);
  CHECK(found.cost <= all_four * (1 + 1e-9));
  CHECK(found.loss < four_loss);
  // No worse than the front's best point within the budget.
  for (const Allocation& point : allocation_front(layers)) {
    if (point.cost <= all_four) CHECK(found.loss <= point.loss * (1 + 1e-3));
  }
}

TEST_CASE("a budget is kept, and used") {
  const std::vector<std::vector<Choice>> layers = {{{8, 0}, {4, 1}}, {{80, 0}, {40, 1}}};
  CHECK(allocate_within(layers, 1000).loss == 0);
  CHECK(allocate_within(layers, 48).choice == std::vector<int>{0, 1});
  CHECK(allocate_within(layers, 47).choice == std::vector<int>{1, 1});
  CHECK(allocate_within(layers, 1).choice == std::vector<int>{1, 1});
}

TEST_CASE("costs that differ by no more than noise are one, and nothing is lost for them") {
  std::vector<Choice> choices{{100, 0}, {98, 1}, {103, 2}, {95, 3}, {97.1, 4}, {94, 5}};
  level_costs(choices, 0.03, 0);
  const std::vector<double> expected{100, 100, 100, 95, 100, 95};
  for (size_t i = 0; i < choices.size(); ++i) {
    CHECK(choices[i].cost == expected[i]);
    CHECK(choices[i].loss == static_cast<double>(i));
  }
  const std::vector<Allocation> front = allocation_front(std::vector<std::vector<Choice>>{choices});
  REQUIRE(front.size() == 2);
  CHECK(front[1].choice == std::vector<int>{3});

  std::vector<Choice> small{{0.11, 0}, {0.09, 1}, {0.2, 2}};
  level_costs(small, 0.03, 0.05);
  CHECK(small[1].cost == 0.11);
  CHECK(small[2].cost == 0.2);
}
