// The 128-bit vector vocabulary of the simd128 kernels: the intrinsics of <wasm_simd128.h>.
//
// Under Emscripten they are the compiler's own; natively SIMDe implements the same names, so that
// the very same kernel runs under sanitizers, fuzzers and a debugger. This is the only place where
// the two builds differ. Source: WebAssembly SIMD proposal, https://github.com/WebAssembly/simd.

#pragma once

#ifdef __EMSCRIPTEN__
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#endif
