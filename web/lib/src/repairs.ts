// What searching for a better recipe takes and gives.

import type { Bits, Recipe } from './recipe.js'
import type { Score } from './reports.js'
import type { AnyTensor, CallOptions } from './types.js'

/** What a recipe makes of a model. */
export interface Examination {
  readonly score: Score
  /** Of weights, biases and scales, with two weights of 4 bits or fewer in a byte. */
  readonly bytes: number
}

/** A symptom, and the repair that was tried. */
export interface Finding {
  /** The rule's name, "outliers", and what its repair does, in a few words. */
  readonly rule: string
  readonly repair: string
  /** The layer or model input with the worst figure. */
  readonly layer: string
  /** A sentence with the measured figures. */
  readonly reason: string
  /** The repairs kept before, and this one. */
  readonly recipe: Recipe
  /** The divergence from FP32 that the analysis lets hope for, in nats. */
  readonly expectedKl: number
  readonly before: Examination
  readonly after: Examination
  readonly isKept: boolean
}

/** What `diagnose` found, tried and kept. */
export interface Diagnosis {
  /** In the order in which they were tried. */
  readonly findings: readonly Finding[]
  /** The given one with all repairs that were kept. */
  readonly recipe: Recipe
  /** The FP32 model against itself: its accuracy. */
  readonly fp32: Score
  readonly before: Examination
  readonly after: Examination
}

export interface DiagnoseOptions extends CallOptions {
  /** To calibrate, to learn from and to measure with. A list for a model with several inputs. */
  samples: AnyTensor | readonly AnyTensor[]
  /** The right class of each sample, from 0 up. */
  labels?: ArrayLike<number>
  /** Of the divergence from FP32: a repair that lowers it by less is not kept. From 0 to 1. @default 0.05 */
  leastGain?: number
  /** For devices that have no scales per channel. @default false */
  keepPerTensor?: boolean
  /** The most that `Examination.bytes` may be. */
  byteBudget?: number
}

/** Widths for the layers' weights, as a recipe. */
export interface MixedPoint {
  readonly recipe: Recipe
  /** Of all layers: bytes or milliseconds. */
  readonly cost: number
  /** The sum of the layers' own divergences, in nats. */
  readonly predictedKl: number
}

/** What `mixPrecision` measured, and the points that it found. */
export interface MixedPrecision {
  /** Layers with integer weights, in the order in which they run. */
  readonly layers: readonly string[]
  /** Of each layer at each of the widths: the divergence with its weights alone quantized, in nats. */
  readonly kl: readonly (readonly number[])[]
  /** Likewise. */
  readonly cost: readonly (readonly number[])[]
  /** From the least loss to the least cost. */
  readonly front: readonly MixedPoint[]
  /** `null` without a goal, and where no widths reach it. */
  readonly chosen: MixedPoint | null
  /** Of `chosen`, measured as a whole. */
  readonly score: Score | null
}

export interface MixedPrecisionOptions extends CallOptions {
  /** To calibrate, to learn from and to measure with. A list for a model with several inputs. */
  samples: AnyTensor | readonly AnyTensor[]
  /** The right class of each sample, from 0 up. */
  labels?: ArrayLike<number>
  /** To choose from. @default [8, 7, 6, 5, 4, 3, 2] */
  bits?: readonly Bits[]
  /** What a width costs: bytes of packed weights and scales, or milliseconds of a run. @default 'bytes' */
  cost?: 'bytes' | 'ms'
  /** The most that all layers may cost together. Not with `maxDrop`. */
  budget?: number
  /** The most that may be lost, from 0 to 1: of accuracy with labels, else of agreement with FP32. */
  maxDrop?: number
}
