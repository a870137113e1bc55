// The time of a clock that never goes back.
#pragma once

namespace lowbit {

// Milliseconds since a moment of the clock's own choice. By the C library, because std::chrono
// would bring the texts of its errors, and with them printf: 3 KB of the WebAssembly module.
double now_ms();

}  // namespace lowbit
