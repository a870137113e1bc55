// Any bytes: load_calibration() refuses them, or saves them as they are, and every observer gets a
// finite range of them.
#include "quantize/calibration_file.h"

#include <cmath>

#include "fuzz/fuzz.h"
#include "quantize/observer.h"

using namespace lowbit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Calibration> calibration = load_calibration(std::as_bytes(std::span(data, size)));
  if (!fuzz::succeeded(calibration)) return 0;
  const std::vector<std::byte> saved = save_calibration(*calibration);
  const Result<Calibration> again = load_calibration(saved);
  fuzz::require(again.ok(), "a saved calibration is loaded");
  fuzz::require(save_calibration(*again) == saved, "a loaded calibration is saved as it was");
  // One value and one observer for each input, as some search for a while.
  if (calibration->by_value.empty()) return 0;
  const auto observer = static_cast<Observer>(size % kObserverCount);
  const Range range = choose_range(calibration->by_value.begin()->second, observer, 4);
  fuzz::require(std::isfinite(range.min) && std::isfinite(range.max), "ranges are finite");
  fuzz::require(range.min <= 0 && range.max >= 0, "ranges hold 0");
  return 0;
}
