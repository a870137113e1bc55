// Any bytes: read_idx() refuses them, or gives as many elements as there are bytes behind the
// header.
#include "formats/idx.h"

#include "fuzz/fuzz.h"

using namespace lowbit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Tensor> tensor = read_idx(std::as_bytes(std::span(data, size)));
  if (!fuzz::succeeded(tensor)) return 0;
  const auto header = static_cast<size_t>(4 + 4 * tensor->shape().rank());
  fuzz::require(tensor->byte_count() == size - header, "no byte is left out or made up");
  return 0;
}
