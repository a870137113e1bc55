// inlined.js is written by build.mjs. The parts of the binary are packed as one (lzma.ts), in base64: later ones copy much from
// earlier ones. The worker is a classic script.

export const packed: string
/** Of what was packed. */
export const byteCount: number
/** The parts' places in it. */
export const places: Record<'run' | 'quantize' | 'relaxed', { start: number; end: number }>
export const worker: string
