// Lowbit: quantize small neural networks and run them in integer arithmetic.

import * as check from './arguments.js'
import { startBridge, startWorker } from './bridge.js'
import { Client } from './client.js'
import { type Binary, compileRelaxed, compileSimd128 } from './loader.js'
import { startLocal } from './local.js'
import { isDevelopment, nodeBuiltin } from './node.js'
import { Pool } from './pool.js'
import type { Host, Kernels } from './protocol.js'
import { descriptions, fallbackReason, kernelTierOf } from './tiers.js'
import { startTuned } from './tuning.js'
import {
  type Backend,
  type DotProduct,
  type Lowbit,
  LowbitError,
  type LowbitOptions,
} from './types.js'

export * from './types.js'

const canStartWorker = () => !nodeBuiltin('node:worker_threads') && typeof Worker === 'function'

/** More would hardly be faster: each has its own copy of the models in the caches. */
const mostWorkersByDefault = 4

function defaultWorkers(): number {
  const system = nodeBuiltin('node:os')
  const cores = system ? system.availableParallelism() : navigator.hardwareConcurrency
  return Math.max(1, Math.min(cores, mostWorkersByDefault))
}

/**
 * Compiles a WebAssembly binary, starts a worker for it and tries out what the machine computes. Any number of instances
 * can exist side by side.
 *
 * Rejects with `LOAD_FAILED` where the binary or the worker cannot be had, and with `INVALID_ARGUMENT`.
 */
export async function createLowbit(options: LowbitOptions = {}): Promise<Lowbit> {
  if (typeof options !== 'object' || options === null)
    return check.fail('options', 'must be an object')
  const { worker } = options
  const tier = check.choose(options.tier, 'options.tier', ['relaxed', 'simd128', 'reference'])
  const tune = check.choose(options.tune, 'options.tune', [true, false])
  const given = options.warnUndisposed ?? isDevelopment
  const warns = check.choose(given, 'options.warnUndisposed', [true, false])
  if (worker !== undefined && typeof worker !== 'boolean' && typeof worker !== 'function') {
    return check.fail('options.worker', 'must be true, false or a function')
  }
  const workers = options.workers === undefined ? undefined : check.readWorkers(options.workers)
  if (workers !== undefined && worker === false) {
    return check.fail('options.workers', 'must be left out where options.worker is false')
  }
  const sources = check.readWasm(options.wasm)

  const launch = (binary: Binary, kernels: Kernels, obstacle?: LowbitError) => {
    const start = (thread: Backend['thread']): Promise<Host> =>
      startTuned(tune, async (tuning) => {
        if (thread === 'main') return startLocal(binary.first, kernels, tuning)
        const ours = typeof worker === 'function' ? worker() : startWorker()
        return startBridge(ours, binary.first, kernels, tuning)
      })
    const begin = async (thread: Backend['thread']) => {
      const first = await start(thread)
      const description = descriptions[first.tier]
      const reason = obstacle ? fallbackReason(obstacle.message) : description.reason
      const size = thread === 'main' ? 1 : (workers ?? defaultWorkers())
      const pool = new Pool(first, () => start(thread), size)
      const backend = { ...description, tiles: first.tiles, reason, thread }
      return new Client(backend, first.version, pool, binary, warns)
    }
    if (worker !== undefined) return begin(worker ? 'worker' : 'main')
    if (workers === undefined && !canStartWorker()) return begin('main')
    // A page opened from disk may not start workers; nobody asked for one.
    return begin('worker').catch(() => begin('main'))
  }

  if (tier !== 'relaxed') return launch(await compileSimd128(sources), tier)
  try {
    // Tests name the class to run.
    const { dot } = options as { dot?: DotProduct }
    return await launch(await compileRelaxed(sources), (dot && kernelTierOf(dot)) ?? 'probe')
  } catch (error) {
    if (options.tier !== undefined || !(error instanceof LowbitError)) throw error
    return launch(await compileSimd128(sources), 'simd128', error)
  }
}
