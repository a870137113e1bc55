// inlined.js is written by build.mjs. The parts of the binary are packed (lzma.ts), in base64; the worker is a classic script.

export interface Packed {
  /** Of what was packed. */
  readonly byteCount: number
  readonly base64: string
}

export const run: Packed
export const quantize: Packed
export const relaxed: Packed
export const worker: string
