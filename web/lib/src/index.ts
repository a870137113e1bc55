// Lowbit: quantize small neural networks and run them in integer arithmetic.

import * as check from './arguments.js'
import { startBridge, startWorker } from './bridge.js'
import { Client } from './client.js'
import { compileBinary } from './loader.js'
import { startLocal } from './local.js'
import { nodeBuiltin } from './node.js'
import type { Host } from './protocol.js'
import type { Backend, Lowbit, LowbitOptions, Tier } from './types.js'

export * from './types.js'

const canStartWorker = () => !nodeBuiltin('node:worker_threads') && typeof Worker === 'function'

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
  if (wasm !== undefined && !isBinarySource(wasm)) {
    return check.fail('options.wasm', 'must be a URL, a string, a Uint8Array or an ArrayBuffer')
  }
  const binary = await compileBinary(wasm)
  const start = (thread: Backend['thread']): Promise<Host> => {
    if (thread === 'main') return startLocal(binary, tier)
    return startBridge(typeof worker === 'function' ? worker() : startWorker(), binary, tier)
  }
  const begin = async (thread: Backend['thread']) => {
    const backend = { tier, thread, reason: reasons[tier] }
    return new Client(backend, await start(thread), () => start(thread))
  }
  if (worker !== undefined) return begin(worker ? 'worker' : 'main')
  if (!canStartWorker()) return begin('main')
  // A page opened from disk may not start workers; nobody asked for one.
  return begin('worker').catch(() => begin('main'))
}
