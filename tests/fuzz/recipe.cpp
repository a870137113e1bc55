// Any text: read_recipe() refuses it, or what it read is valid and written so that it is read again
// as the same.
#include "fuzz/fuzz.h"
#include "quantize/recipe_json.h"

using namespace lowbit;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<Recipe> recipe = read_recipe({reinterpret_cast<const char*>(data), size});
  if (!fuzz::succeeded(recipe)) return 0;
  fuzz::require(validate_recipe(*recipe).ok(), "a recipe that was read is valid");
  const Result<Recipe> again = read_recipe(write_recipe(*recipe));
  fuzz::require(again.ok() && *again == *recipe, "a written recipe is read as the same");
  return 0;
}
