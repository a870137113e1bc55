// How activations, weights and accumulators are distributed: what histograms are drawn from.

import type { ActivationRecipe, Bits } from './recipe.js'

/** Equally wide bars from `low` to `high`. */
export interface Histogram {
  readonly low: number
  readonly high: number
  /** Of each bar, from left to right; whole numbers. */
  readonly counts: Float64Array
}

/** What calibration saw of a value of the model. */
export interface ObservedValue {
  /** The value's name; of a node's output in the model after batch normalization is folded. */
  readonly name: string
  /** The least and the largest element, and 0: `min <= 0 <= max`. */
  readonly min: number
  readonly max: number
  /** How many elements there were, over all samples; and how many of them exactly 0. */
  readonly count: number
  readonly zeros: number
}

/** How the activations that `distribution` shows are quantized, and drawn. */
export interface DistributionOptions {
  /** Of the integers. @default 8 */
  bits?: Bits
  /** With the zero point in the middle of the integers: the ranges reach as far below 0 as above. @default false */
  symmetric?: boolean
  /** Of the observer `percentile`. Above 50, at most 100. @default 99.99 */
  percentile?: number
  /** A range of your own to look at beside the observers' choices, `min <= 0 <= max`. */
  range?: { readonly min: number; readonly max: number }
  /** How many bars the histogram has, from 1 to 4096. @default 128 */
  bins?: number
  /** How many points the curve has, from 1 to 1000. @default 64 */
  points?: number
}

/**
 * What integers of a range cost: the mean over all elements of the squared error, apart for those that are clipped, beyond
 * the outermost integers, and those that are rounded. Their sum is the mean squared error.
 */
export interface ClippingPoint {
  readonly min: number
  readonly max: number
  readonly clipError: number
  readonly roundError: number
}

/** The integers of a range, as `quantize` would make them. */
export interface QuantizedRange extends ClippingPoint {
  /** real = scale * (integer - zeroPoint) */
  readonly scale: number
  readonly zeroPoint: number
  /** The lowest integer. */
  readonly qmin: number
  /** The elements that become `qmin`, `qmin + 1`, and so on, zeros included: the histogram after rounding. */
  readonly counts: Float64Array
}

/** An activation before and after rounding. Elements are known to within one of some 4,000 bins. */
export interface Distribution extends ObservedValue {
  /**
   * From `min` to `max`, of all elements but the exact zeros: its counts add up to `count - zeros`. Calibration's own bins
   * are shared out where they straddle two bars, to whole elements.
   */
  readonly histogram: Histogram
  /** Of the whole range shrunk in equal steps, from the smallest to the whole: small ranges clip, large ones round coarsely. */
  readonly curve: readonly ClippingPoint[]
  /** What each observer chooses. */
  readonly choices: Readonly<Record<NonNullable<ActivationRecipe['observer']>, QuantizedRange>>
  /** Of `options.range`, which symmetric integers widen; `null` where it is left out. */
  readonly range: QuantizedRange | null
}

/** A layer with weights: a convolution or a matrix product by a constant. */
export interface WeightedLayer {
  /** The node's, after batch normalization is folded: the same in a model and in those that `quantize` makes of it. */
  readonly name: string
  readonly op: string
  /** Of its output. */
  readonly channels: number
  /** Of weights. */
  readonly count: number
}

/** Which weights `weights` counts, and how finely. */
export interface WeightOptions {
  /** One output channel, from 0 up, in place of all. */
  channel?: number
  /** How many bars the histogram has, from 1 to 4096. @default 128 */
  bins?: number
}

/** A layer's weights, counted. */
export interface WeightDistribution {
  /** Of the real weights, or of those that the integers stand for; from the least to the largest of them. */
  readonly histogram: Histogram
  /** How many weights are `qmin`, `qmin + 1`, and so on; `null` for a layer of real weights. */
  readonly integers: { readonly qmin: number; readonly counts: Float64Array } | null
  /**
   * Of every output channel: its least and its largest weight, and the scale of its integers, the largest where it has one for
   * each group; `null` for real weights.
   */
  readonly ranges: readonly {
    readonly min: number
    readonly max: number
    readonly scale: number | null
  }[]
}

/**
 * The sums of a layer that computes in integers, bias included: proven bounds over all inputs that its integers allow. Weights
 * in groups have a sum for each, without the bias; bounds are those of all groups of a channel.
 */
export interface LayerAccumulators {
  readonly name: string
  readonly op: string
  /** The lowest and the highest sum of each output channel; whole numbers. */
  readonly low: Float64Array
  readonly high: Float64Array
  /** Of the narrowest signed integers that hold all of them. With more than 32 the model cannot be run. */
  readonly bits: number
  /** How much of int32 the largest of them takes up: 1 is all of it. */
  readonly share: number
}
