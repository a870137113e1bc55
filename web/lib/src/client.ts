// The caller's side: models as callers hold them, and calls that find their models again where a host broke.

import * as check from './arguments.js'
import type { Call, Host, ModelId, Verb, Verbs } from './protocol.js'
import {
  type Backend,
  type CallOptions,
  type CompareOptions,
  type Lowbit,
  LowbitError,
  type Model,
  type ModelInfo,
  type Progress,
  type QuantizeOptions,
  type Recipe,
  type Report,
  type Tensor,
} from './types.js'

/** What this side knows of a model: enough to make it again in another host. */
interface ModelRecord {
  readonly id: ModelId
  readonly client: Client
  /** ONNX bytes. */
  readonly bytes: Uint8Array
  /** The host that has the model, once `isThere` is fulfilled. */
  home: { readonly host: Host; readonly isThere: Promise<unknown> }
  isDisposed: boolean
}

const records = new WeakMap<Model, ModelRecord>()

// Frees the models that callers forgot. Records do not hold their models, which would keep them from being collected.
const finalizers = new FinalizationRegistry<ModelRecord>((record) => {
  record.client.release(record)
})

/** `using` calls `dispose`. An engine without `using` has no Symbol.dispose. */
function makeDisposable(prototype: { dispose(): void }): void {
  if (Symbol.dispose) {
    Object.defineProperty(prototype, Symbol.dispose, { value: prototype.dispose, writable: true })
  }
}

class LoadedModel implements Model {
  declare [Symbol.dispose]: () => void
  readonly #record: ModelRecord

  constructor(
    record: ModelRecord,
    readonly info: ModelInfo,
  ) {
    this.#record = record
    records.set(this, record)
    finalizers.register(this, record, this)
  }

  async run(inputs: readonly Tensor[], options: CallOptions = {}): Promise<Tensor[]> {
    check.checkOptions(options)
    const tensors = check.readTensors(inputs, 'inputs', this.info.inputs.length)
    return this.#record.client.run(this.#record, tensors, options)
  }

  async save(format: 'onnx'): Promise<Uint8Array<ArrayBuffer>> {
    check.choose(format, 'format', ['onnx'])
    return this.#record.client.save(this.#record)
  }

  dispose(): void {
    finalizers.unregister(this)
    this.#record.client.release(this.#record)
  }
}
makeDisposable(LoadedModel.prototype)

const disposed = (what: string) => new LowbitError('DISPOSED', `${what} was disposed of`, what)

export class Client implements Lowbit {
  declare [Symbol.dispose]: () => void
  readonly version: string
  readonly #startHost: () => Promise<Host>
  #host: Host
  #nextHost: Promise<Host> | undefined
  #lastModel: ModelId = 0
  #isDisposed = false
  /** Each ends one of the calls that run. */
  readonly #stops = new Set<(reason: unknown) => void>()

  /** `host` runs already; `startHost` starts another where that has died. */
  constructor(
    readonly backend: Backend,
    host: Host,
    startHost: () => Promise<Host>,
  ) {
    this.version = host.version
    this.#host = host
    this.#startHost = startHost
  }

  async load(bytes: Uint8Array | ArrayBuffer, options: CallOptions = {}): Promise<Model> {
    check.checkOptions(options)
    const copy = check.readBytes(bytes)
    return this.#make(async (target) => {
      const { reply, host } = await this.#call([], 'load', { target, bytes: copy }, options)
      return { info: reply, bytes: copy, host }
    })
  }

  async quantize(model: Model, recipe: Recipe, options: QuantizeOptions): Promise<Model> {
    const record = this.#recordOf(model, 'model')
    const completeRecipe = check.readRecipe(recipe)
    check.checkOptions(options)
    const inputCount = model.info.inputs.length
    const samples = check.readSamples(options.calibration, 'options.calibration', inputCount)
    if (samples.count === 0) {
      const where = 'options.calibration'
      throw new LowbitError('EMPTY_CALIBRATION', 'calibration needs at least one sample', where)
    }
    return this.#make(async (target) => {
      const calibration = samples.tensors
      const request = { model: record.id, target, recipe: completeRecipe, calibration }
      const { reply, host } = await this.#call([record], 'quantize', request, options)
      return { ...reply, host }
    })
  }

  async compare(a: Model, b: Model, options: CompareOptions): Promise<Report> {
    const first = this.#recordOf(a, 'a')
    const second = this.#recordOf(b, 'b')
    check.checkOptions(options)
    const where = 'options.inputs'
    const { tensors, count } = check.readSamples(options.inputs, where, a.info.inputs.length)
    if (count === 0) {
      throw new LowbitError('INVALID_ARGUMENT', 'there must be at least one sample', where)
    }
    const request = {
      a: first.id,
      b: second.id,
      inputs: tensors,
      labels: check.readLabels(options.labels, count),
      latencyRuns: check.readLatencyRuns(options.latencyRuns),
    }
    return (await this.#call([first, second], 'compare', request, options)).reply
  }

  async run(record: ModelRecord, inputs: Tensor[], options: CallOptions): Promise<Tensor[]> {
    return (await this.#call([record], 'run', { model: record.id, inputs }, options)).reply
  }

  async save(record: ModelRecord): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#call([record], 'save', { model: record.id }, {})).reply
  }

  /** Frees a model; a second time does nothing. */
  release(record: ModelRecord): void {
    if (record.isDisposed) return
    record.isDisposed = true
    record.home.host.release(record.id)
  }

  dispose(): void {
    this.#isDisposed = true
    for (const stop of this.#stops) stop(disposed('lowbit'))
    this.#host.end()
  }

  #recordOf(model: Model, where: string): ModelRecord {
    const record = check.isObject(model) ? records.get(model) : undefined
    if (!record) return check.fail(where, 'must be a model made by load or quantize')
    if (record.client !== this) return check.fail(where, 'belongs to another createLowbit()')
    return record
  }

  async #make(
    make: (target: ModelId) => Promise<{ info: ModelInfo; bytes: Uint8Array; host: Host }>,
  ): Promise<Model> {
    const id = ++this.#lastModel
    try {
      const { info, bytes, host } = await make(id)
      const home = { host, isThere: Promise.resolve() }
      return new LoadedModel({ id, client: this, bytes, home, isDisposed: false }, info)
    } catch (error) {
      // A call that was stopped may have made its model all the same.
      this.#host.release(id)
      throw error
    }
  }

  /** Calls a verb on a living host that has the models. Stops waiting when told to stop. */
  #call<V extends Verb>(
    models: readonly ModelRecord[],
    verb: V,
    request: Verbs[V]['request'],
    { signal, onProgress }: CallOptions,
  ): Promise<{ reply: Verbs[V]['reply']; host: Host }> {
    return new Promise((resolve, reject) => {
      let running: Call<Verbs[V]['reply']> | undefined
      let hasStopped = false
      const stop = (reason: unknown) => {
        hasStopped = true
        running?.abort()
        reject(reason)
      }
      const onAbort = () => {
        const cause = signal?.reason
        stop(new LowbitError('ABORTED', 'the call was aborted', '', { cause }))
      }
      if (signal?.aborted) {
        onAbort()
        return
      }
      const report = (progress: Progress) => {
        if (hasStopped) return
        try {
          onProgress?.(progress)
        } catch (error) {
          stop(error)
        }
      }
      const work = async () => {
        const host = await this.#livingHost()
        await Promise.all(models.map((record) => this.#bring(record, host)))
        if (hasStopped) return
        running = host.call(verb, request, report)
        // A first report can come before there is something to abort.
        if (hasStopped) running.abort()
        resolve({ reply: await running.reply, host })
      }
      signal?.addEventListener('abort', onAbort)
      this.#stops.add(stop)
      work()
        .catch(reject)
        .finally(() => {
          signal?.removeEventListener('abort', onAbort)
          this.#stops.delete(stop)
        })
    })
  }

  async #livingHost(): Promise<Host> {
    if (this.#isDisposed) throw disposed('lowbit')
    if (!this.#host.isDead) return this.#host
    this.#nextHost ??= this.#startHost().finally(() => {
      this.#nextHost = undefined
    })
    const host = await this.#nextHost
    this.#host = host
    if (!this.#isDisposed) return host
    host.end()
    throw disposed('lowbit')
  }

  async #bring(record: ModelRecord, host: Host): Promise<void> {
    if (record.isDisposed) throw disposed('model')
    if (record.home.host !== host) {
      const request = { target: record.id, bytes: record.bytes }
      record.home = { host, isThere: host.call('load', request, () => {}).reply }
    }
    await record.home.isThere
  }
}
makeDisposable(Client.prototype)
