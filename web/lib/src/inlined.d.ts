// inlined.js is written by build.mjs. The parts of the binary are raw deflate in base64; the worker is a classic script.

export const run: string
export const quantize: string
export const relaxed: string
export const worker: string
