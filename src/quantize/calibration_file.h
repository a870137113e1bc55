// A calibration as bytes: made once, and used for any recipe later or elsewhere.
//
//   "lowbit", 0, version (1)
//   number of samples, number of values; for each value, in the order of their names:
//     length of the name in bytes, name
//     min, max (float32); sum of minima, sum of maxima, weight of the moving average (float64)
//     number of elements, number of zeros
//     for positive, then for negative elements: number of bins up to the last that is not empty,
//     the count of each
//
// Floats are little-endian, numbers LEB128: seven bits a byte, the lowest first, the top bit set in
// all but the last. The histogram's exponent follows from min and max.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/task.h"
#include "quantize/calibrate.h"

namespace lowbit {

// Bounds what a small file can make of memory.
inline constexpr uint64_t kMaxCalibrationValues = 4096;

std::vector<std::byte> save_calibration(const Calibration& calibration);

// The saved calibration, exactly. Errors: kInvalidData (`where`: "byte 123"), kUnsupportedFeature
// (another version), kLimitExceeded (more than kMaxCalibrationValues).
Result<Calibration> load_calibration(std::span<const std::byte> bytes);

// The saved calibrations of one chunk of samples after another, as calibrate_in_steps() merges
// them. Errors: as load_calibration() and Calibration::merge.
Task<Calibration> merge_calibrations(std::vector<std::shared_ptr<Buffer>> parts);

}  // namespace lowbit
