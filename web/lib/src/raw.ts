// The types that cross the border to C++ (src/bindings) and are not public.

import type {
  AnyTensor,
  Bits,
  Diagnosis,
  Finding,
  LowbitErrorCode,
  ModelReport,
  Report,
  SaveOptions,
  Score,
} from './types.js'

/** A tier of src/kernels/tier.h. The relaxed ones need the binary's part for them. */
export type KernelTier =
  | 'reference'
  | 'simd128'
  | 'relaxed'
  | 'relaxed_u'
  | 'relaxed_s'
  | 'relaxed_p'

/** What a C++ function returns in place of its value where it fails. */
export interface Failure {
  error: { code: LowbitErrorCode; message: string; where: string }
}

/** How a model is to be written, with every default filled in. */
export type SaveChoice = Required<SaveOptions>

/** A tensor on its way to C++. */
export interface RawTensor extends AnyTensor {
  /** As `ValueInfo.dtype`; none: float32. */
  readonly dtype?: string
}

/** Where an input or an output of a plan lies in the memory of WebAssembly, row-major. */
export interface Place {
  readonly address: number
  readonly length: number
  readonly dtype: string
  readonly shape: number[]
}

export interface Places {
  inputs: Place[]
  outputs: Place[]
}

/** What mixed precision is to find, with every default filled in. */
export interface MixedPrecisionChoice {
  bits: number[]
  cost: 'bytes' | 'ms'
  budget: number | null
  maxDrop: number | null
}

/** What the doctor is to heed, with every default filled in. */
export interface DoctorChoice {
  leastGain: number
  keepPerTensor: boolean
  byteBudget: number | null
}

/** How a distribution is to be shown, with every default filled in. */
export interface DistributionChoice {
  bits: number
  symmetric: boolean
  percentile: number
  range: { min: number; max: number } | null
  bins: number
  points: number
}

/** As C++ returns it: recipes are JSON. */
export type RawDiagnosis = Omit<Diagnosis, 'findings' | 'recipe'> & {
  findings: (Omit<Finding, 'recipe'> & { recipe: string })[]
  recipe: string
}

/** Widths of the layers, of a point of the front. */
export interface RawMixedPoint {
  bits: Bits[]
  cost: number
  predictedKl: number
}

/** As C++ returns it; recipes are made of the widths in client.ts. */
export interface RawMixedPrecision {
  layers: string[]
  kl: number[][]
  cost: number[][]
  front: RawMixedPoint[]
  chosen: RawMixedPoint | null
  score: Score | null
}

/** As C++ returns it; outcomes.ts adds the rest. */
export type RawModelReport = Omit<ModelReport, 'confusion'>
export type RawReport = Omit<Report, 'a' | 'b' | 'flips'> & { a: RawModelReport; b: RawModelReport }

/** What a comparison gathered on some samples, for another comparison of the same models. */
export interface Evaluation {
  readonly samples: Uint8Array<ArrayBuffer>
  readonly errors: Uint8Array<ArrayBuffer>
}
