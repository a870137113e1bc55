// Seeded random numbers for the tests and benchmarks in JavaScript.

/** Uniform float64 in [0, 1) from a 32-bit seed (Mulberry32, T. Ettinger). */
export function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export const elements = (shape) => shape.reduce((product, dim) => product * dim, 1)

/** A float32 tensor { shape, data }, uniform in -size..size. */
export function randomTensor(random, shape, size = 1) {
  const data = Float32Array.from({ length: elements(shape) }, () => (2 * random() - 1) * size)
  return { shape, data }
}
