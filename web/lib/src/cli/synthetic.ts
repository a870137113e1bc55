// Inputs made up where there are no data: each element is drawn from nearly the standard normal distribution, as normalized
// inputs often have.

import type { Model, Tensor, ValueInfo } from 'lowbit'
import { Failure } from './failures.js'

/** What reports say of it. */
export const description = 'pseudo-random, from nearly the standard normal distribution'

/** Of one input: a gigabyte. */
const mostElements = 2 ** 28

/** Mulberry32, by Tommy Ettinger: a generator of uniform numbers in [0, 1). */
function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The sum of twelve uniform numbers, minus 6, has mean 0 and variance 1, and the same bits in every engine. */
function normal(uniform: () => number): number {
  let sum = -6
  for (let count = 0; count < 12; ++count) sum += uniform()
  return sum
}

function shapeOf({ name, dtype, shape }: ValueInfo, samples: number): number[] {
  if (dtype !== 'float32') {
    throw new Failure('INVALID_ARGUMENT', `the input ${name} is ${dtype}: it needs data`, name)
  }
  return shape.map((size, axis) => {
    if (typeof size === 'number') return axis === 0 ? Math.ceil(samples / size) * size : size
    if (axis === 0) return samples
    const message = `the input ${name} leaves its dimension ${axis}, ${size}, open: it needs data`
    throw new Failure('INVALID_ARGUMENT', message, name)
  })
}

/** At least so many samples for each input. Errors: INVALID_ARGUMENT for inputs of an open size. */
export function synthesize({ info }: Model, samples: number, seed: number): Tensor[] {
  const uniform = generator(seed)
  return info.inputs.map((input) => {
    const shape = shapeOf(input, samples)
    const count = shape.reduce((product, size) => product * size, 1)
    if (count > mostElements) {
      const message = `${samples} samples of the input ${input.name} do not fit the memory`
      throw new Failure('OUT_OF_MEMORY', message, input.name)
    }
    return { data: Float32Array.from({ length: count }, () => normal(uniform)), shape }
  })
}
