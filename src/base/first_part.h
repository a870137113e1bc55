// Whether this is compiled for the program that tells the linker what the first part of the
// WebAssembly binary holds (CMakeLists.txt, tools/split_wasm.mjs). It never runs.
#pragma once

namespace lowbit {

#ifdef LOWBIT_FIRST_PART
constexpr bool kIsFirstPart = true;
#else
constexpr bool kIsFirstPart = false;
#endif

}  // namespace lowbit
