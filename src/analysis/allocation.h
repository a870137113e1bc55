// Bits for each layer within a budget (Shoham and Gersho, "Efficient bit allocation for an
// arbitrary set of quantizers", 1988): every layer offers choices, each with a cost (bytes,
// milliseconds) and a loss; costs and losses of layers add up.
//
// The front runs from the least loss to the least cost. Between two of its points one layer goes to
// its next choice, the one that saves most per loss. Each point has the least loss of all
// allocations of its cost or less.
#pragma once

#include <span>
#include <vector>

namespace lowbit {

struct Choice {
  double cost = 0;
  double loss = 0;
};

struct Allocation {
  std::vector<int> choice;  // per layer: the index of one of its choices
  double cost = 0;
  double loss = 0;
};

// For costs that are measured, as times are: a choice that costs as much as one before it but for
// `share` of that, or for `absolute`, gets the very cost of that one, so that nothing is paid for
// a difference which measuring made.
void level_costs(std::vector<Choice>& choices, double share, double absolute);

// Every layer has at least one choice; all numbers are finite.
std::vector<Allocation> allocation_front(std::span<const std::vector<Choice>> layers);

// The least loss of at most `budget`: between two points of the front there are more, which dynamic
// programming finds, exactly while they are few and else to a 2,048th of the budget. The cheapest
// of all where none is within the budget.
Allocation allocate_within(std::span<const std::vector<Choice>> layers, double budget);

}  // namespace lowbit
