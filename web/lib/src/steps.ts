// Long work in short steps. Between steps the event loop turns now and then, so that messages arrive: that is how a call
// is stopped, and how it reports progress, without memory shared between threads.

import { fail } from './arguments.js'
import { aborted } from './failures.js'
import type { Control } from './protocol.js'
import type { RawTensor } from './raw.js'
import type { ModelInfo, Progress, TensorData } from './types.js'

/** The event loop turns after this much work. */
const turnMs = 20
/** A step takes as many samples as have about so many elements: on most networks and machines well below 100 ms. */
const stepElements = 8192
/** Larger batches gain nothing: the weights are shared by this many samples. */
const largestBatch = 32
/** Work is shared in chunks of so many steps, each long enough to pay for its way to another thread and back. */
const chunkSteps = 32
const progressIntervalMs = 100

/** Lets the event loop turn once. Timers will not do: browsers hold them back by 4 ms. */
function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

/** Lets the event loop turn after every 20 ms of work. Short calls share them: a turn costs as much as a small run. */
export class Pacer {
  #workedMs = 0

  get isTurnDue(): boolean {
    return this.#workedMs >= turnMs
  }

  /** Counts work after which there is no turn. */
  add(workMs: number): void {
    this.#workedMs += workMs
  }

  async after(workMs: number): Promise<void> {
    this.add(workMs)
    if (!this.isTurnDue) return
    this.#workedMs = 0
    await turnEventLoop()
  }
}

export class Steps {
  readonly #control: Control
  readonly #pacer: Pacer
  #reportedAt = 0

  constructor(control: Control, pacer: Pacer) {
    this.#control = control
    this.#pacer = pacer
  }

  /** Every stage begins with the fraction 0 and ends with 1. */
  report(stage: Progress['stage'], fraction: number): void {
    this.#reportedAt = performance.now()
    this.#control.onProgress({ stage, fraction })
  }

  /** Takes the steps of long work in C++ until it returns null. The work may have several stages, one after another. */
  async through(step: () => Progress | null): Promise<void> {
    let stage: Progress['stage'] | undefined
    for (;;) {
      const start = performance.now()
      const progress = step()
      const elapsed = performance.now() - start
      if (progress?.stage !== stage) {
        if (stage) this.report(stage, 1)
        stage = progress?.stage
        if (stage) this.report(stage, 0)
      }
      if (progress) await this.#after(elapsed, progress)
      else return this.#goOn()
    }
  }

  /** Calls work(first, count) over `total` items, `batch` at once. */
  async over(
    stage: Progress['stage'],
    total: number,
    batch: number,
    work: (first: number, count: number) => void,
  ): Promise<void> {
    this.report(stage, 0)
    for (let first = 0; first < total; first += batch) {
      const count = Math.min(batch, total - first)
      const start = performance.now()
      work(first, count)
      const elapsed = performance.now() - start
      await this.#after(elapsed, { stage, fraction: (first + count) / total })
    }
    this.report(stage, 1)
  }

  /** Between two steps: what has been reported lately is not reported again. */
  async #after(workMs: number, { stage, fraction }: Progress): Promise<void> {
    if (performance.now() - this.#reportedAt >= progressIntervalMs) this.report(stage, fraction)
    await this.#pacer.after(workMs)
    this.#goOn()
  }

  #goOn(): void {
    if (this.#control.isAborted) throw aborted()
  }
}

/** How inputs are cut along their first dimension. It follows from shapes alone, so that results never depend on time. */
export interface Batching {
  readonly samples: number
  /** How many samples the model takes at least. */
  readonly least: number
  /** How many are run at once; except for the last ones, which may be fewer. */
  readonly batch: number
}

/**
 * Inputs can be cut where they and the model's inputs and outputs all have the samples along their first dimension: all
 * of one symbolic size, or all of one fixed size that divides the number of samples. Otherwise they go in one piece.
 */
export function batchingOf(info: ModelInfo, inputs: readonly RawTensor[]): Batching {
  const samples = inputs[0]?.shape[0] ?? 1
  const always = (count: number) => ({ samples, least: count, batch: count })
  const whole = always(Math.max(samples, 1))
  const sizes = new Set([...info.inputs, ...info.outputs].map(({ shape }) => shape[0]))
  const [size] = sizes
  if (sizes.size !== 1 || size === undefined) return whole
  if (inputs.some(({ shape }) => shape[0] !== samples)) return whole
  if (typeof size === 'number') return size > 0 && samples % size === 0 ? always(size) : whole
  const elements = inputs.reduce((sum, { data }) => sum + data.length / samples, 0)
  let batch = 1
  while (batch < largestBatch && 2 * batch * elements <= stepElements) batch *= 2
  return { samples, least: 1, batch }
}

export interface Chunk {
  readonly first: number
  readonly count: number
}

/** The pieces, of whole batches, in which hosts share samples. */
export function chunksOf({ samples, batch }: Batching): Chunk[] {
  const size = chunkSteps * batch
  return Array.from({ length: Math.ceil(samples / size) }, (_, index) => ({
    first: index * size,
    count: Math.min(size, samples - index * size),
  }))
}

/**
 * Samples [first, first + count) of every input, sharing the data. All of them: the inputs, which need not be cut along
 * one dimension then.
 */
export function sliceSamples(
  inputs: readonly RawTensor[],
  first: number,
  count: number,
): RawTensor[] {
  if (first === 0 && count >= (inputs[0]?.shape[0] ?? 1)) return [...inputs]
  return inputs.map(({ data, shape: [samples = 1, ...rest], dtype }) => {
    const size = data.length / samples
    const slice = data.subarray(first * size, (first + count) * size)
    return { data: slice, shape: [count, ...rest], ...(dtype && { dtype }) }
  })
}

/** Puts the outputs of consecutive batches together: each a list of one tensor per output. */
export function joinSamples(batches: readonly (readonly RawTensor[])[]): RawTensor[] {
  const [first = []] = batches
  if (batches.length === 1) return [...first]
  return first.map(({ data: { constructor: type }, shape: [, ...rest] }, index) => {
    const parts = batches.flatMap((outputs) => outputs[index] ?? [])
    const length = parts.reduce((sum, { data }) => sum + data.length, 0)
    const samples = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0)
    const data = new (type as new (length: number) => TensorData)(length)
    let offset = 0
    for (const part of parts) {
      // All are of one type.
      data.set(part.data as never, offset)
      offset += part.data.length
    }
    return { data, shape: [samples, ...rest] }
  })
}

/** The results in the lent tensors, where there are some. */
export function fillLent(lent: readonly RawTensor[], results: RawTensor[]): RawTensor[] {
  lent.forEach(({ data, shape }, index) => {
    const result = results[index]
    if (!result) return
    if (shape.join() !== result.shape.join()) {
      const message = `has the shape [${shape.join(', ')}]; the output's is [${result.shape.join(', ')}]`
      fail(`options.outputs[${index}]`, message, 'SHAPE_MISMATCH')
    }
    if (result.data !== data) data.set(result.data as never)
  })
  return lent.length > 0 ? [...lent] : results
}
