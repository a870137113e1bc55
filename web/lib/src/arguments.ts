// Checks of what callers in plain JavaScript may get wrong. `where` is the path of the argument. What depends on the
// model, such as its inputs' shapes, is checked where the model is.

import type { PartSources } from './loader.js'
import type { ModelSource } from './protocol.js'
import type {
  DistributionChoice,
  DoctorChoice,
  MixedPrecisionChoice,
  RawTensor,
  SaveChoice,
} from './raw.js'
import {
  type AnyTensor,
  type Calibration,
  type CallOptions,
  type DiagnoseOptions,
  type DistributionOptions,
  type EvaluateOptions,
  type LoadOptions,
  LowbitError,
  type LowbitErrorCode,
  type MixedPrecisionOptions,
  type Model,
  type Precision,
  type SaveOptions,
  type TensorData,
  type ValueInfo,
  type WasmSource,
  type WeightOptions,
} from './types.js'

const largestLatencyRuns = 10_000

export function fail(
  where: string,
  message: string,
  code: LowbitErrorCode = 'INVALID_ARGUMENT',
): never {
  throw new LowbitError(code, `${where} ${message}`, where)
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0

/** The options of a call: an object, or nothing where that is allowed. */
export function checkOptions(options: unknown, where = 'options'): asserts options is CallOptions {
  if (!isObject(options)) fail(where, 'must be an object')
  const { onProgress, signal } = options
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    fail(`${where}.onProgress`, 'must be a function')
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    fail(`${where}.signal`, 'must be an AbortSignal')
  }
}

/** A copy of everything, which the caller cannot change any more. */
export function readModelSource(bytes: unknown, options: LoadOptions): ModelSource {
  const { constants = {}, dimensions = {}, files = {} } = options
  if (!isObject(constants)) return fail('options.constants', 'must be an object of tensors by name')
  if (!isObject(dimensions)) {
    return fail('options.dimensions', 'must be an object of numbers by name')
  }
  if (!isObject(files)) return fail('options.files', 'must be an object of bytes by name')
  return {
    bytes: readBytes(bytes),
    constants: Object.entries(constants).map(([name, given]) => {
      const { data, shape, ...type } = readOwnTensor(given, `options.constants.${name}`)
      return { name, tensor: { data: data.slice(), shape: [...shape], ...type } }
    }),
    dimensions: Object.entries(dimensions).map(([name, size]) => {
      if (isCount(size) && size > 0) return { name, size }
      return fail(`options.dimensions.${name}`, 'must be an integer from 1 up')
    }),
    files: Object.entries(files).map(([name, bytes]) => ({
      name,
      bytes: readBytes(bytes, `options.files.${name}`),
    })),
  }
}

/** A copy, which the caller cannot change any more. */
export function readBytes(bytes: unknown, where = 'bytes'): Uint8Array {
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes.slice(0))
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes)
  return fail(where, 'must be a Uint8Array or an ArrayBuffer')
}

/** What holds the elements of each type; bool as bytes. */
export const arrays: Readonly<
  Record<string, new (memory: ArrayBuffer, address: number, length: number) => TensorData>
> = {
  float32: Float32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  int8: Int8Array,
  int32: Int32Array,
  int64: BigInt64Array,
}

function checkTensor(tensor: unknown, where: string): asserts tensor is AnyTensor {
  if (!isObject(tensor)) fail(where, 'must be a tensor, { data, shape }')
  const { data, shape } = tensor
  const isData = (array: unknown): array is TensorData =>
    Object.values(arrays).some((type) => array instanceof type)
  if (!isData(data)) {
    return fail(
      `${where}.data`,
      `must be a ${Object.values(arrays)[0]?.name} or another of the types of TensorData`,
    )
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    fail(`${where}.shape`, 'must be an array of integers from 0 up')
  }
  const count = shape.reduce((product, size) => product * size, 1)
  if (count !== data.length) {
    const needs = `[${shape.join(', ')}] needs ${count} elements`
    fail(`${where}.shape`, `${needs}, but data has ${data.length}`, 'SHAPE_MISMATCH')
  }
}

/** With the element type of its array, as nothing else says it. */
export function readOwnTensor(tensor: unknown, where: string): RawTensor {
  checkTensor(tensor, where)
  const { data, shape } = tensor
  const found = Object.entries(arrays).find(([, type]) => data instanceof type)
  return { data, shape, dtype: found?.[0] ?? '' }
}

/** With its element type. */
function readTensor(tensor: unknown, where: string, value: ValueInfo | undefined): RawTensor {
  checkTensor(tensor, where)
  if (!value) return tensor
  const { data, shape } = tensor
  const { name, dtype } = value
  const array = arrays[dtype]
  if (array && !(data instanceof array)) {
    fail(`${where}.data`, `must be a ${array.name}, as '${name}' is ${dtype}`, 'TYPE_MISMATCH')
  }
  return dtype === 'float32' ? tensor : { data, shape, dtype }
}

/** One tensor per input of the model. */
export function readTensors(
  tensors: unknown,
  where: string,
  inputs: readonly ValueInfo[],
): RawTensor[] {
  if (!Array.isArray(tensors)) return fail(where, 'must be an array of tensors')
  const read = tensors.map((tensor, index) =>
    readTensor(tensor, `${where}[${index}]`, inputs[index]),
  )
  if (tensors.length === inputs.length) return read
  const message = `has ${tensors.length} tensors, but the model has ${inputs.length} inputs`
  return fail(where, message, 'SHAPE_MISMATCH')
}

/** Nothing, or one tensor per output of the model. */
export function readLent(tensors: unknown, outputs: readonly ValueInfo[]): void {
  const where = 'options.outputs'
  if (tensors === undefined) return
  if (!Array.isArray(tensors)) fail(where, 'must be an array of tensors')
  tensors.forEach((tensor, index) => {
    readTensor(tensor, `${where}[${index}]`, outputs[index])
  })
  if (tensors.length === outputs.length) return
  const message = `has ${tensors.length} tensors, but the model has ${outputs.length} outputs`
  fail(where, message, 'SHAPE_MISMATCH')
}

/** Samples along the first dimension of a tensor, or of one tensor per input. */
export function readSamples(
  samples: unknown,
  where: string,
  inputs: readonly ValueInfo[],
): { tensors: RawTensor[]; count: number } {
  if (!Array.isArray(samples)) readTensor(samples, where, inputs[0])
  const tensors = readTensors(Array.isArray(samples) ? samples : [samples], where, inputs)
  const [count] = new Set(tensors.map(({ shape }) => shape[0]))
  if (count === undefined || tensors.some(({ shape }) => shape[0] !== count)) {
    return fail(where, 'must have the samples along the first dimension', 'SHAPE_MISMATCH')
  }
  return { tensors, count }
}

/** Empty, or one class per sample. */
export function readLabels(labels: unknown, sampleCount: number): Int32Array {
  if (labels === undefined) return new Int32Array()
  if (!isObject(labels) || !isCount(labels.length)) {
    return fail('options.labels', 'must be an array of class indices')
  }
  const classes = Array.from(labels as unknown as ArrayLike<unknown>)
  if (classes.length !== sampleCount) {
    const message = `has ${classes.length} labels for ${sampleCount} samples`
    fail('options.labels', message, 'SHAPE_MISMATCH')
  }
  classes.forEach((label, index) => {
    if (!isCount(label) || label > 0x7fffffff) {
      fail(`options.labels[${index}]`, 'must be a class index, an integer from 0 up')
    }
  })
  return Int32Array.from(classes as number[])
}

export function readLatencyRuns(runs: unknown): number {
  if (runs === undefined) return 50
  if (isCount(runs) && runs <= largestLatencyRuns) return runs
  return fail('options.latencyRuns', `must be an integer from 0 to ${largestLatencyRuns}`)
}

const isWasmSource = (source: unknown): source is WasmSource =>
  typeof source === 'string' ||
  [URL, Uint8Array, ArrayBuffer].some((type) => source instanceof type)

/** A single source is that of the part that runs models; relaxed kernels there are none then. */
export function readWasm(wasm: unknown): PartSources {
  if (wasm === undefined) return {}
  if (isWasmSource(wasm)) return { run: wasm, relaxed: null }
  const kinds = 'a URL, a string, a Uint8Array or an ArrayBuffer'
  const names = ['run', 'quantize', 'relaxed']
  if (!isObject(wasm)) return fail('options.wasm', `must be ${kinds}, or an object of these`)
  for (const [key, source] of Object.entries(wasm)) {
    const where = `options.wasm.${key}`
    if (!names.includes(key)) fail(where, `is not one of ${names.join(', ')}`)
    if (source !== undefined && !isWasmSource(source)) fail(where, `must be ${kinds}`)
  }
  return wasm
}

export function readWorkers(workers: unknown): number {
  if (isCount(workers) && workers > 0) return workers
  return fail('options.workers', 'must be an integer from 1 up')
}

/** One of `allowed`, of which the first is the default. */
export function choose<const T>(value: unknown, where: string, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0]
  if (allowed.includes(value as T)) return value as T
  return fail(where, `must be ${allowed.map((item) => JSON.stringify(item)).join(' or ')}`)
}

/** Fills in the defaults. */
export function readSave(options: SaveOptions): SaveChoice {
  if (!isObject(options)) return fail('options', 'must be an object')
  return {
    form: choose(options.form, 'options.form', ['qdq', 'operators', 'float']),
    float16: choose(options.float16, 'options.float16', [false, true]),
    int4: choose(options.int4, 'options.int4', [false, true]),
    integers: choose(options.integers, 'options.integers', [false, true]),
  }
}

/** As text, which the core reads. */
export function readRecipe(recipe: unknown): string {
  if (!isObject(recipe)) return fail('recipe', 'must be an object')
  try {
    const text: string | undefined = JSON.stringify(recipe)
    if (text !== undefined) return text
  } catch {
    // A cycle or a bigint.
  }
  return fail('recipe', 'cannot be written as JSON')
}

const isAmount = (value: unknown) =>
  typeof value === 'number' && value >= 0 && Number.isFinite(value)

/** Fills in the defaults. */
export function readDoctor(options: DiagnoseOptions): DoctorChoice {
  const { leastGain = 0.05, byteBudget = null } = options
  const keepPerTensor = choose(options.keepPerTensor, 'options.keepPerTensor', [false, true])
  if (!isAmount(leastGain) || leastGain > 1) fail('options.leastGain', 'must be from 0 to 1')
  if (byteBudget !== null && !isAmount(byteBudget)) {
    fail('options.byteBudget', 'must be a number from 0 up')
  }
  return { leastGain, keepPerTensor, byteBudget }
}

/** Fills in the defaults. */
export function readMixedPrecision(options: MixedPrecisionOptions): MixedPrecisionChoice {
  const { bits = [8, 7, 6, 5, 4, 3, 2], budget = null, maxDrop = null } = options
  const cost = choose(options.cost, 'options.cost', ['bytes', 'ms'])
  if (!Array.isArray(bits) || bits.length === 0) fail('options.bits', 'must be a list of widths')
  bits.forEach((width, index) => {
    choose(width, `options.bits[${index}]`, [8, 7, 6, 5, 4, 3, 2])
  })
  if (budget !== null && !isAmount(budget)) fail('options.budget', 'must be a number from 0 up')
  if (maxDrop !== null && !isAmount(maxDrop)) fail('options.maxDrop', 'must be a number from 0 up')
  if (budget !== null && maxDrop !== null) fail('options.budget', 'excludes options.maxDrop')
  return { bits: [...bits], cost, budget, maxDrop }
}

export function readName(name: unknown, where: string): string {
  if (typeof name === 'string') return name
  return fail(where, 'must be a name')
}

/** From 1 to `most`. */
function readAmountOf(amount: number, where: string, most: number): number {
  if (isCount(amount) && amount > 0 && amount <= most) return amount
  return fail(where, `must be an integer from 1 to ${most}`)
}

const readBins = (bins = 128) => readAmountOf(bins, 'options.bins', 4096)

/** A range of finite float32 that holds 0. */
function readRange(range: unknown): { min: number; max: number } {
  const where = 'options.range'
  if (!isObject(range)) return fail(where, 'must be { min, max }')
  const [min, max] = [range.min, range.max]
  const isEnd = (end: unknown): end is number =>
    typeof end === 'number' && Number.isFinite(Math.fround(end))
  if (isEnd(min) && isEnd(max) && min <= 0 && max >= 0) return { min, max }
  return fail(where, 'must have a finite min, 0 or below, and a finite max, 0 or above')
}

/** Fills in the defaults. */
export function readDistribution(options: DistributionOptions): DistributionChoice {
  checkOptions(options)
  const { percentile = 99.99, points = 64, range } = options
  if (typeof percentile !== 'number' || !(percentile > 50 && percentile <= 100)) {
    fail('options.percentile', 'must be above 50, and at most 100')
  }
  return {
    bits: choose(options.bits, 'options.bits', [8, 7, 6, 5, 4, 3, 2]),
    symmetric: choose(options.symmetric, 'options.symmetric', [false, true]),
    percentile,
    range: range === undefined ? null : readRange(range),
    bins: readBins(options.bins),
    points: readAmountOf(points, 'options.points', 1000),
  }
}

/** Fills in the defaults; channel -1 stands for all. */
export function readWeights(options: WeightOptions): { channel: number; bins: number } {
  checkOptions(options)
  const { channel } = options
  if (channel !== undefined && (!isCount(channel) || channel > 0x7fffffff)) {
    fail('options.channel', 'must be an integer from 0 up')
  }
  return { channel: channel ?? -1, bins: readBins(options.bins) }
}

export const isCalibration = (value: unknown): value is Pick<Calibration, 'bytes'> =>
  isObject(value) && 'bytes' in value

/** A copy of a calibration's bytes, which the caller cannot change any more; what they hold is for the core to read. */
export function readCalibration({ bytes }: Pick<Calibration, 'bytes'>, where: string): Uint8Array {
  if (bytes instanceof Uint8Array) return new Uint8Array(bytes)
  return fail(`${where}.bytes`, 'must be a Uint8Array')
}

/** Whether a verb takes FP32 models or quantized ones. */
export function checkPrecision({ info }: Model, where: string, precision: Precision): void {
  if (info.quantized === (precision === 'int8')) return
  fail(where, precision === 'int8' ? 'must be a quantized model' : 'is quantized already')
}

/** Samples, at least one. */
export function readCalibrationSamples(
  samples: unknown,
  where: string,
  { info }: Model,
): RawTensor[] {
  const { tensors, count } = readSamples(samples, where, info.inputs)
  if (count > 0) return tensors
  throw new LowbitError('EMPTY_CALIBRATION', 'calibration needs at least one sample', where)
}

/** A copy of the bytes of a calibration, where nothing else is allowed. */
export function readOnlyCalibration(calibration: unknown): Uint8Array {
  if (isCalibration(calibration)) return readCalibration(calibration, 'calibration')
  return fail('calibration', 'must be a calibration made by calibrate')
}

/** What models are scored on: at least one sample, and no labels or one for each. */
export function readEvaluation({ info }: Model, options: EvaluateOptions) {
  checkOptions(options)
  const where = 'options.inputs'
  const { tensors, count } = readSamples(options.inputs, where, info.inputs)
  if (count > 0) return { inputs: tensors, labels: readLabels(options.labels, count) }
  throw new LowbitError('INVALID_ARGUMENT', 'there must be at least one sample', where)
}
