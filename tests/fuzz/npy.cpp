// Any bytes: read_npy() refuses them, or what it read is written so that it is read again as the
// same.
#include "formats/npy.h"

#include "fuzz/fuzz.h"

using namespace lowbit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Tensor> tensor = read_npy(std::as_bytes(std::span(data, size)));
  if (!fuzz::succeeded(tensor)) return 0;
  const Result<Tensor> again = read_npy(write_npy(*tensor));
  fuzz::require(again.ok(), "a written tensor is read");
  fuzz::require(fuzz::same_bytes({&*tensor, 1}, {&*again, 1}), "it is the same");
  return 0;
}
