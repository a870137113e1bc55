// Lowbit: quantize small neural networks and run them in integer arithmetic.

import { beside } from './beside.js'
import { create } from './create.js'
import type { Lowbit, LowbitOptions } from './types.js'

export * from './types.js'

/**
 * Compiles the WebAssembly binary, starts a worker for it and tries out what the machine computes. Any number of instances
 * can exist side by side.
 *
 * Rejects with `LOAD_FAILED` where the binary or the worker cannot be had, and with `INVALID_ARGUMENT`.
 */
export const createLowbit = (options: LowbitOptions = {}): Promise<Lowbit> =>
  create(beside, options)
