#include "analysis/allocation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include "base/heap_sort.h"

namespace lowbit {

namespace {

// Of allocate_within(): enough for layers of some thousand bytes, and some milliseconds of work.
constexpr size_t kMostPartials = 2048;

// The loss that a choice adds to another one for each unit of cost that it saves; below 0 where it
// is better in both. Infinite where it saves nothing.
double price(const Choice& from, const Choice& to) {
  const double saved = from.cost - to.cost;
  if (saved <= 0) return std::numeric_limits<double>::infinity();
  return (to.loss - from.loss) / saved;
}

// The cheaper choice of the least price, of two of the same price the cheaper one; -1 where there
// is none.
int next_choice(const std::vector<Choice>& choices, int now) {
  int best = -1;
  double best_price = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < choices.size(); ++i) {
    const double p = price(choices[static_cast<size_t>(now)], choices[i]);
    const bool is_better =
        p < best_price ||
        (best >= 0 && p == best_price && choices[i].cost < choices[static_cast<size_t>(best)].cost);
    if (!is_better) continue;
    best = static_cast<int>(i);
    best_price = p;
  }
  return best;
}

void move(Allocation& allocation, std::span<const std::vector<Choice>> layers, size_t layer,
          int to) {
  const Choice& from = layers[layer][static_cast<size_t>(allocation.choice[layer])];
  const Choice& choice = layers[layer][static_cast<size_t>(to)];
  allocation.cost += choice.cost - from.cost;
  allocation.loss += choice.loss - from.loss;
  allocation.choice[layer] = to;
}

// The least loss, and of equal losses the least cost.
Allocation start(std::span<const std::vector<Choice>> layers) {
  Allocation allocation;
  for (const std::vector<Choice>& choices : layers) {
    size_t best = 0;
    for (size_t i = 1; i < choices.size(); ++i) {
      const bool is_better =
          choices[i].loss < choices[best].loss ||
          (choices[i].loss == choices[best].loss && choices[i].cost < choices[best].cost);
      if (is_better) best = i;
    }
    allocation.choice.push_back(static_cast<int>(best));
    allocation.cost += choices[best].cost;
    allocation.loss += choices[best].loss;
  }
  return allocation;
}

}  // namespace

void level_costs(std::vector<Choice>& choices, double share, double absolute) {
  for (size_t i = 1; i < choices.size(); ++i) {
    double& cost = choices[i].cost;
    for (size_t before = 0; before < i; ++before) {
      const double level = choices[before].cost;
      if (std::abs(cost - level) > std::max(share * level, absolute)) continue;
      cost = level;
      break;
    }
  }
}

std::vector<Allocation> allocation_front(std::span<const std::vector<Choice>> layers) {
  std::vector<Allocation> front{start(layers)};
  while (true) {
    Allocation next = front.back();
    int best = -1;
    size_t best_layer = 0;
    double best_price = std::numeric_limits<double>::infinity();
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      const std::vector<Choice>& choices = layers[layer];
      const int now = next.choice[layer];
      const int to = next_choice(choices, now);
      if (to < 0) continue;
      const double p = price(choices[static_cast<size_t>(now)], choices[static_cast<size_t>(to)]);
      if (p >= best_price) continue;
      best = to;
      best_layer = layer;
      best_price = p;
    }
    if (best < 0) return front;
    move(next, layers, best_layer, best);
    front.push_back(std::move(next));
  }
}

namespace {

// The first layers' choices up to one of the last of them, by way of `parent` in the list before.
struct Partial {
  double cost = 0;
  double loss = 0;
  int choice = 0;
  size_t parent = 0;
};

// In ascending order of cost; leaves those of which none costs less and loses less, at most one
// in each of kMostPartials equal steps of cost.
std::vector<Partial> undominated(const std::vector<Partial>& all, double budget) {
  std::vector<Partial> kept;
  const double step = all.size() > kMostPartials ? budget / kMostPartials : 0;
  double bucket_end = 0;
  for (const Partial& partial : all) {
    if (!kept.empty() && partial.loss >= kept.back().loss) continue;
    if (!kept.empty() && partial.cost < bucket_end) {
      kept.back() = partial;
    } else {
      kept.push_back(partial);
      bucket_end = partial.cost + step;
    }
  }
  return kept;
}

double least_cost(const std::vector<Choice>& choices) {
  return std::ranges::min_element(choices, {}, &Choice::cost)->cost;
}

}  // namespace

Allocation allocate_within(std::span<const std::vector<Choice>> layers, double budget) {
  double rest = 0;  // what the layers to come cost at least
  for (const std::vector<Choice>& choices : layers) rest += least_cost(choices);
  if (rest > budget) return allocation_front(layers).back();
  std::vector<std::vector<Partial>> lists{{Partial{}}};
  for (const std::vector<Choice>& choices : layers) {
    rest -= least_cost(choices);
    std::vector<Partial> all;
    for (size_t parent = 0; parent < lists.back().size(); ++parent) {
      const Partial& before = lists.back()[parent];
      for (size_t i = 0; i < choices.size(); ++i) {
        const double cost = before.cost + choices[i].cost;
        // A billionth for what `rest` lost and gained in rounding.
        if (cost + rest > budget * (1 + 1e-9)) continue;
        all.push_back({cost, before.loss + choices[i].loss, static_cast<int>(i), parent});
      }
    }
    heap_sort(all, [](const Partial& p) { return std::pair(p.cost, p.loss); });
    lists.push_back(undominated(all, budget));
  }
  const Partial& best = lists.back().back();
  Allocation allocation{std::vector<int>(layers.size()), best.cost, best.loss};
  size_t at = lists.back().size() - 1;
  for (size_t layer = layers.size(); layer > 0; --layer) {
    const Partial& partial = lists[layer][at];
    allocation.choice[layer - 1] = partial.choice;
    at = partial.parent;
  }
  return allocation;
}

}  // namespace lowbit
