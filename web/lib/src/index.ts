// Lowbit: quantize small neural networks and run them in integer arithmetic.

import * as check from './arguments.js'
import { startBridge, startWorker } from './bridge.js'
import { Client } from './client.js'
import { compileBinary } from './loader.js'
import { startLocal } from './local.js'
import { nodeBuiltin } from './node.js'
import { Pool } from './pool.js'
import type { Host } from './protocol.js'
import type { Backend, Lowbit, LowbitOptions, Tier } from './types.js'

export * from './types.js'

const canStartWorker = () => !nodeBuiltin('node:worker_threads') && typeof Worker === 'function'

/** More would hardly be faster: each has its own copy of the models in the caches. */
const mostWorkersByDefault = 4

function defaultWorkers(): number {
  const system = nodeBuiltin('node:os')
  const cores = system ? system.availableParallelism() : navigator.hardwareConcurrency
  return Math.max(1, Math.min(cores, mostWorkersByDefault))
}

const isBinarySource = (wasm: unknown) =>
  typeof wasm === 'string' || [URL, Uint8Array, ArrayBuffer].some((type) => wasm instanceof type)

const reasons: Record<Tier, string> = {
  simd128: 'This engine runs the SIMD instructions of WebAssembly, the fastest kernels there are.',
  reference: 'The tier option asked for the plain loops that define what is right.',
}

/**
 * Compiles the WebAssembly binary and starts a worker for it. Any number of instances can exist side by side.
 *
 * Rejects with `LOAD_FAILED` where the binary or the worker cannot be had, and with `INVALID_ARGUMENT`.
 */
export async function createLowbit(options: LowbitOptions = {}): Promise<Lowbit> {
  if (typeof options !== 'object' || options === null)
    return check.fail('options', 'must be an object')
  const { worker, wasm } = options
  const tier = check.choose(options.tier, 'options.tier', ['simd128', 'reference'])
  if (worker !== undefined && typeof worker !== 'boolean' && typeof worker !== 'function') {
    return check.fail('options.worker', 'must be true, false or a function')
  }
  const workers = options.workers === undefined ? undefined : check.readWorkers(options.workers)
  if (workers !== undefined && worker === false) {
    return check.fail('options.workers', 'must be left out where options.worker is false')
  }
  if (wasm !== undefined && !isBinarySource(wasm)) {
    return check.fail('options.wasm', 'must be a URL, a string, a Uint8Array or an ArrayBuffer')
  }
  const binary = await compileBinary(wasm)
  const start = (thread: Backend['thread']): Promise<Host> => {
    if (thread === 'main') return startLocal(binary, tier)
    return startBridge(typeof worker === 'function' ? worker() : startWorker(), binary, tier)
  }
  const begin = async (thread: Backend['thread']) => {
    const first = await start(thread)
    const size = thread === 'main' ? 1 : (workers ?? defaultWorkers())
    const pool = new Pool(first, () => start(thread), size)
    return new Client({ tier, thread, reason: reasons[tier] }, first.version, pool)
  }
  if (worker !== undefined) return begin(worker ? 'worker' : 'main')
  if (workers === undefined && !canStartWorker()) return begin('main')
  // A page opened from disk may not start workers; nobody asked for one.
  return begin('worker').catch(() => begin('main'))
}
