// The one long job of the page: load, calibrate, quantize and compare; and the models that it leaves to play with.

import { batch, effect, signal } from '@preact/signals'
import {
  type Backend,
  createLowbit,
  type Lowbit,
  LowbitError,
  type Model,
  type Progress,
  type Report,
} from 'lowbit'
import { type Dataset, fetchBytes, firstSamples, imageSize, loadDataset } from './data'
import { type Experiment, experiment, ownDataset, ownFile } from './state'
import { zoo } from './zoo'

export interface Result {
  readonly experiment: Experiment
  /** The model's name, or that of the visitor's own file. */
  readonly name: string
  readonly isOwn: boolean
  readonly dataset: Dataset
  readonly fp32: Model
  readonly int8: Model
  readonly int8Bytes: Uint8Array<ArrayBuffer>
  readonly report: Report
}

export type Stage = Progress['stage'] | 'fetch'

export interface Running {
  readonly stage: Stage
  /** Of the whole job, from 0 to 1. */
  readonly fraction: number
  cancel(): void
}

export const running = signal<Running | null>(null)
export const failure = signal<LowbitError | null>(null)
export const wasCancelled = signal(false)
export const result = signal<Result | null>(null)
export const backend = signal<Backend | null>(null)

// The share of the job's time that each stage takes, roughly; it only has to move the bar evenly. One that a recipe does not ask
// for is skipped. The last four are of other calls, and no part of this job.
const stageShares: Readonly<Record<Stage, number>> = {
  fetch: 0.05,
  load: 0.03,
  equalize: 0.05,
  calibrate: 0.12,
  quantize: 0.05,
  improve: 0.2,
  compare: 0.4,
  latency: 0.1,
  run: 0,
  evaluate: 0,
  sensitivity: 0,
  'mixed-precision': 0,
  doctor: 0,
}

function overallFraction(stage: Stage, fraction: number): number {
  let before = 0
  for (const [name, share] of Object.entries(stageShares)) {
    if (name === stage) return before + share * fraction
    before += share
  }
  return before
}

export function asLowbitError(error: unknown): LowbitError {
  if (error instanceof LowbitError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new LowbitError('BACKEND_FAILED', message, 'page', { cause: error })
}

let instance: Promise<Lowbit> | null = null

/** Starts the library once; a failure is forgotten, so that the next call tries again. */
export function startLowbit(): Promise<Lowbit> {
  if (instance) return instance
  const starting = createLowbit()
  instance = starting
  starting.then(
    (lowbit) => {
      backend.value = lowbit.backend
    },
    () => {
      instance = null
    },
  )
  return starting
}

async function modelBytes(model: string): Promise<Uint8Array> {
  const url = zoo.find(({ name }) => name === model)?.url
  if (!url) throw new LowbitError('INVALID_ARGUMENT', 'no such model in the zoo', model)
  return fetchBytes(url)
}

async function quantizeAndCompare(
  signal: AbortSignal,
  onProgress: (progress: { stage: Stage; fraction: number }) => void,
): Promise<Result> {
  const chosen = experiment.value
  const own = ownFile.value
  const entry = zoo.find(({ name }) => name === chosen.model)
  const datasetName = own ? ownDataset.value : (entry?.dataset ?? 'mnist')
  onProgress({ stage: 'fetch', fraction: 0 })
  const [lowbit, dataset, bytes] = await Promise.all([
    startLowbit(),
    loadDataset(datasetName),
    own ? own.bytes : modelBytes(chosen.model),
  ])
  const models: Model[] = []
  try {
    const options = { onProgress, signal }
    const fp32 = await lowbit.load(bytes, options)
    models.push(fp32)
    const int8 = await lowbit.quantize(
      fp32,
      { weights: { granularity: chosen.granularity } },
      { calibration: firstSamples(dataset.calibration, chosen.calibration), ...options },
    )
    models.push(int8)
    const report = await lowbit.compare(fp32, int8, {
      inputs: dataset.images,
      labels: dataset.labels,
      ...options,
    })
    const int8Bytes = await int8.save('onnx')
    signal.throwIfAborted()
    const name = own?.name ?? chosen.model
    return { experiment: chosen, name, isOwn: !!own, dataset, fp32, int8, int8Bytes, report }
  } catch (error) {
    for (const model of models) model.dispose()
    throw error
  }
}

/** Runs the chosen experiment. The last result stays until the new one is complete. */
export async function runExperiment(): Promise<void> {
  if (running.value) return
  const controller = new AbortController()
  const cancel = () => controller.abort()
  const show = (stage: Stage, fraction: number) => {
    if (controller.signal.aborted) return
    running.value = { stage, fraction: overallFraction(stage, fraction), cancel }
  }
  batch(() => {
    failure.value = null
    wasCancelled.value = false
    show('fetch', 0)
  })
  try {
    const next = await quantizeAndCompare(controller.signal, ({ stage, fraction }) =>
      show(stage, fraction),
    )
    const previous = result.value
    result.value = next
    previous?.fp32.dispose()
    previous?.int8.dispose()
  } catch (error) {
    if (controller.signal.aborted) wasCancelled.value = true
    else failure.value = asLowbitError(error)
  } finally {
    running.value = null
  }
}

// What is said about a run does not outlive the choice it was made with.
effect(() => {
  experiment.value
  ownFile.value
  batch(() => {
    failure.value = null
    wasCancelled.value = false
  })
})

export interface Outputs {
  readonly fp32: Float32Array
  readonly int8: Float32Array
}

/** The logits of both models for one image of 28 x 28 pixels from 0 to 1. */
export async function runBoth({ fp32, int8 }: Result, pixels: Float32Array): Promise<Outputs> {
  const input = { data: pixels.slice(), shape: [1, 1, imageSize, imageSize] }
  const [a, b] = await Promise.all([fp32.run([input]), int8.run([input])])
  return { fp32: a[0]?.data ?? new Float32Array(), int8: b[0]?.data ?? new Float32Array() }
}
