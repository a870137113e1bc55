/// <reference lib="esnext.disposable" preserve="true" />

// The public types of Lowbit's JavaScript API. The names are those of the C++ headers in src/.

import type {
  Distribution,
  DistributionOptions,
  LayerAccumulators,
  ObservedValue,
  WeightDistribution,
  WeightedLayer,
  WeightOptions,
} from './distributions.js'
import type { Inspection } from './files.js'
import type { Recipe } from './recipe.js'
import type {
  DiagnoseOptions,
  Diagnosis,
  MixedPrecision,
  MixedPrecisionOptions,
} from './repairs.js'
import type { Report, Score, Sensitivity } from './reports.js'

export type * from './distributions.js'
export type * from './files.js'
export type * from './recipe.js'
export type * from './repairs.js'
export type * from './reports.js'

/** Error codes, one for one with `src/base/errors.inc`. A test compares both lists. */
export const errorCodes = [
  'INVALID_ARGUMENT',
  'INVALID_MODEL',
  'INVALID_DATA',
  'UNSUPPORTED_OPERATOR',
  'UNSUPPORTED_FEATURE',
  'SHAPE_MISMATCH',
  'TYPE_MISMATCH',
  'NON_FINITE',
  'EMPTY_CALIBRATION',
  'ACCUMULATOR_OVERFLOW',
  'OUT_OF_MEMORY',
  'LIMIT_EXCEEDED',
  'ABORTED',
  'DISPOSED',
  'BACKEND_FAILED',
  'LOAD_FAILED',
  'FILE_FAILED',
] as const

/** One of `errorCodes`. */
export type LowbitErrorCode = (typeof errorCodes)[number]

/** Every failure of the API rejects with this. `where` names the place: a node, a tensor, a byte offset, an argument. */
export class LowbitError extends Error {
  override readonly name = 'LowbitError'
  constructor(
    readonly code: LowbitErrorCode,
    message: string,
    readonly where: string = '',
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** What a model computes in: real numbers, or integers of 8 bits or fewer. */
export type Precision = 'float32' | 'int8'

/**
 * The instruction set whose kernels run. In each of them a quantized model gives the same bits, and `quantize` the same
 * model; floats may differ in their last bits.
 */
export type Tier = 'reference' | 'simd128' | 'relaxed'

/**
 * What the dot product of relaxed SIMD, which the standard leaves to the machine, computes here:
 * - `unsigned`: products of signed by unsigned bytes are exact, the fastest case.
 * - `signed`: products of signed by signed bytes are exact.
 * - `pairs`: exact while the sum of two neighbouring products fits into 16 bits; other layers run on simd128 kernels.
 * - `none`: nothing of the kind; integers run on simd128 kernels, floats on relaxed ones.
 */
export type DotProduct = 'unsigned' | 'signed' | 'pairs' | 'none'

/**
 * The elements of a tensor, by `ValueInfo.dtype`: float32, uint8 and bool (0 is false), int8, int32, int64. What ONNX has
 * besides is computed in these: float16 and float64 in float32, int16 and uint16 in int32, uint32 and uint64 in int64.
 */
export type TensorData = Float32Array | Uint8Array | Int8Array | Int32Array | BigInt64Array

/**
 * A dense tensor, row-major, in ONNX's axis order (NCHW). `data` holds as many elements as the product of `shape`. The
 * library copies tensors: those given are only read, and must not change before the call settles; those returned belong
 * to the caller.
 */
export interface Tensor<Data extends TensorData = Float32Array> {
  readonly data: Data
  readonly shape: readonly number[]
}

/** A tensor of any element type. */
export type AnyTensor = Tensor<TensorData>

/** What makes an integer stand for a real number: real = scale * (integer - zeroPoint). */
export interface Quantization {
  readonly scale: number
  readonly zeroPoint: number
}

/** An input or an output of a model. */
export interface ValueInfo {
  readonly name: string
  /** The element type of the tensors given and returned, such as "float32" or "int64". */
  readonly dtype: string
  /** A string names a symbolic dimension, such as "batch". */
  readonly shape: readonly (number | string)[]
  /** In a quantized model: of the integers just inside the model, behind this input or before this output. */
  readonly quantization?: Quantization
}

/** What a model takes, gives and consists of. */
export interface ModelInfo {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** How often each operator occurs in the file, by its ONNX name. */
  readonly operators: Readonly<Record<string, number>>
  /** Number of weights and biases. */
  readonly parameters: number
  readonly quantized: boolean
  /**
   * What the file says of its model beside that (ONNX's `metadata_props`), kept when it is saved. Of a model that `quantize`
   * made also `lowbit.version`, `lowbit.recipe` and `lowbit.calibration`, the latter two as JSON.
   */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * What samples made of every activation of a model, with which `quantize` can choose any observer and any number of bits.
 * Plain data: it may be stored, sent, and used later.
 */
export interface Calibration {
  /** How many samples it saw. */
  readonly samples: number
  readonly bytes: Uint8Array<ArrayBuffer>
}

/** Reported at least four times a second during long calls. */
export interface Progress {
  readonly stage:
    | 'load'
    | 'equalize'
    | 'calibrate'
    | 'quantize'
    | 'improve'
    | 'run'
    | 'compare'
    | 'latency'
    | 'evaluate'
    | 'sensitivity'
    | 'mixed-precision'
    | 'doctor'
  /** Done so far, from 0 to 1. */
  readonly fraction: number
}

/** Of every long call. */
export interface CallOptions {
  /** An error that it throws ends the call, which rejects with that error. */
  onProgress?: (progress: Progress) => void
  /** Aborting rejects the call at once with code `ABORTED`; the models and the instance stay usable. */
  signal?: AbortSignal
}

export interface LoadOptions extends CallOptions {
  /**
   * Inputs of the model that are constants, by name, and no inputs any more: shapes, axes, scales and weights must be known
   * when a model is loaded.
   */
  constants?: Readonly<Record<string, AnyTensor>>
  /** Numbers for symbolic dimensions of the inputs, by name. */
  dimensions?: Readonly<Record<string, number>>
  /** The files beside the model in which elements of its tensors lie (`Inspection.files`), by plain name. */
  files?: Readonly<Record<string, Uint8Array | ArrayBuffer>>
}

export interface RunOptions extends CallOptions {
  /**
   * Tensors of the outputs' shapes, to be filled and returned in place of new ones: the memory of large outputs costs a
   * browser more time than their copy. Like inputs they must not be touched before the call settles.
   */
  outputs?: readonly AnyTensor[]
}

/** How `save('onnx')` writes a model. */
export interface SaveOptions {
  /**
   * Of a quantized model: `qdq`, operators of reals between pairs that round, which ONNX Runtime turns into its integer
   * kernels; `operators`, where these are written themselves (QLinearConv, QLinearMatMul, QGemm and so on), and only the rest
   * stays in pairs; `float`, the FP32 model of the weights that the integers stand for. @default 'qdq'
   */
  form?: 'qdq' | 'operators' | 'float'
  /** Stores reals in 16 bits. They are FP32 again once the model is loaded, and so is what it computes. @default false */
  float16?: boolean
  /** Stores weights of at most four bits in half a byte, with the same integers. The file has opset 21. @default false */
  int4?: boolean
  /**
   * Of a quantized model: inputs and outputs are the integers themselves, uint8, and nothing is converted at either end. What a
   * number means is in the file: the scale and zero point of the DequantizeLinear behind an input, and of the node that makes an
   * output. An input of fewer than 8 bits, or one that a layer in floats reads, stays float32. @default false
   */
  integers?: boolean
}

export interface CalibrateOptions extends CallOptions {
  /**
   * The model's input with any number of samples along its first dimension, from 1 up. A list for a model with several
   * inputs.
   */
  samples: AnyTensor | readonly AnyTensor[]
}

export interface QuantizeOptions extends CallOptions {
  /**
   * Samples, as `calibrate` takes them; or what that made of them, which saves their time where a recipe does not learn from
   * the samples themselves.
   */
  calibration: AnyTensor | readonly AnyTensor[] | Calibration
}

export interface EvaluateOptions extends CallOptions {
  /** The samples, along the first dimension. A list for models with several inputs. */
  inputs: AnyTensor | readonly AnyTensor[]
  /** The right class of each sample, from 0 up; without labels there is no `top1`. */
  labels?: ArrayLike<number>
}

export interface CompareOptions extends EvaluateOptions {
  /** Timed runs per model on a single sample, after a warm-up: 0 to 10,000. 0 leaves latency out. @default 50 */
  latencyRuns?: number
}

/**
 * A loaded model, FP32 or quantized. Disposable: `using`, `dispose()`, or the garbage collector frees it.
 *
 * Every call can reject with `DISPOSED`; with `OUT_OF_MEMORY` or `BACKEND_FAILED`, after which the next call starts
 * afresh and finds its models again; and with `INVALID_ARGUMENT` or `SHAPE_MISMATCH`, where `where` names the argument.
 */
export interface Model extends Disposable {
  readonly info: ModelInfo
  /** What `quantize` wants to be known, for people. */
  readonly warnings: readonly string[]
  /**
   * One output tensor per model output. Any number of samples along the first dimension, if that is symbolic in the
   * model, or a multiple of its size. Of outputs that are not float32, say so: `run<BigInt64Array>(...)`. Rejects with
   * `SHAPE_MISMATCH` and `TYPE_MISMATCH` for other tensors than `info.inputs` states, `ACCUMULATOR_OVERFLOW` or `UNSUPPORTED_FEATURE` for an operator that cannot be run.
   */
  run<Data extends TensorData = Float32Array>(
    inputs: readonly AnyTensor[],
    options?: RunOptions,
  ): Promise<Tensor<Data>[]>
  /**
   * For inputs of the same shapes that come again and again, such as a camera's frames or blocks of sound: the caller
   * writes them where the model reads them and runs it at once, without a promise or a copy. `inputs`, as `run`
   * takes them, give the shapes and the first values. What it returns is a model of its own, which outlives this one.
   * Rejects as `run` does, and with `UNSUPPORTED_FEATURE` unless Lowbit runs in the caller's thread (`worker: false`).
   */
  bind<Input extends TensorData = Float32Array, Output extends TensorData = Float32Array>(
    inputs: readonly AnyTensor[],
  ): Promise<BoundModel<Input, Output>>
  /** ONNX bytes: FP32 as loaded, or quantized in a form that ONNX Runtime runs unchanged. */
  save(format: 'onnx', options?: SaveOptions): Promise<Uint8Array<ArrayBuffer>>
  /**
   * The integers of a quantized model, with scales, zero points and multipliers, as a C99 header for micro-controllers.
   * Rejects with `INVALID_ARGUMENT` for an FP32 model.
   */
  save(format: 'c'): Promise<Uint8Array<ArrayBuffer>>
  /** Frees the model's memory; a second call does nothing. Later calls reject with `DISPOSED`. */
  dispose(): void
}

/**
 * A model whose tensors lie in the memory of WebAssembly. Take their `data` anew after any other call of Lowbit's: where
 * that made memory grow, arrays taken before have the length 0. After `dispose` such arrays must not be written.
 */
export interface BoundModel<
  Input extends TensorData = Float32Array,
  Output extends TensorData = Float32Array,
> extends Disposable {
  /** To be written; a run leaves them as they are. */
  readonly inputs: readonly Tensor<Input>[]
  /** Written by the last run. */
  readonly outputs: readonly Tensor<Output>[]
  /** Computes the outputs. Throws what the promise of `Model.run` rejects with. */
  run(): void
  /** Frees the memory. The garbage collector does not: an array of it may be in use. */
  dispose(): void
}

/**
 * Scores models on the same samples. Of a model that differs from the last one in some layers, only these and what lies
 * behind them run. Disposable as a model.
 */
export interface Evaluator extends Disposable {
  /** The reference against itself. */
  readonly reference: Score
  /** Rejects with `SHAPE_MISMATCH` for a model of other inputs or outputs. One call waits for another. */
  measure(model: Model, options?: CallOptions): Promise<Score>
  /** Frees what it keeps. */
  dispose(): void
}

/**
 * Rows of the tiles in which matrix products and most convolutions are summed, by 8 columns: a machine with many registers
 * has room for large ones. Each precision whose kernels have a choice is there. No result depends on it, only the time.
 */
export interface Tiles {
  readonly f32?: number
  readonly int8?: number
}

/** What runs, where, and why. */
export interface Backend {
  readonly tier: Tier
  /** In tier `relaxed`: as the self-test at the start found it. */
  readonly dot?: DotProduct
  /** As timed at the first start of this tier, see the option `tune`. Empty in the tiers other than `relaxed`. */
  readonly tiles: Tiles
  /** Where the work runs. */
  readonly thread: 'worker' | 'main'
  /** Why this tier was chosen, in a sentence or two. */
  readonly reason: string
}

/** The verbs, and what runs them: see `createLowbit`. */
export interface Lowbit extends Disposable {
  readonly backend: Backend
  readonly version: string
  /**
   * Reads an ONNX file. Rejects with `INVALID_MODEL`, `UNSUPPORTED_OPERATOR` (one error that names them all),
   * `UNSUPPORTED_FEATURE` or `LIMIT_EXCEEDED`; `where` names a node, a value or a byte. With `INVALID_ARGUMENT` for options
   * that name what the model does not have.
   */
  load(bytes: Uint8Array | ArrayBuffer, options?: LoadOptions): Promise<Model>
  /**
   * What an ONNX file holds, without loading it: also of one whose operators Lowbit does not have. Rejects with
   * `INVALID_MODEL` or `LIMIT_EXCEEDED`; `where` names a node, a value or a byte.
   */
  inspect(bytes: Uint8Array | ArrayBuffer): Promise<Inspection>
  /**
   * The array of a .npy or an uncompressed IDX file. Its elements keep their type, but for float64, which is rounded to
   * float32: `data` of class indices may be given as labels, and of int64 ones as `Array.from(data, Number)`. Rejects with
   * `INVALID_DATA`, `UNSUPPORTED_FEATURE` (an element type or an order) or `LIMIT_EXCEEDED`; `where` names a byte.
   */
  readArray(bytes: Uint8Array | ArrayBuffer): Promise<AnyTensor>
  /** A .npy file, which NumPy reads. */
  writeArray(tensor: AnyTensor): Promise<Uint8Array<ArrayBuffer>>
  /**
   * Observes the activations of an FP32 model. Rejects with `EMPTY_CALIBRATION`, `NON_FINITE`, and `INVALID_ARGUMENT` for a
   * quantized model.
   */
  calibrate(model: Model, options: CalibrateOptions): Promise<Calibration>
  /**
   * Post-training quantization; the FP32 model stays as it is. The same model, recipe and samples give the same bytes on
   * every machine. Rejects with `EMPTY_CALIBRATION`, `NON_FINITE` (NaN or infinity in weights or calibration data; `where`
   * names the value), `INVALID_DATA` for a calibration that is none, `INVALID_ARGUMENT` for a recipe (`where` is its field,
   * "weights.bits"), for one that needs samples where there is only their calibration, for a calibration of another model,
   * and for a model that is quantized already. A recipe that does not fit the model is refused before any sample is read.
   */
  quantize(model: Model, recipe: Recipe, options: QuantizeOptions): Promise<Model>
  /** What a calibration saw, by the values' names. Rejects with `INVALID_DATA` for a calibration that is none. */
  values(calibration: Calibration): Promise<ObservedValue[]>
  /**
   * An activation before and after rounding, what clipping and rounding cost as functions of the range, and which range each
   * observer chooses. Takes some milliseconds. Rejects with `INVALID_ARGUMENT` for a value that the calibration has not seen,
   * with those that it has in the message, and for options; with `INVALID_DATA` for a calibration that is none.
   */
  distribution(
    calibration: Calibration,
    value: string,
    options?: DistributionOptions,
  ): Promise<Distribution>
  /** The layers of a model, FP32 or quantized, whose weights `weights` shows. Rejects with `NON_FINITE` as that. */
  layers(model: Model): Promise<WeightedLayer[]>
  /**
   * The weights of a layer, of an FP32 model with batch normalization folded, or of a quantized one: before and after. Rejects
   * with `INVALID_ARGUMENT` for a layer that the model has not, with those that it has in the message, for a channel that the
   * layer has not, and for options; with `NON_FINITE` for weights that are NaN or infinite.
   */
  weights(model: Model, layer: string, options?: WeightOptions): Promise<WeightDistribution>
  /**
   * The proof, channel by channel, that no input makes a sum of a quantized model leave int32. Rejects with `INVALID_ARGUMENT`
   * for an FP32 model.
   */
  accumulators(quantized: Model): Promise<LayerAccumulators[]>
  /**
   * Which layer hurts: scores of the FP32 model with one thing quantized at a time, as it is in the quantized model. The
   * first output must be [samples, classes].
   */
  sensitivity(fp32: Model, quantized: Model, options: EvaluateOptions): Promise<Sensitivity>
  /**
   * What is wrong with the model that a recipe makes, and what repairs it: rules find symptoms, repairs are tried in turn,
   * and those that help are kept.
   */
  diagnose(model: Model, recipe: Recipe, options: DiagnoseOptions): Promise<Diagnosis>
  /**
   * A width for each layer's weights: the best within a budget, the cheapest that loses no more than a drop, and the front
   * of all that are best for their cost. The widths in `recipe` are replaced; its algorithms run.
   */
  mixPrecision(
    model: Model,
    recipe: Recipe,
    options: MixedPrecisionOptions,
  ): Promise<MixedPrecision>
  /**
   * To score many models against `reference`, which may be disposed of before the evaluator is. The first output of all must
   * be [samples, classes].
   */
  evaluator(reference: Model, options: EvaluateOptions): Promise<Evaluator>
  /**
   * Accuracy, agreement, flipped samples, size, latency and the error of each layer. The first output of both models must be
   * [samples, classes].
   */
  compare(a: Model, b: Model, options: CompareOptions): Promise<Report>
  /** Ends the worker. Every model of this instance is disposed, and calls that run reject with `DISPOSED`. */
  dispose(): void
}

/** As much of a browser's `Worker` as the library uses. */
export interface WorkerLike {
  /** As a worker's. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  /** As a worker's. */
  terminate(): unknown
  /** Set by the library. */
  onmessage: ((event: { readonly data: unknown }) => void) | null
  /** Set by the library. */
  onerror: ((event: { readonly message?: string }) => void) | null
  /** In Node: from now on the worker keeps the process alive. */
  ref?(): void
  /** In Node: from now on it does not. */
  unref?(): void
}

/** A part of the WebAssembly binary, or where it is. */
export type WasmSource = ArrayBuffer | Uint8Array | URL | string

/** Of `createLowbit`; all may be left out. */
export interface LowbitOptions {
  /**
   * Kernels to use. Where the engine or the machine cannot run `relaxed`, asking for it rejects with `LOAD_FAILED`.
   * @default the fastest that this engine and machine compute exactly: `relaxed`, else `simd128`, and `backend.reason`
   * says why
   */
  tier?: Tier
  /**
   * Whether to time the kernels' tiles, where there is a choice, and take the fastest: some 20 ms, once for each tier
   * as long as this module is loaded. Without it, and where the engine has not compiled its fast code by then, the default
   * tiles run. @default true
   */
  tune?: boolean
  /**
   * Run in a worker, so that the page never waits. Where a worker cannot be started although none was asked for, for
   * example on a page opened from disk, the work runs in the caller's thread: see `backend.thread`. There the event
   * loop turns after every 20 ms of work. A function starts a worker that runs the package's `lowbit/worker`, for
   * bundlers that inline it. @default true in browsers and where `workers` is given, else false
   */
  worker?: boolean | (() => WorkerLike)
  /**
   * How many workers share the samples of a long `calibrate`, `compare` or `run`, and of a `quantize` that only
   * calibrates on them, from 1 up. Each has its own copy of the models; those beyond the first start when there is work
   * for them, with the first call on many samples. No result depends on their number, only the time. @default as many
   * as the machine has cores, at most 4
   */
  workers?: number
  /**
   * Whether to warn on the console, once, where a model or an evaluator was collected as garbage that nobody had disposed
   * of. @default true in Node unless `NODE_ENV` is `production`, false elsewhere
   */
  warnUndisposed?: boolean
  /**
   * The binary's parts: `run` is `lowbit.wasm`, which loads and runs models of the operators of convolutional networks;
   * `quantize`, `lowbit-quantize.wasm`, does all the rest and is read when it is first needed; `relaxed`,
   * `lowbit-relaxed.wasm`, holds the kernels of that tier and is read where it runs. Default: beside the package's own
   * file. A single source is the first of them, and then relaxed kernels are not looked for.
   */
  wasm?: WasmSource | { run?: WasmSource; quantize?: WasmSource; relaxed?: WasmSource }
}
