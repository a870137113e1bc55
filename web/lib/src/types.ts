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

/** The instruction set whose kernels run. */
export type Tier = 'reference' | 'simd128'

/** A dense float32 tensor in ONNX's axis order (NCHW). */
export interface Tensor {
  readonly data: Float32Array
  readonly shape: readonly number[]
}

export interface ValueInfo {
  readonly name: string
  readonly dtype: string
  /** A string names a symbolic dimension, such as "batch". */
  readonly shape: readonly (number | string)[]
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

/** How to quantize. */
export interface Recipe {
  weights?: {
    /** @default 8 */
    bits?: 8
    /** @default 'channel' */
    granularity?: 'tensor' | 'channel'
  }
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

/** Of every long call. Aborting rejects with code `ABORTED`; the model and the instance stay usable. */
export interface CallOptions {
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

export interface QuantizeOptions extends CallOptions {
  /** Samples for the activations' ranges: the model's input with any number of samples along its first dimension. */
  calibration: Tensor
}

export interface CompareOptions extends CallOptions {
  /** The samples, along the first dimension. */
  inputs: Tensor
  /** The right class of each sample; without labels `top1` is not reported. */
  labels?: ArrayLike<number>
  /** Timed runs per model on a single sample, after a warm-up. 0 leaves latency out. @default 50 */
  latencyRuns?: number
}

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
  readonly top1Difference: { readonly difference: number; readonly low: number; readonly high: number } | null
  readonly a: ModelReport
  readonly b: ModelReport
  readonly layers: readonly LayerReport[]
}

/** A loaded model, FP32 or quantized. */
export interface Model extends Disposable {
  readonly info: ModelInfo
  /** One output tensor per model output. Any number of samples along the first dimension. */
  run(inputs: readonly Tensor[], options?: CallOptions): Promise<Tensor[]>
  /** ONNX bytes: FP32 as loaded, or quantized in QDQ form that ONNX Runtime runs unchanged. */
  save(format: 'onnx'): Promise<Uint8Array<ArrayBuffer>>
  /** Frees the model's memory; a second call does nothing. Later calls reject with `DISPOSED`. */
  dispose(): void
}

export interface Backend {
  readonly tier: Tier
  /** Where the work runs. */
  readonly thread: 'worker' | 'main'
  /** Why this tier was chosen, in a sentence. */
  readonly reason: string
}

export interface Lowbit {
  readonly backend: Backend
  readonly version: string
  /** Reads an ONNX file. */
  load(bytes: Uint8Array | ArrayBuffer, options?: CallOptions): Promise<Model>
  /** Post-training quantization; the FP32 model stays as it is. */
  quantize(model: Model, recipe: Recipe, options: QuantizeOptions): Promise<Model>
  /** Accuracy, agreement, size, latency and the error of each layer. */
  compare(a: Model, b: Model, options: CompareOptions): Promise<Report>
  /** Ends the worker. Every model of this instance is disposed. */
  dispose(): void
}

export interface LowbitOptions {
  /** Kernels to use. @default 'simd128' */
  tier?: Tier
  /** Run in a worker. @default true in browsers, false in Node */
  worker?: boolean
  /** The WebAssembly binary, or where it is; default: beside the package's own file. */
  wasm?: ArrayBuffer | Uint8Array | URL | string
}
