// What measurements and searches found, as JavaScript's values. The names of properties are those
// of web/lib/src/reports.ts and repairs.ts.
#pragma once

#include "bindings/values.h"

namespace lowbit::bindings {

// Without labels there is no accuracy, and without timings no latency: both are null then.
emscripten::val to_report(const Report& report, bool is_timed);

emscripten::val to_score(const Score& score);
emscripten::val to_diagnosis(const Diagnosis& diagnosis);
emscripten::val to_mixed_precision(const MixedPrecision& mixed);
emscripten::val to_sensitivity(const Sensitivity& sensitivity);

}  // namespace lowbit::bindings
