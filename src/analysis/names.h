// What an analysis of one thing answers to a name that nothing has.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace lowbit {

// kInvalidArgument: "no layer is called 'conv9'; there are conv1, conv2, fc". Of more than 20 names
// it lists the first. `where` is the wanted one.
Failure unknown_name(const Text& kind, const std::string& wanted,
                     const std::vector<std::string>& names);

}  // namespace lowbit
