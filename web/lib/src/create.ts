// Makes a Lowbit of what an entry point brings along and its caller asks for.

import * as check from './arguments.js'
import { startBridge } from './bridge.js'
import { Client } from './client.js'
import { locateBinary, type PartHomes } from './loader.js'
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
  type WorkerLike,
} from './types.js'

/** What an entry point brings along. */
export interface Home {
  readonly parts: PartHomes
  /** Starts the package's own worker. */
  startWorker(): WorkerLike
}

const canStartWorker = () => !nodeBuiltin('node:worker_threads') && typeof Worker === 'function'

/** More would hardly be faster: each has its own copy of the models in the caches. */
const mostWorkersByDefault = 4

function defaultWorkers(): number {
  const system = nodeBuiltin('node:os')
  const cores = system ? system.availableParallelism() : navigator.hardwareConcurrency
  return Math.max(1, Math.min(cores, mostWorkersByDefault))
}

/** Errors: as `createLowbit` (index.ts). */
export async function create(home: Home, options: LowbitOptions): Promise<Lowbit> {
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
  const binary = locateBinary(home.parts, check.readWasm(options.wasm))

  const launch = (parts: WebAssembly.Module[], kernels: Kernels, obstacle?: LowbitError) => {
    const start = (thread: Backend['thread']): Promise<Host> =>
      startTuned(tune, async (tuning) => {
        if (thread === 'main') return startLocal(parts, kernels, tuning)
        const ours = typeof worker === 'function' ? worker() : home.startWorker()
        return startBridge(ours, parts, kernels, tuning)
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

  if (tier !== 'relaxed') return launch([await binary.run()], tier)
  try {
    // Tests name the class to run.
    const { dot } = options as { dot?: DotProduct }
    const parts = await Promise.all([binary.run(), binary.relaxed()])
    return await launch(parts, (dot && kernelTierOf(dot)) ?? 'probe')
  } catch (error) {
    if (options.tier !== undefined || !(error instanceof LowbitError)) throw error
    return launch([await binary.run()], 'simd128', error)
  }
}
