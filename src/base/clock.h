// The time of a clock that never goes back.
#pragma once

namespace lowbit {

// Milliseconds since a moment of the clock's own choice. By the C library, whose call is a fraction
// of the code that std::chrono's is.
double now_ms();

}  // namespace lowbit
