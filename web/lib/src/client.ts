// The caller's side: calls that find their models again where a host broke.
import * as check from './arguments.js'
import { Binding } from './binding.js'
import { disposed, notHere } from './failures.js'
import {
  type EvaluatorRecord,
  LoadedModel,
  type ModelRecord,
  makeDisposable,
  records,
  SampleEvaluator,
} from './handles.js'
import type { Binary } from './loader.js'
import { withOutcomes } from './outcomes.js'
import type { Pool } from './pool.js'
import type { Host, ModelId, Verb, Verbs } from './protocol.js'
import type { RawMixedPoint, RawTensor, SaveChoice } from './raw.js'
import { SecondPart } from './second_part.js'
import { batchingOf, type Chunk, chunksOf, fillLent, joinSamples, sliceSamples } from './steps.js'
import { attend, type Task, type Tasks } from './task.js'
import type {
  AnyTensor,
  Backend,
  CalibrateOptions,
  Calibration,
  CallOptions,
  CompareOptions,
  DiagnoseOptions,
  Diagnosis,
  Distribution,
  DistributionOptions,
  EvaluateOptions,
  Evaluator,
  Inspection,
  LayerAccumulators,
  LoadOptions,
  Lowbit,
  MixedPrecision,
  MixedPrecisionOptions,
  Model,
  ObservedValue,
  Progress,
  QuantizeOptions,
  Recipe,
  Report,
  RunOptions,
  Score,
  Sensitivity,
  WeightDistribution,
  WeightedLayer,
  WeightOptions,
} from './types.js'
import { withBits } from './widths.js'

/** What a model is quantized by. */
type Source = Pick<Verbs['quantize']['request'], 'calibration' | 'samples'>

/** Those that the binary's first part can do. */
const runningVerbs: ReadonlySet<Verb> = new Set<Verb>(['load', 'run'])

export class Client implements Lowbit {
  declare [Symbol.dispose]: () => void
  readonly #pool: Pool
  readonly #secondPart: SecondPart
  readonly #tasks: Tasks = new Map()
  #lastModel: ModelId = 0
  #warnsUndisposed: boolean

  constructor(
    readonly backend: Backend,
    readonly version: string,
    pool: Pool,
    binary: Binary,
    warnsUndisposed: boolean,
  ) {
    this.#pool = pool
    this.#secondPart = new SecondPart(binary)
    this.#warnsUndisposed = warnsUndisposed
  }

  async load(bytes: Uint8Array | ArrayBuffer, options: LoadOptions = {}): Promise<Model> {
    check.checkOptions(options)
    const source = check.readModelSource(bytes, options)
    return this.#make(options, async (task, host, target) => {
      const ask = () => task.ask(host, 'load', { target, source })
      const info = await this.#secondPart.forLoading(host, ask)
      return { info, source, warnings: [] }
    })
  }

  async inspect(bytes: Uint8Array | ArrayBuffer): Promise<Inspection> {
    return this.#askAtOnce([], 'inspect', { bytes: check.readBytes(bytes) })
  }

  async readArray(bytes: Uint8Array | ArrayBuffer): Promise<AnyTensor> {
    return this.#askAtOnce([], 'readArray', { bytes: check.readBytes(bytes) })
  }

  async writeArray(tensor: AnyTensor): Promise<Uint8Array<ArrayBuffer>> {
    return this.#askAtOnce([], 'writeArray', { tensor: check.readOwnTensor(tensor, 'tensor') })
  }

  async calibrate(model: Model, options: CalibrateOptions): Promise<Calibration> {
    const record = this.#recordOf(model, 'model')
    check.checkPrecision(model, 'model', 'float32')
    check.checkOptions(options)
    const samples = check.readCalibrationSamples(options.samples, 'options.samples', model)
    return attend(this.#tasks, options, (task) => this.#calibrate(task, record, samples))
  }

  async quantize(model: Model, recipe: Recipe, options: QuantizeOptions): Promise<Model> {
    const record = this.#recordOf(model, 'model')
    check.checkPrecision(model, 'model', 'float32')
    const text = check.readRecipe(recipe)
    check.checkOptions(options)
    const [given, where] = [options.calibration, 'options.calibration']
    const source = check.isCalibration(given)
      ? { calibration: check.readCalibration(given, where), samples: [] }
      : {
          calibration: new Uint8Array(),
          samples: check.readCalibrationSamples(given, where, model),
        }
    return this.#make(options, async (task, host, target) => {
      const made = await this.#calibrateFor(task, host, record, text, source)
      const request = { model: record.id, target, recipe: text, ...made }
      const { bytes, ...rest } = await this.#ask(task, host, [record], 'quantize', request)
      return { source: { bytes, constants: [], dimensions: [], files: [] }, ...rest }
    })
  }

  async diagnose(model: Model, recipe: Recipe, options: DiagnoseOptions): Promise<Diagnosis> {
    const { record, learning } = this.#learning(model, recipe, options)
    const choice = check.readDoctor(options)
    const raw = await attend(this.#tasks, options, async (task) => {
      const request = { model: record.id, ...learning, choice }
      return this.#ask(task, await this.#pool.host(), [record], 'diagnose', request)
    })
    const findings = raw.findings.map(({ recipe, ...rest }) => ({
      recipe: JSON.parse(recipe) as Recipe,
      ...rest,
    }))
    return { ...raw, findings, recipe: JSON.parse(raw.recipe) as Recipe }
  }

  async mixPrecision(
    model: Model,
    recipe: Recipe,
    options: MixedPrecisionOptions,
  ): Promise<MixedPrecision> {
    const { record, learning } = this.#learning(model, recipe, options)
    const choice = check.readMixedPrecision(options)
    const raw = await attend(this.#tasks, options, async (task) => {
      const request = { model: record.id, ...learning, choice }
      return this.#ask(task, await this.#pool.host(), [record], 'mixPrecision', request)
    })
    const point = ({ bits, ...rest }: RawMixedPoint) => ({
      recipe: withBits(recipe, raw.layers, bits),
      ...rest,
    })
    return { ...raw, front: raw.front.map(point), chosen: raw.chosen && point(raw.chosen) }
  }

  async values(calibration: Calibration): Promise<ObservedValue[]> {
    return this.#askAtOnce([], 'values', { calibration: check.readOnlyCalibration(calibration) })
  }

  async distribution(
    calibration: Calibration,
    value: string,
    options: DistributionOptions = {},
  ): Promise<Distribution> {
    return this.#askAtOnce([], 'distribution', {
      calibration: check.readOnlyCalibration(calibration),
      value: check.readName(value, 'value'),
      choice: check.readDistribution(options),
    })
  }

  async layers(model: Model): Promise<WeightedLayer[]> {
    const record = this.#recordOf(model, 'model')
    return this.#askAtOnce([record], 'layers', { model: record.id })
  }

  async weights(
    model: Model,
    layer: string,
    options: WeightOptions = {},
  ): Promise<WeightDistribution> {
    const record = this.#recordOf(model, 'model')
    const choice = { layer: check.readName(layer, 'layer'), ...check.readWeights(options) }
    return this.#askAtOnce([record], 'weights', { model: record.id, ...choice })
  }

  async accumulators(quantized: Model): Promise<LayerAccumulators[]> {
    const record = this.#recordOf(quantized, 'quantized')
    check.checkPrecision(quantized, 'quantized', 'int8')
    return this.#askAtOnce([record], 'accumulators', { model: record.id })
  }

  async sensitivity(fp32: Model, quantized: Model, options: EvaluateOptions): Promise<Sensitivity> {
    const models = [this.#recordOf(fp32, 'fp32'), this.#recordOf(quantized, 'quantized')] as const
    check.checkPrecision(fp32, 'fp32', 'float32')
    check.checkPrecision(quantized, 'quantized', 'int8')
    const samples = check.readEvaluation(fp32, options)
    return attend(this.#tasks, options, async (task) => {
      const request = { fp32: models[0].id, quantized: models[1].id, ...samples }
      return this.#ask(task, await this.#pool.host(), models, 'sensitivity', request)
    })
  }

  async evaluator(reference: Model, options: EvaluateOptions): Promise<Evaluator> {
    const model = this.#recordOf(reference, 'reference')
    const { inputs, labels } = check.readEvaluation(reference, options)
    const record: EvaluatorRecord = {
      id: ++this.#lastModel,
      client: this,
      reference: model.source,
      // Copies, which may be needed again when the caller has changed its own.
      inputs: inputs.map(({ data, shape }) => ({ data: data.slice(), shape: [...shape] })),
      labels,
      homes: new WeakMap(),
      isDisposed: false,
    }
    try {
      const score = await attend(this.#tasks, options, async (task) => {
        const host = await this.#pool.host()
        const request = { target: record.id, reference: model.id, inputs, labels }
        const score = await this.#ask(task, host, [model], 'startEvaluator', request)
        record.homes.set(host, Promise.resolve())
        return score
      })
      return new SampleEvaluator(record, score)
    } catch (error) {
      this.#pool.release(record.id)
      throw error
    }
  }

  async measure(record: EvaluatorRecord, model: Model, options: CallOptions): Promise<Score> {
    const measured = this.#recordOf(model, 'model')
    return attend(this.#tasks, options, async (task) => {
      const host = await this.#pool.host()
      await this.#bringEvaluator(record, host)
      const request = { evaluator: record.id, model: measured.id }
      return this.#ask(task, host, [measured], 'measure', request)
    })
  }

  async compare(a: Model, b: Model, options: CompareOptions): Promise<Report> {
    const models = [this.#recordOf(a, 'a'), this.#recordOf(b, 'b')] as const
    const { inputs: tensors, labels } = check.readEvaluation(a, options)
    const latencyRuns = check.readLatencyRuns(options.latencyRuns)
    const pair = { a: models[0].id, b: models[1].id }
    const batching = batchingOf(a.info, tensors)
    const requestFor = ({ first, count }: Chunk) => ({
      ...pair,
      inputs: sliceSamples(tensors, first, count),
      labels: labels.subarray(first, first + count),
    })
    const raw = await attend(this.#tasks, options, async (task) => {
      const chunks = chunksOf(batching)
      const evaluations = await this.#share(task, models, 'evaluate', chunks, requestFor)
      const sample = sliceSamples(tensors, 0, batching.least)
      const request = { ...pair, evaluations, sample, latencyRuns }
      return this.#ask(task, await this.#pool.host(), models, 'report', request)
    })
    return withOutcomes(raw, labels, a.info.outputs[0])
  }

  async run(record: ModelRecord, inputs: RawTensor[], options: RunOptions): Promise<RawTensor[]> {
    const model = record.id
    const { outputs: lent = [], signal, onProgress } = options
    // Neither stopped nor watched, a call needs no task.
    if (!signal && !onProgress) {
      const again = this.#pool.first?.runAgain({ model, inputs, lent })
      if (again) return fillLent(lent, again)
    }
    const chunks = chunksOf(batchingOf(record.info, inputs))
    return attend(this.#tasks, options, async (task) => {
      if (chunks.length < 2) {
        const host = await this.#pool.host()
        const request = { model, inputs, lent: host.isHere ? lent : [] }
        return fillLent(lent, await this.#ask(task, host, [record], 'run', request))
      }
      const outputs = await this.#share(task, [record], 'run', chunks, ({ first, count }) => ({
        model,
        inputs: sliceSamples(inputs, first, count),
        lent: [],
      }))
      return fillLent(lent, joinSamples(outputs))
    })
  }

  async bind(record: ModelRecord, inputs: RawTensor[]): Promise<Binding> {
    // A model of its own: no other call changes its plan.
    const own = { ...record, id: ++this.#lastModel, homes: new WeakMap() }
    const release = () => this.#pool.release(own.id)
    try {
      return await attend(this.#tasks, {}, async () => {
        const host = await this.#pool.host()
        if (!host.bind) throw notHere()
        await this.#bring(own, host)
        return new Binding(host.bind(own.id, inputs), release)
      })
    } catch (error) {
      release()
      throw error
    }
  }

  async save(
    record: ModelRecord,
    format: 'onnx' | 'c',
    choice: SaveChoice,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return this.#askAtOnce([record], 'save', { model: record.id, format, choice })
  }

  release(record: ModelRecord | EvaluatorRecord): void {
    if (record.isDisposed) return
    record.isDisposed = true
    this.#pool.release(record.id)
  }

  forget(record: ModelRecord | EvaluatorRecord): void {
    if (this.#warnsUndisposed) {
      console.warn(
        'lowbit: a model was collected that nobody had disposed of. Until then it took memory that the collector does ' +
          'not see: call dispose(), or declare it with `using`. This is said once.',
      )
      this.#warnsUndisposed = false
    }
    void Promise.all(this.#tasks.values()).then(() => this.release(record))
  }

  dispose(): void {
    // Its models are gone with it.
    this.#warnsUndisposed = false
    for (const task of this.#tasks.keys()) task.stop(disposed('lowbit'))
    this.#pool.end()
  }

  #recordOf(model: Model, where: string): ModelRecord {
    const record = check.isObject(model) ? records.get(model) : undefined
    if (!record) return check.fail(where, 'must be a model made by load or quantize')
    if (record.client !== this) return check.fail(where, 'belongs to another createLowbit()')
    return record
  }

  /** What a search for a better recipe learns from. */
  #learning(model: Model, recipe: Recipe, options: DiagnoseOptions | MixedPrecisionOptions) {
    const record = this.#recordOf(model, 'model')
    check.checkPrecision(model, 'model', 'float32')
    const text = check.readRecipe(recipe)
    check.checkOptions(options)
    const samples = check.readCalibrationSamples(options.samples, 'options.samples', model)
    const labels = check.readLabels(options.labels, samples[0]?.shape[0] ?? 0)
    return { record, learning: { recipe: text, samples, labels } }
  }

  /** A calibration of each chunk, put together in their order: how many hosts there are changes nothing. */
  async #calibrate(
    task: Task,
    record: ModelRecord,
    samples: readonly RawTensor[],
  ): Promise<Calibration> {
    const chunks = chunksOf(batchingOf(record.info, samples))
    const requestFor = ({ first, count }: Chunk) => ({
      model: record.id,
      samples: sliceSamples(samples, first, count),
    })
    const parts = await this.#share(task, [record], 'calibrate', chunks, requestFor)
    const [only] = parts
    if (only && parts.length === 1) return only
    const request = { parts: parts.map(({ bytes }) => bytes) }
    const host = await this.#pool.host()
    return this.#ask(task, host, [], 'mergeCalibrations', request, () => {})
  }

  /** In place of many samples their calibration, which hosts share, where the recipe needs no more. */
  async #calibrateFor(
    task: Task,
    host: Host,
    record: ModelRecord,
    recipe: string,
    source: Source,
  ): Promise<Source> {
    if (chunksOf(batchingOf(record.info, source.samples)).length < 2) return source
    const request = { model: record.id, recipe }
    if (await this.#ask(task, host, [record], 'checkRecipe', request)) return source
    const { bytes } = await this.#calibrate(task, record, source.samples)
    return { calibration: bytes, samples: [] }
  }

  async #make(
    options: CallOptions,
    make: (
      task: Task,
      host: Host,
      target: ModelId,
    ) => Promise<Pick<ModelRecord, 'info' | 'source' | 'warnings'>>,
  ): Promise<Model> {
    const id = ++this.#lastModel
    try {
      const { host, made } = await attend(this.#tasks, options, async (task) => {
        const host = await this.#pool.host()
        return { host, made: await make(task, host, id) }
      })
      const homes = new WeakMap([[host, Promise.resolve()]])
      return new LoadedModel({ id, client: this, ...made, homes, isDisposed: false })
    } catch (error) {
      // A call that was stopped may have made its model all the same.
      this.#pool.release(id)
      throw error
    }
  }

  /** Asks a host to do something with models, which are brought there if need be. */
  async #ask<V extends Verb>(
    task: Task,
    host: Host,
    models: readonly ModelRecord[],
    verb: V,
    request: Verbs[V]['request'],
    onProgress?: (progress: Progress) => void,
  ): Promise<Verbs[V]['reply']> {
    for (const record of models) await this.#bring(record, host)
    if (!runningVerbs.has(verb)) await this.#secondPart.bring(host)
    return task.ask(host, verb, request, onProgress)
  }

  /** Asks for something short, which is neither stopped nor watched. */
  #askAtOnce<V extends Verb>(
    models: readonly ModelRecord[],
    verb: V,
    request: Verbs[V]['request'],
  ): Promise<Verbs[V]['reply']> {
    return attend(this.#tasks, {}, async (task) =>
      this.#ask(task, await this.#pool.host(), models, verb, request),
    )
  }

  /** Asks the hosts of the pool, each for some of the chunks, and reports the progress of all together. */
  #share<V extends 'calibrate' | 'evaluate' | 'run'>(
    task: Task,
    models: readonly ModelRecord[],
    verb: V,
    chunks: readonly Chunk[],
    requestFor: (chunk: Chunk) => Verbs[V]['request'],
  ): Promise<Verbs[V]['reply'][]> {
    const total = chunks.reduce((sum, { count }) => sum + count, 0)
    const done = chunks.map(() => 0)
    let reported = -1
    return this.#pool.share(chunks, (host, chunk, index) => {
      const onProgress = ({ stage, fraction: part }: Progress) => {
        done[index] = part * chunk.count
        const fraction = done.reduce((sum, count) => sum + count, 0) / total
        if (fraction > reported) task.report({ stage, fraction })
        reported = Math.max(reported, fraction)
      }
      return this.#ask(task, host, models, verb, requestFor(chunk), onProgress)
    })
  }

  /** Makes an evaluator again in a host that is not the one that it was made in. */
  async #bringEvaluator(record: EvaluatorRecord, host: Host): Promise<void> {
    if (record.isDisposed) throw disposed('evaluator')
    let isThere = record.homes.get(host)
    if (!isThere) {
      isThere = this.#startAgain(record, host)
      record.homes.set(host, isThere)
    }
    await isThere
    if (!record.isDisposed) return
    host.release(record.id)
    throw disposed('evaluator')
  }

  async #startAgain({ id, reference, inputs, labels }: EvaluatorRecord, host: Host): Promise<void> {
    // A model of its own, as the caller's may have been disposed of.
    const model = ++this.#lastModel
    await this.#secondPart.bring(host)
    await host.call('load', { target: model, source: reference }, () => {}).reply
    const request = { target: id, reference: model, inputs, labels }
    await host.call('startEvaluator', request, () => {}).reply
    host.release(model)
  }

  async #bring(record: ModelRecord, host: Host): Promise<void> {
    if (record.isDisposed) throw disposed('model')
    let isThere = record.homes.get(host)
    if (!isThere) {
      const request = { target: record.id, source: record.source }
      isThere = this.#secondPart.forLoading(host, () => host.call('load', request, () => {}).reply)
      record.homes.set(host, isThere)
    }
    await isThere
  }
}
makeDisposable(Client.prototype)
