// Models and evaluators as callers hold them, and what is known of them on this side.

import * as check from './arguments.js'
import type { Host, ModelId, ModelSource } from './protocol.js'
import type { RawTensor, SaveChoice } from './raw.js'
import type {
  AnyTensor,
  BoundModel,
  CallOptions,
  Evaluator,
  Model,
  ModelInfo,
  RunOptions,
  SaveOptions,
  Score,
  Tensor,
  TensorData,
} from './types.js'

/** What handles ask of the client that they belong to. */
interface Owner {
  run(record: ModelRecord, inputs: RawTensor[], options: RunOptions): Promise<RawTensor[]>
  bind(record: ModelRecord, inputs: RawTensor[]): Promise<BoundModel<TensorData, TensorData>>
  save(
    record: ModelRecord,
    format: 'onnx' | 'c',
    choice: SaveChoice,
  ): Promise<Uint8Array<ArrayBuffer>>
  measure(record: EvaluatorRecord, model: Model, options: CallOptions): Promise<Score>
  /** Frees a model or an evaluator; a second time does nothing. */
  release(record: ModelRecord | EvaluatorRecord): void
  /** Frees what the caller has no handle of any more, once the calls that run have ended: they may be on it. */
  forget(record: ModelRecord | EvaluatorRecord): void
}

/** What this side knows of a model: enough to make it again in another host. */
export interface ModelRecord {
  readonly id: ModelId
  readonly client: Owner
  readonly source: ModelSource
  readonly info: ModelInfo
  readonly warnings: readonly string[]
  /** The hosts that have the model, once the promise is fulfilled. */
  readonly homes: WeakMap<Host, Promise<unknown>>
  isDisposed: boolean
}

/** Likewise of an evaluator. */
export interface EvaluatorRecord {
  readonly id: ModelId
  readonly client: Owner
  readonly reference: ModelSource
  readonly inputs: readonly RawTensor[]
  readonly labels: Int32Array
  readonly homes: WeakMap<Host, Promise<unknown>>
  isDisposed: boolean
}

export const records = new WeakMap<Model, ModelRecord>()

// Frees the models that callers forgot. Records do not hold their models, which would keep them from being collected.
const finalizers = new FinalizationRegistry<ModelRecord | EvaluatorRecord>((record) => {
  record.client.forget(record)
})

/** `using` calls `dispose`. An engine without `using` has no Symbol.dispose. */
export function makeDisposable(prototype: { dispose(): void }): void {
  if (Symbol.dispose) {
    Object.defineProperty(prototype, Symbol.dispose, { value: prototype.dispose, writable: true })
  }
}

export class LoadedModel implements Model {
  declare [Symbol.dispose]: () => void
  readonly info: ModelInfo
  readonly warnings: readonly string[]
  readonly #record: ModelRecord

  constructor(record: ModelRecord) {
    this.info = record.info
    this.warnings = record.warnings
    this.#record = record
    records.set(this, record)
    finalizers.register(this, record, this)
  }

  async run<Data extends TensorData = Float32Array>(
    inputs: readonly AnyTensor[],
    options: RunOptions = {},
  ): Promise<Tensor<Data>[]> {
    check.checkOptions(options)
    const tensors = check.readTensors(inputs, 'inputs', this.info.inputs)
    check.readLent(options.outputs, this.info.outputs)
    // What the elements are is for the caller to know: info.outputs tells.
    const outputs: unknown = await this.#record.client.run(this.#record, tensors, options)
    return outputs as Tensor<Data>[]
  }

  async bind<Input extends TensorData, Output extends TensorData>(
    inputs: readonly AnyTensor[],
  ): Promise<BoundModel<Input, Output>> {
    const tensors = check.readTensors(inputs, 'inputs', this.info.inputs)
    const bound: unknown = await this.#record.client.bind(this.#record, tensors)
    return bound as BoundModel<Input, Output>
  }

  async save(format: 'onnx' | 'c', options: SaveOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const chosen = check.choose(format, 'format', ['onnx', 'c'])
    return this.#record.client.save(this.#record, chosen, check.readSave(options))
  }

  dispose(): void {
    finalizers.unregister(this)
    this.#record.client.release(this.#record)
  }
}
makeDisposable(LoadedModel.prototype)

export class SampleEvaluator implements Evaluator {
  declare [Symbol.dispose]: () => void
  readonly reference: Score
  readonly #record: EvaluatorRecord

  constructor(record: EvaluatorRecord, reference: Score) {
    this.reference = reference
    this.#record = record
    finalizers.register(this, record, this)
  }

  async measure(model: Model, options: CallOptions = {}): Promise<Score> {
    check.checkOptions(options)
    return this.#record.client.measure(this.#record, model, options)
  }

  dispose(): void {
    finalizers.unregister(this)
    this.#record.client.release(this.#record)
  }
}
makeDisposable(SampleEvaluator.prototype)
