// Long work in short steps. Between steps the event loop turns now and then, so that messages arrive: that is how a call
// is stopped, and how it reports progress, without memory shared between threads.

import type { Control } from './protocol.js'
import { LowbitError, type ModelInfo, type Progress, type Tensor } from './types.js'

/** A step should take about this long. A step that would take twice as long is cut in two. */
const stepMs = 20
/** Larger batches gain nothing: the weights are shared by this many samples. */
const largestBatch = 32
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

  async after(workMs: number): Promise<void> {
    this.#workedMs += workMs
    if (this.#workedMs < stepMs) return
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

  /** Begins or ends a stage with the fraction 0 or 1, or reports how far it is. */
  report(stage: Progress['stage'], fraction: number): void {
    const now = performance.now()
    const isDue = now - this.#reportedAt >= progressIntervalMs
    if (!isDue && fraction > 0 && fraction < 1) return
    this.#reportedAt = now
    this.#control.onProgress({ stage, fraction })
  }

  /**
   * Calls work(first, count) over `total` items, as many at once as fit a step: a power of two, or always
   * `fixedCount`.
   */
  async over(
    stage: Progress['stage'],
    total: number,
    work: (first: number, count: number) => void,
    fixedCount?: number,
  ): Promise<void> {
    let batch = fixedCount ?? 1
    this.report(stage, 0)
    for (let first = 0; first < total; ) {
      const count = Math.min(batch, total - first)
      const start = performance.now()
      work(first, count)
      const elapsed = performance.now() - start
      first += count
      if (fixedCount === undefined) {
        if (elapsed > 2 * stepMs) batch = Math.max(1, batch / 2)
        else if (elapsed < stepMs / 2) batch = Math.min(largestBatch, batch * 2)
      }
      this.report(stage, first / total)
      await this.#pacer.after(elapsed)
      if (this.#control.isAborted) throw new LowbitError('ABORTED', 'the call was aborted')
    }
  }
}

/** How inputs may be cut along their first dimension. */
export interface Batching {
  readonly samples: number
  /** Present where the model takes only this many at once. */
  readonly fixedCount?: number
}

/**
 * Inputs can be cut where they and the model's inputs and outputs all have the samples along their first dimension: all
 * of one symbolic size, or all of one fixed size that divides the number of samples. Otherwise they go in one piece.
 */
export function batchingOf(info: ModelInfo, inputs: readonly Tensor[]): Batching {
  const samples = inputs[0]?.shape[0] ?? 1
  const whole = { samples, fixedCount: Math.max(samples, 1) }
  const sizes = new Set([...info.inputs, ...info.outputs].map(({ shape }) => shape[0]))
  const [size] = sizes
  if (sizes.size !== 1 || size === undefined) return whole
  if (inputs.some(({ shape }) => shape[0] !== samples)) return whole
  if (typeof size === 'string') return { samples }
  return size > 0 && samples % size === 0 ? { samples, fixedCount: size } : whole
}

/** Samples [first, first + count) of every input, sharing the data. */
export function sliceSamples(inputs: readonly Tensor[], first: number, count: number): Tensor[] {
  return inputs.map(({ data, shape: [samples = 1, ...rest] }) => {
    const size = data.length / samples
    return { data: data.subarray(first * size, (first + count) * size), shape: [count, ...rest] }
  })
}

/** Puts the outputs of consecutive batches together: each a list of one tensor per output. */
export function joinSamples(batches: readonly (readonly Tensor[])[]): Tensor[] {
  const [first = []] = batches
  if (batches.length === 1) return [...first]
  return first.map(({ shape: [, ...rest] }, index) => {
    const parts = batches.flatMap((outputs) => outputs[index] ?? [])
    const length = parts.reduce((sum, { data }) => sum + data.length, 0)
    const samples = parts.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0)
    const data = new Float32Array(length)
    let offset = 0
    for (const part of parts) {
      data.set(part.data, offset)
      offset += part.data.length
    }
    return { data, shape: [samples, ...rest] }
  })
}
