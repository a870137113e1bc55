// How the range of an activation follows from what calibration saw of it.
#pragma once

namespace lowbit {

enum class Observer { kMinMax, kMovingAverage, kPercentile, kMse, kEntropy };

}  // namespace lowbit
