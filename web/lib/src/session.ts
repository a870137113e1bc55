// The verbs over one WebAssembly instance, in steps. The same code serves a worker and the caller's own thread.

import { disposed } from './failures.js'
import { createInstance, type Instance } from './instance.js'
import type { Comparison, Evaluator, Job, MainModule, Model } from './lowbit.js'
import { PlannedModel } from './planned.js'
import type { BoundHere, Control, Kernels, ModelId, Tuning, Verb, Verbs } from './protocol.js'
import type {
  Failure,
  KernelTier,
  RawDiagnosis,
  RawMixedPrecision,
  RawTensor,
  SaveChoice,
} from './raw.js'
import { batchingOf, joinSamples, Pacer, Steps, sliceSamples } from './steps.js'
import {
  type Calibration,
  LowbitError,
  type ModelInfo,
  type Score,
  type Sensitivity,
  type Tiles,
} from './types.js'

/** Not counted: it brings code and data into the caches, and lets the engine compile what runs often. */
const latencyWarmupRuns = 10

/** The form that makes a model again in another host, and that a report weighs. */
const plainSave: SaveChoice = { form: 'qdq', float16: false, int4: false, integers: false }

type Handlers = {
  [V in Verb]: (request: Verbs[V]['request'], steps: Steps) => Promise<Verbs[V]['reply']>
}

/** A model in WebAssembly, and what it is. */
interface Entry {
  readonly planned: PlannedModel
  readonly info: ModelInfo
}

/** An evaluator in WebAssembly, which measures one model at a time. */
interface EvaluatorEntry {
  readonly evaluator: Evaluator
  isFree: Promise<unknown>
}

export class Session {
  readonly tier: KernelTier
  readonly tiles: Tiles
  readonly #instance: Instance
  readonly #pacer = new Pacer()
  /** Whether the binary's second part is there. */
  #isComplete = false
  readonly #models = new Map<ModelId, Entry>()
  readonly #evaluators = new Map<ModelId, EvaluatorEntry>()

  constructor(instance: Instance, tier: KernelTier, tiles: Tiles) {
    this.#instance = instance
    this.tier = tier
    this.tiles = tiles
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
    return handler(request, new Steps(control, this.#pacer))
  }

  /** As a host's. Promises would cost as much as a small run. */
  runAgain({ model: id, inputs, lent }: Verbs['run']['request']): RawTensor[] | undefined {
    const planned = this.#models.get(id)?.planned
    if (!planned?.isPlannedFor(inputs) || this.#pacer.isTurnDue) return undefined
    const start = performance.now()
    const outputs = this.#instance.call(() => planned.run(inputs, lent))
    this.#pacer.add(performance.now() - start)
    return outputs
  }

  /** As a host's. */
  bind(id: ModelId, inputs: readonly RawTensor[]): BoundHere {
    const bound = this.#instance.call(() => this.#entry(id).planned.bind(inputs))
    return { ...bound, run: () => void this.#instance.call(bound.run) }
  }

  /** Frees a model or an evaluator. */
  release(id: ModelId): void {
    const handle = this.#models.get(id)?.planned.model ?? this.#evaluators.get(id)?.evaluator
    this.#models.delete(id)
    this.#evaluators.delete(id)
    if (handle) this.#instance.free(handle)
  }

  readonly #handlers: Handlers = {
    load: async ({ target, source }, steps) => {
      steps.report('load', 0)
      const info = this.#keep(
        target,
        this.#instance.call((module) =>
          module.load(source, this.tier, this.tiles, this.#isComplete),
        ),
      )
      steps.report('load', 1)
      return info
    },

    complete: async ({ part }) => {
      await this.#instance.add(part)
      this.#isComplete = true
      return undefined
    },

    inspect: async ({ bytes }) => this.#instance.call((module) => module.inspect(bytes)),

    readArray: async ({ bytes }) => this.#instance.call((module) => module.readArray(bytes)),

    writeArray: async ({ tensor }) => this.#instance.call((module) => module.writeArray([tensor])),

    calibrate: async ({ model: id, samples }, steps) => {
      const job = this.#on(id, (model, module) => module.calibrate(model, samples))
      return this.#finish<Calibration>(job, steps)
    },

    mergeCalibrations: async ({ parts }, steps) => {
      const job = this.#instance.call((module) => module.mergeCalibrations(parts))
      return this.#finish<Calibration>(job, steps)
    },

    checkRecipe: async ({ model: id, recipe }) =>
      this.#on(id, (model, module) => module.checkRecipe(model, recipe)),

    quantize: async ({ model: id, target, recipe, calibration, samples }, steps) => {
      const job = this.#on(id, (model, module) =>
        module.quantize(model, recipe, calibration, samples),
      )
      const made = await this.#finish<{ model: Model; warnings: string[] }>(job, steps)
      const info = this.#keep(target, made.model)
      const bytes = this.#on(target, (quantized, module) => module.save(quantized, plainSave))
      return { info, bytes, warnings: made.warnings }
    },

    diagnose: async ({ model: id, recipe, samples, labels, choice }, steps) => {
      const job = this.#on(id, (model, module) =>
        module.diagnose(model, recipe, samples, labels, choice),
      )
      return this.#finish<RawDiagnosis>(job, steps)
    },

    mixPrecision: async ({ model: id, recipe, samples, labels, choice }, steps) => {
      const job = this.#on(id, (model, module) =>
        module.mixPrecision(model, recipe, samples, labels, choice),
      )
      return this.#finish<RawMixedPrecision>(job, steps)
    },

    sensitivity: async ({ fp32, quantized, inputs, labels }, steps) => {
      const other = this.#entry(quantized).planned.model
      const job = this.#on(fp32, (model, module) =>
        module.sensitivity(model, other, inputs, labels),
      )
      return this.#finish<Sensitivity>(job, steps)
    },

    values: async ({ calibration }) => this.#instance.call((module) => module.values(calibration)),

    distribution: async ({ calibration, value, choice }) =>
      this.#instance.call((module) => module.distribution(calibration, value, choice)),

    layers: async ({ model: id }) => this.#on(id, (model, module) => module.layers(model)),

    weights: async ({ model: id, layer, channel, bins }) =>
      this.#on(id, (model, module) => module.weights(model, layer, channel, bins)),

    accumulators: async ({ model: id }) =>
      this.#on(id, (model, module) => module.accumulators(model)),

    startEvaluator: async ({ target, reference, inputs, labels }, steps) => {
      const evaluator = this.#on(reference, (model, module) =>
        module.evaluator(model, inputs, labels),
      )
      this.#evaluators.set(target, { evaluator, isFree: Promise.resolve() })
      return this.#measure(target, reference, steps)
    },

    measure: async ({ evaluator, model }, steps) => {
      const entry = this.#evaluators.get(evaluator)
      if (!entry) throw disposed('evaluator')
      const score = entry.isFree.then(() => this.#measure(evaluator, model, steps))
      entry.isFree = score.catch(() => {})
      return score
    },

    run: async ({ model: id, inputs, lent }, steps) => {
      const { info, planned } = this.#entry(id)
      const { samples, batch } = batchingOf(info, inputs)
      if (samples === 0 || inputs.length === 0) {
        return this.#instance.call(() => planned.run(inputs, lent))
      }
      const outputs: RawTensor[][] = []
      const run = (first: number, count: number) => {
        const isWhole = count === samples
        const slice = sliceSamples(inputs, first, count)
        // A model that was disposed of meanwhile is an error.
        const { planned } = this.#entry(id)
        outputs.push(this.#instance.call(() => planned.run(slice, isWhole ? lent : [])))
      }
      await steps.over('run', samples, batch, run)
      return joinSamples(outputs)
    },

    save: async ({ model: id, format, choice }) =>
      this.#on(id, (model, module) =>
        format === 'c' ? module.saveCHeader(model) : module.save(model, choice),
      ),

    evaluate: async ({ a, b, inputs, labels }, steps) =>
      this.#comparing(a, b, async (comparison) => {
        const { samples, batch } = batchingOf(this.#entry(a).info, inputs)
        const add = (first: number, count: number) => {
          const slice = sliceSamples(inputs, first, count)
          const sliceLabels = labels.subarray(first, first + count)
          this.#instance.call(() => comparison.add(slice, sliceLabels))
        }
        await steps.over('compare', samples, batch, add)
        return this.#instance.call(() => comparison.evaluation())
      }),

    report: async ({ a, b, evaluations, sample, latencyRuns }, steps) =>
      this.#comparing(a, b, async (comparison) => {
        for (const evaluation of evaluations) {
          this.#instance.call(() => comparison.append(evaluation))
        }
        if (latencyRuns > 0) {
          const measure = (first: number) => {
            const warmup = first < latencyWarmupRuns ? 1 : 0
            this.#instance.call(() => comparison.measureLatency(sample, warmup, 1 - warmup))
          }
          await steps.over('latency', latencyWarmupRuns + latencyRuns, 1, measure)
        }
        return this.#instance.call(() => comparison.report())
      }),
  }

  #measure(id: ModelId, modelId: ModelId, steps: Steps): Promise<Score> {
    const entry = this.#evaluators.get(id)
    if (!entry) throw disposed('evaluator')
    const job = this.#on(modelId, (model) => entry.evaluator.measure(model))
    return this.#finish<Score>(job, steps)
  }

  /** Does all of a job, and frees it. */
  async #finish<T>(job: Job, steps: Steps): Promise<T> {
    try {
      await steps.through(() => this.#instance.call(() => job.step()))
      return this.#instance.call(() => job.result()) as T
    } finally {
      this.#instance.free(job)
    }
  }

  async #comparing<T>(a: ModelId, b: ModelId, work: (comparison: Comparison) => Promise<T>) {
    const other = this.#entry(b).planned.model
    const comparison = this.#on(a, (model, module) => module.compare(model, other))
    try {
      return await work(comparison)
    } finally {
      this.#instance.free(comparison)
    }
  }

  #keep(id: ModelId, model: Model): ModelInfo {
    const info = this.#instance.call(() => model.info())
    this.#models.set(id, { planned: new PlannedModel(model, this.#instance.memory), info })
    return info
  }

  #entry(id: ModelId): Entry {
    const entry = this.#models.get(id)
    if (!entry) throw disposed('model')
    return entry
  }

  #on<T>(id: ModelId, action: (model: Model, module: MainModule) => T | Failure): T {
    const { model } = this.#entry(id).planned
    return this.#instance.call((module) => action(model, module))
  }
}

/** What the machine computes and how fast are found out by trying. Errors: LOAD_FAILED. */
function trial<T>(instance: Instance, action: (module: MainModule) => T): T {
  try {
    return instance.call(action)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LowbitError('LOAD_FAILED', `the self-test failed: ${reason}`, 'wasm', { cause })
  }
}

/** `parts` of the binary: the first, and those to add to it. Errors: LOAD_FAILED. */
export async function createSession(
  [first, ...others]: readonly WebAssembly.Module[],
  kernels: Kernels,
  { known, budgetMs }: Tuning,
): Promise<Session> {
  const instance = await createInstance(first as WebAssembly.Module)
  for (const part of others) await instance.add(part)
  const tier = kernels === 'probe' ? trial(instance, (module) => module.probeTier()) : kernels
  const tiles = known[tier] ?? trial(instance, (module) => module.tune(tier, budgetMs))
  return new Session(instance, tier, tiles)
}
