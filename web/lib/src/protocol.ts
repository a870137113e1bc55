// What the caller's side asks of a session, wherever that runs, and how it travels to a worker and back.

import type {
  DistributionChoice,
  DoctorChoice,
  Evaluation,
  KernelTier,
  MixedPrecisionChoice,
  RawDiagnosis,
  RawMixedPrecision,
  RawReport,
  RawTensor,
  SaveChoice,
} from './raw.js'
import type {
  AnyTensor,
  Calibration,
  Distribution,
  Inspection,
  LayerAccumulators,
  LowbitErrorCode,
  ModelInfo,
  ObservedValue,
  Progress,
  Score,
  Sensitivity,
  Tiles,
  WeightDistribution,
  WeightedLayer,
} from './types.js'

/** What a session shall run; `probe`: the fastest relaxed one that this machine computes exactly. */
export type Kernels = KernelTier | 'probe'

/** How a session comes by its tiles: those known for its tier, else it times them for so long. */
export interface Tuning {
  readonly known: Readonly<Partial<Record<KernelTier, Tiles>>>
  /** 0: it takes the defaults. */
  readonly budgetMs: number
}

/**
 * Names a model or an evaluator; given by the caller's side, so that it can free one whose making it stopped waiting for.
 */
export type ModelId = number

/** What a model is made of. */
export interface ModelSource {
  /** ONNX. */
  readonly bytes: Uint8Array
  /** As in the options of `load`. */
  readonly constants: readonly { readonly name: string; readonly tensor: RawTensor }[]
  readonly dimensions: readonly { readonly name: string; readonly size: number }[]
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

/** The verbs of a session: what each takes and gives. */
export interface Verbs {
  load: { request: { target: ModelId; source: ModelSource }; reply: ModelInfo }
  /** Adds the part of the binary that serves all verbs but `load` and `run`, and holds the operators that fewer models have. */
  complete: { request: { part: WebAssembly.Module }; reply: undefined }
  inspect: { request: { bytes: Uint8Array }; reply: Inspection }
  readArray: { request: { bytes: Uint8Array }; reply: RawTensor }
  writeArray: { request: { tensor: RawTensor }; reply: Uint8Array<ArrayBuffer> }
  calibrate: {
    request: { model: ModelId; samples: readonly RawTensor[] }
    reply: Calibration
  }
  /** Puts the calibrations of chunks of samples together, in their order. */
  mergeCalibrations: { request: { parts: readonly Uint8Array[] }; reply: Calibration }
  /** Whether the recipe, JSON that must fit the model, needs samples and not only their calibration. */
  checkRecipe: { request: { model: ModelId; recipe: string }; reply: boolean }
  quantize: {
    request: {
      model: ModelId
      target: ModelId
      /** JSON. */
      recipe: string
      /** Read where there are no samples to make it of. */
      calibration: Uint8Array
      samples: readonly RawTensor[]
    }
    reply: { info: ModelInfo; bytes: Uint8Array<ArrayBuffer>; warnings: string[] }
  }
  diagnose: {
    request: {
      model: ModelId
      /** JSON. */
      recipe: string
      samples: readonly RawTensor[]
      /** Empty, or one class per sample. */
      labels: Int32Array
      choice: DoctorChoice
    }
    reply: RawDiagnosis
  }
  mixPrecision: {
    request: {
      model: ModelId
      /** JSON. */
      recipe: string
      samples: readonly RawTensor[]
      /** Empty, or one class per sample. */
      labels: Int32Array
      choice: MixedPrecisionChoice
    }
    reply: RawMixedPrecision
  }
  sensitivity: {
    request: { fp32: ModelId; quantized: ModelId; inputs: readonly RawTensor[]; labels: Int32Array }
    reply: Sensitivity
  }
  values: { request: { calibration: Uint8Array }; reply: ObservedValue[] }
  distribution: {
    request: { calibration: Uint8Array; value: string; choice: DistributionChoice }
    reply: Distribution
  }
  layers: { request: { model: ModelId }; reply: WeightedLayer[] }
  weights: {
    request: {
      model: ModelId
      layer: string
      /** -1: all. */
      channel: number
      bins: number
    }
    reply: WeightDistribution
  }
  accumulators: { request: { model: ModelId }; reply: LayerAccumulators[] }
  /** Makes an evaluator and measures its reference. */
  startEvaluator: {
    request: {
      target: ModelId
      reference: ModelId
      inputs: readonly RawTensor[]
      /** Empty, or one class per sample. */
      labels: Int32Array
    }
    reply: Score
  }
  measure: { request: { evaluator: ModelId; model: ModelId }; reply: Score }
  run: {
    request: {
      model: ModelId
      inputs: readonly RawTensor[]
      /** To be filled and returned, where their sizes fit and all samples run at once; empty for none. */
      lent: readonly RawTensor[]
    }
    reply: RawTensor[]
  }
  save: {
    request: { model: ModelId; format: 'onnx' | 'c'; choice: SaveChoice }
    reply: Uint8Array<ArrayBuffer>
  }
  /** Compares two models on some of a comparison's samples. */
  evaluate: {
    request: {
      a: ModelId
      b: ModelId
      inputs: readonly RawTensor[]
      /** Empty, or one class per sample. */
      labels: Int32Array
    }
    reply: Evaluation
  }
  /** Puts the evaluations together, in the order of their samples, and measures latency. */
  report: {
    request: {
      a: ModelId
      b: ModelId
      evaluations: readonly Evaluation[]
      /** What latency is measured on. */
      sample: readonly RawTensor[]
      latencyRuns: number
    }
    reply: RawReport
  }
}

export type Verb = keyof Verbs

/** A running call's line back to its caller. */
export interface Control {
  isAborted: boolean
  onProgress(progress: Progress): void
}

/** A verb that was asked for. */
export interface Call<Reply> {
  readonly reply: Promise<Reply>
  /** Ends the work after its current step; what becomes of `reply` does not matter any more. */
  abort(): void
}

/** A model bound in the caller's thread: tensors in the memory of WebAssembly, and what computes outputs from inputs. */
export interface BoundHere {
  readonly inputs: readonly AnyTensor[]
  readonly outputs: readonly AnyTensor[]
  /** Throws LowbitError. */
  run(): void
}

/** Runs a session until that breaks: in a worker (bridge.ts) or in this thread (local.ts). */
export interface Host {
  readonly version: string
  /** What it runs. */
  readonly tier: KernelTier
  readonly tiles: Tiles
  /** True once no call can succeed any more. */
  readonly isDead: boolean
  /** Whether it runs in the caller's thread, and so can write into the caller's arrays. */
  readonly isHere: boolean
  /**
   * What `run` does, at once, if the host is here, the model ran inputs of these shapes last, and the event loop need not
   * turn; else undefined, and nothing is done.
   */
  runAgain(request: Verbs['run']['request']): Verbs['run']['reply'] | undefined
  /**
   * Plans a model for inputs like these, which it writes; missing where the host is not here. What it returns holds until the model
   * runs, or is released.
   */
  bind?(model: ModelId, inputs: readonly RawTensor[]): BoundHere
  call<V extends Verb>(
    verb: V,
    request: Verbs[V]['request'],
    onProgress: (progress: Progress) => void,
  ): Call<Verbs[V]['reply']>
  release(model: ModelId): void
  end(): void
}

/** A LowbitError as it crosses to another thread. */
export interface FailureMessage {
  readonly code: LowbitErrorCode
  readonly message: string
  readonly where: string
}

export type ToWorker =
  | {
      readonly kind: 'start'
      /** Of the binary: the first, and those that are added to it. */
      readonly parts: readonly WebAssembly.Module[]
      readonly kernels: Kernels
      readonly tuning: Tuning
    }
  | { readonly kind: 'call'; readonly call: number; readonly verb: Verb; readonly request: unknown }
  | { readonly kind: 'abort'; readonly call: number }
  | { readonly kind: 'release'; readonly model: ModelId }

export type FromWorker =
  | {
      readonly kind: 'started'
      readonly version: string
      readonly tier: KernelTier
      readonly tiles: Tiles
    }
  | { readonly kind: 'notStarted'; readonly failure: FailureMessage }
  | { readonly kind: 'progress'; readonly call: number; readonly progress: Progress }
  | { readonly kind: 'done'; readonly call: number; readonly reply: unknown }
  | {
      readonly kind: 'failed'
      readonly call: number
      readonly failure: FailureMessage
      /** The worker's instance is broken; the worker is of no more use. */
      readonly isDead: boolean
    }
