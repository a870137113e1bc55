// The verbs over one WebAssembly instance, in steps. The same code serves a worker and the caller's own thread.

import { createInstance, type Instance } from './instance.js'
import type { Model } from './lowbit.js'
import type { Control, Kernels, ModelId, Verb, Verbs } from './protocol.js'
import type { Failure, KernelTier } from './raw.js'
import { batchingOf, joinSamples, Steps, sliceSamples } from './steps.js'
import { LowbitError, type Tensor } from './types.js'

/** Not counted: it brings code and data into the caches, and lets the engine compile what runs often. */
const latencyWarmupRuns = 10

type Handlers = {
  [V in Verb]: (request: Verbs[V]['request'], steps: Steps) => Promise<Verbs[V]['reply']>
}

export class Session {
  readonly tier: KernelTier
  readonly #instance: Instance
  readonly #models = new Map<ModelId, Model>()

  constructor(instance: Instance, tier: KernelTier) {
    this.#instance = instance
    this.tier = tier
  }

  get version(): string {
    return this.#instance.call((module) => module.version())
  }

  /** True once the instance broke; every call fails from then on. */
  get isDead(): boolean {
    return this.#instance.isBroken
  }

  async call<V extends Verb>(
    verb: V,
    request: Verbs[V]['request'],
    control: Control,
  ): Promise<Verbs[V]['reply']> {
    const handler: Handlers[V] = this.#handlers[verb]
    return handler(request, new Steps(control))
  }

  release(id: ModelId): void {
    const model = this.#models.get(id)
    this.#models.delete(id)
    if (model) this.#instance.free(model)
  }

  readonly #handlers: Handlers = {
    load: async ({ target, bytes }, steps) => {
      steps.report('load', 0)
      const model = this.#instance.call((module) => module.load(bytes, this.tier))
      this.#models.set(target, model)
      steps.report('load', 1)
      return this.#instance.call(() => model.info())
    },

    quantize: async ({ model: id, target, recipe, calibration }, steps) => {
      const info = this.#on(id, (model) => model.info())
      const calibrator = this.#on(id, (model) => model.calibrate())
      try {
        const { samples, fixedCount } = batchingOf(info, calibration)
        const observe = (first: number, count: number) => {
          const batch = sliceSamples(calibration, first, count)
          this.#instance.call(() => calibrator.observe(batch))
        }
        await steps.over('calibrate', samples, observe, fixedCount)
        steps.report('quantize', 0)
        const quantized = this.#instance.call(() => calibrator.quantize(recipe))
        this.#models.set(target, quantized)
        steps.report('quantize', 1)
        return {
          info: this.#instance.call(() => quantized.info()),
          bytes: this.#instance.call(() => quantized.save()),
        }
      } finally {
        this.#instance.free(calibrator)
      }
    },

    run: async ({ model: id, inputs }, steps) => {
      const info = this.#on(id, (model) => model.info())
      const { samples, fixedCount } = batchingOf(info, inputs)
      if (samples === 0 || inputs.length === 0) {
        return this.#on(id, (model) => model.run(inputs))
      }
      const batches: Tensor[][] = []
      const run = (first: number, count: number) => {
        const batch = sliceSamples(inputs, first, count)
        batches.push(this.#on(id, (model) => model.run(batch)))
      }
      await steps.over('run', samples, run, fixedCount)
      return joinSamples(batches)
    },

    save: async ({ model: id }) => this.#on(id, (model) => model.save()),

    compare: async ({ a, b, inputs, labels, latencyRuns }, steps) => {
      const info = this.#on(a, (model) => model.info())
      const other = this.#model(b)
      const comparison = this.#on(a, (model) => model.compare(other))
      try {
        const { samples, fixedCount } = batchingOf(info, inputs)
        const add = (first: number, count: number) => {
          const batch = sliceSamples(inputs, first, count)
          const batchLabels = labels.subarray(first, first + count)
          this.#instance.call(() => comparison.add(batch, batchLabels))
        }
        await steps.over('compare', samples, add, fixedCount)
        if (latencyRuns > 0) {
          const sample = sliceSamples(inputs, 0, fixedCount ?? 1)
          const measure = (first: number, count: number) => {
            const warmup = Math.min(count, Math.max(0, latencyWarmupRuns - first))
            this.#instance.call(() => comparison.measureLatency(sample, warmup, count - warmup))
          }
          await steps.over('latency', latencyWarmupRuns + latencyRuns, measure)
        }
        return this.#instance.call(() => comparison.report())
      } finally {
        this.#instance.free(comparison)
      }
    },
  }

  #model(id: ModelId): Model {
    const model = this.#models.get(id)
    if (!model) throw new LowbitError('DISPOSED', 'the model was disposed of', 'model')
    return model
  }

  #on<T>(id: ModelId, action: (model: Model) => T | Failure): T {
    const model = this.#model(id)
    return this.#instance.call(() => action(model))
  }
}

/** Tries out what the machine's relaxed instructions compute. Errors: LOAD_FAILED. */
function probe(instance: Instance): KernelTier {
  let tier: KernelTier
  try {
    tier = instance.call((module) => module.probeTier())
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LowbitError('LOAD_FAILED', `the self-test failed: ${reason}`, 'wasm', { cause })
  }
  if (tier !== 'simd128') return tier
  throw new LowbitError('LOAD_FAILED', 'the binary has no relaxed kernels', 'wasm')
}

/** Errors: LOAD_FAILED. */
export async function createSession(
  binary: WebAssembly.Module,
  kernels: Kernels,
): Promise<Session> {
  const instance = await createInstance(binary)
  return new Session(instance, kernels === 'probe' ? probe(instance) : kernels)
}
