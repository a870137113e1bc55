// Lowbit's values as JavaScript's and back, always as copies: but for the places of a plan
// (run.cpp) nothing in JavaScript points into this memory. The names of properties are those of
// web/lib/src/types.ts.
#pragma once

#include <emscripten/val.h>

#include <span>
#include <string_view>
#include <vector>

#include "api/lowbit.h"

namespace lowbit::bindings {

emscripten::val to_text(std::string_view text);

// Exact up to 2^53.
template <class T>
emscripten::val to_number(T value) {
  return emscripten::val(static_cast<double>(value));
}

// A typed array of its own.
template <class T>
emscripten::val to_copy(std::span<const T> values) {
  const emscripten::val view(emscripten::typed_memory_view(values.size(), values.data()));
  return view.call<emscripten::val>("slice");
}

// {error: {code, message, where}}: what a function returns in place of its value where it fails.
emscripten::val to_failure(const Error& error);

// A Uint8Array of its own.
emscripten::val to_bytes(std::span<const std::byte> bytes);

emscripten::val to_tensor(const Tensor& tensor);

emscripten::val to_model_info(const Graph& graph);

emscripten::val to_texts(const std::vector<std::string>& texts);

// {stage, fraction}.
emscripten::val to_progress(const Progress& progress);

// {samples, bytes}: how many they were, and the calibration as a file.
emscripten::val to_calibration(const Calibration& calibration);

// {samples, errors}: the bytes of both vectors, which only this binary reads.
emscripten::val to_evaluation(const Evaluation& evaluation);

// From a RawTensor[] whose data web/lib has matched with its shape and type. Errors:
// kLimitExceeded, kOutOfMemory.
Result<std::vector<Tensor>> read_tensors(const emscripten::val& tensors);

// The shapes alone of a Tensor[]. Errors: kLimitExceeded.
Result<std::vector<Shape>> read_shapes(const emscripten::val& tensors);

// From a ModelSource: its constants, dimensions and files, whose bytes lie in `kept`, which must
// outlive the options. Errors: as read_tensors.
Result<ReadOptions> read_load_options(const emscripten::val& source,
                                      std::vector<std::shared_ptr<Buffer>>& kept);

// From what to_evaluation made.
Evaluation read_evaluation(const emscripten::val& evaluation);

// From options that web/lib has completed and checked: {bits, cost, budget, maxDrop}, of which the
// last two may be null.
MixedPrecisionOptions read_mixed_precision_options(const emscripten::val& options);

// From options that web/lib has completed and checked: {leastGain, keepPerTensor, byteBudget}, of
// which the last may be null.
DoctorOptions read_doctor_options(const emscripten::val& options);

// From the name of a tier that this binary has.
Tier read_tier(const emscripten::val& tier);

// {f32, int8}, without those that the tier has no choice of.
emscripten::val to_tiles(const Tiles& tiles);

// From what to_tiles made.
Tiles read_tiles(const emscripten::val& tiles);

// From a Uint8Array. Errors: kOutOfMemory.
Result<std::shared_ptr<Buffer>> read_bytes(const emscripten::val& bytes);

}  // namespace lowbit::bindings
