/// <reference lib="esnext.disposable" preserve="true" />

// The public types of Lowbit's JavaScript API. The names are those of the C++ headers in src/.

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
] as const

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
 * A dense float32 tensor, row-major, in ONNX's axis order (NCHW). `data` holds as many elements as the product of
 * `shape`. The library copies tensors: those given are only read, and must not change before the call settles; those
 * returned belong to the caller.
 */
export interface Tensor {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

/** What makes an integer stand for a real number: real = scale * (integer - zeroPoint). */
export interface Quantization {
  readonly scale: number
  readonly zeroPoint: number
}

export interface ValueInfo {
  readonly name: string
  /** The element type of the tensors given and returned: "float32". */
  readonly dtype: string
  /** A string names a symbolic dimension, such as "batch". */
  readonly shape: readonly (number | string)[]
  /** In a quantized model: of the integers just inside the model, behind this input or before this output. */
  readonly quantization?: Quantization
}

export interface ModelInfo {
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** How often each operator occurs in the file, by its ONNX name. */
  readonly operators: Readonly<Record<string, number>>
  /** Number of weights and biases. */
  readonly parameters: number
  readonly quantized: boolean
}

/** How to quantize. An empty recipe is a good one. */
export interface Recipe {
  /** Symmetric: the zero point is 0. */
  weights?: {
    /**
     * The integers of `n` bits are those from `1 - 2 ** (n - 1)` to `2 ** (n - 1) - 1`. In matrix products and
     * convolutions, but for depthwise ones, weights of 4 bits or fewer take half a byte each while a model runs; in a
     * saved file each takes a byte, whatever its width.
     * @default 8
     */
    bits?: 2 | 3 | 4 | 5 | 6 | 7 | 8
    /** One scale for a whole weight tensor, or one for each output channel. @default 'channel' */
    granularity?: 'tensor' | 'channel'
  }
  /** Asymmetric, one scale and zero point for each value. */
  activations?: {
    /** @default 8 */
    bits?: 8
  }
}

/** Reported at least four times a second during long calls. */
export interface Progress {
  readonly stage: 'load' | 'calibrate' | 'quantize' | 'run' | 'compare' | 'latency'
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

export interface RunOptions extends CallOptions {
  /**
   * Tensors of the outputs' shapes, to be filled and returned in place of new ones: the memory of large outputs costs a
   * browser more time than their copy. Like inputs they must not be touched before the call settles.
   */
  outputs?: readonly Tensor[]
}

export interface QuantizeOptions extends CallOptions {
  /**
   * Samples for the activations' ranges: the model's input with any number of samples along its first dimension, from 1
   * up. A list for a model with several inputs.
   */
  calibration: Tensor | readonly Tensor[]
}

export interface CompareOptions extends CallOptions {
  /** The samples, along the first dimension. A list for models with several inputs. */
  inputs: Tensor | readonly Tensor[]
  /** The right class of each sample, from 0 up; without labels `top1` is not reported. */
  labels?: ArrayLike<number>
  /** Timed runs per model on a single sample, after a warm-up: 0 to 10,000. 0 leaves latency out. @default 50 */
  latencyRuns?: number
}

/** Of a run of the model itself, without what copies tensors in and out. */
export interface Latency {
  readonly p10: number
  readonly median: number
  readonly p90: number
}

export interface ModelReport {
  /** Of the saved ONNX file. */
  readonly bytes: number
  /** Labelled samples predicted right. */
  readonly correct: number
  /** Share of the labelled samples predicted right, from 0 to 1; `null` without labels. */
  readonly top1: number | null
  /** Milliseconds for one sample; `null` when not measured. */
  readonly latencyMs: Latency | null
  /** The predicted class of each sample. */
  readonly predictions: Int32Array
  /** Best minus second-best logit of each sample. */
  readonly margins: Float32Array
}

export interface LayerReport {
  /** The node's name, its operator, and the value that was compared. */
  readonly name: string
  readonly op: string
  readonly output: string
  /** Signal-to-quantization-noise ratio in dB with every layer up to this one quantized. */
  readonly accumulatedSqnrDb: number
  /** The same with this layer alone quantized. */
  readonly isolatedSqnrDb: number
  /** Median milliseconds of the node in each model; 0 when not measured. */
  readonly aMs: number
  readonly bMs: number
}

export interface Report {
  readonly samples: number
  readonly labelled: number
  /** Samples on which both models predict the same class. */
  readonly agreeing: number
  /** Accuracy of b minus accuracy of a with its 95 % confidence interval; `null` without labels. */
  readonly top1Difference: {
    readonly difference: number
    readonly low: number
    readonly high: number
  } | null
  readonly a: ModelReport
  readonly b: ModelReport
  readonly layers: readonly LayerReport[]
}

/**
 * A loaded model, FP32 or quantized. Disposable: `using`, `dispose()`, or the garbage collector frees it.
 *
 * Every call can reject with `DISPOSED`; with `OUT_OF_MEMORY` or `BACKEND_FAILED`, after which the next call starts
 * afresh and finds its models again; and with `INVALID_ARGUMENT` or `SHAPE_MISMATCH`, where `where` names the argument.
 */
export interface Model extends Disposable {
  readonly info: ModelInfo
  /**
   * One output tensor per model output. Any number of samples along the first dimension, if that is symbolic in the
   * model, or a multiple of its size. Rejects with `SHAPE_MISMATCH` for other shapes than `info.inputs` states,
   * `ACCUMULATOR_OVERFLOW` or `UNSUPPORTED_FEATURE` for an operator that cannot be run.
   */
  run(inputs: readonly Tensor[], options?: RunOptions): Promise<Tensor[]>
  /** ONNX bytes: FP32 as loaded, or quantized in QDQ form that ONNX Runtime runs unchanged. */
  save(format: 'onnx'): Promise<Uint8Array<ArrayBuffer>>
  /** Frees the model's memory; a second call does nothing. Later calls reject with `DISPOSED`. */
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

export interface Lowbit extends Disposable {
  readonly backend: Backend
  readonly version: string
  /**
   * Reads an ONNX file. Rejects with `INVALID_MODEL`, `UNSUPPORTED_OPERATOR` (one error that names them all),
   * `UNSUPPORTED_FEATURE` or `LIMIT_EXCEEDED`; `where` names a node, a value or a byte.
   */
  load(bytes: Uint8Array | ArrayBuffer, options?: CallOptions): Promise<Model>
  /**
   * Post-training quantization; the FP32 model stays as it is. Rejects with `EMPTY_CALIBRATION`, `NON_FINITE` (NaN or
   * infinity in weights or calibration data; `where` names the value), `UNSUPPORTED_OPERATOR` for one without an
   * integer form, `INVALID_ARGUMENT` for a model that is quantized already.
   */
  quantize(model: Model, recipe: Recipe, options: QuantizeOptions): Promise<Model>
  /**
   * Accuracy, agreement, size, latency and the error of each layer. The first output of both models must be
   * [samples, classes].
   */
  compare(a: Model, b: Model, options: CompareOptions): Promise<Report>
  /** Ends the worker. Every model of this instance is disposed, and calls that run reject with `DISPOSED`. */
  dispose(): void
}

/** As much of a browser's `Worker` as the library uses. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void
  terminate(): unknown
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onerror: ((event: { readonly message?: string }) => void) | null
  /** In Node: whether the worker keeps the process alive. */
  ref?(): void
  unref?(): void
}

/** A WebAssembly binary, or where it is. */
export type WasmSource = ArrayBuffer | Uint8Array | URL | string

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
   * How many workers share the samples of a long `compare` or `run`, from 1 up. Each has its own copy of the models; those
   * beyond the first start when there is work for them, with the first call on many samples. No result depends on
   * their number, only the time. @default as many as the machine has cores, at most 4
   */
  workers?: number
  /**
   * The binaries: `lowbit.wasm` for the tiers simd128 and reference, `lowbit-relaxed.wasm` for relaxed; default: beside
   * the package's own file. Only the one that runs is read. A single source is the first of them, and then the only
   * one: relaxed kernels are not looked for.
   */
  wasm?: WasmSource | { simd128?: WasmSource; relaxed?: WasmSource }
}
