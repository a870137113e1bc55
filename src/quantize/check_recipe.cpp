#include "quantize/check_recipe.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace lowbit {

namespace {

// How many characters lie between what two names begin and end with alike: 1 for one that was
// mistyped, left out or added.
size_t distance(std::string_view a, std::string_view b) {
  if (a.size() > b.size()) std::swap(a, b);
  size_t alike = 0;
  while (alike < a.size() && a[alike] == b[alike]) ++alike;
  size_t left = a.size() - alike;
  while (left > 0 && a[left + alike - 1] == b[left + alike - 1 + b.size() - a.size()]) --left;
  return left + b.size() - a.size();
}

}  // namespace

Status check_recipe(const Graph& prepared, const Recipe& recipe) {
  LOWBIT_TRY(validate_recipe(recipe));
  for (const auto& [name, layer] : recipe.layers) {
    const auto distance_to = [&](const Node& node) { return distance(name, node.name); };
    const auto nearest = std::ranges::min_element(prepared.nodes, {}, distance_to);
    if (nearest != prepared.nodes.end() && nearest->name == name) continue;
    return make_error(
        ErrorCode::kInvalidArgument,
        format_text("the optimized model has no node '{}', the nearest is '{}'; a node that was "
                    "folded into the one before it has no recipe of its own",
                    name, nearest == prepared.nodes.end() ? "" : nearest->name),
        format_text("layers.{}", name));
  }
  return success();
}

}  // namespace lowbit
