// How to quantize, as data; src/quantize/recipe_json.h has the same as JSON.

/** From two to eight. */
export type Bits = 2 | 3 | 4 | 5 | 6 | 7 | 8

/** Of the weights of matrix products and convolutions. Symmetric: the zero point is 0. */
export interface WeightRecipe {
  /**
   * The integers of `n` bits are those from `1 - 2 ** (n - 1)` to `2 ** (n - 1) - 1`. In matrix products and
   * convolutions, but for depthwise ones, weights of 4 bits or fewer take half a byte each while a model runs; in a
   * saved file each takes a byte, whatever its width.
   * @default 8
   */
  bits?: Bits
  /**
   * One scale for a whole weight tensor, for each output channel, or for each group of so many weights along the reduction.
   * Groups are for matrix products, and for convolutions whose input channels they divide; others have a scale for each
   * channel. @default 'channel'
   */
  granularity?: 'tensor' | 'channel' | 'group:32' | 'group:64' | 'group:128'
  /** What decides about a scale: the largest weight, or the least mean squared error. @default 'max' */
  clipping?: 'max' | 'mse'
  /**
   * To the nearest integer; or up or down as samples show that a layer's outputs change least: AdaRound (Nagel et al. 2020)
   * or GPTQ (Frantar et al. 2022). Both need samples. @default 'nearest'
   */
  rounding?: 'nearest' | 'adaround' | 'gptq'
}

/** Of the values between layers: one scale and zero point for each. */
export interface ActivationRecipe {
  /** `'float'`: values stay float32, and only weights become integers. @default 8 */
  bits?: Bits | 'float'
  /** With the zero point in the middle of the integers. @default false */
  symmetric?: boolean
  /**
   * Which part of what calibration saw the integers cover: all of it, the moving average of the batches' ranges, all but
   * the outermost values, or the part with the least mean squared error or the least Kullback-Leibler divergence.
   * @default 'minmax'
   */
  observer?: 'minmax' | 'moving-average' | 'percentile' | 'mse' | 'entropy'
  /** Of the observer `percentile`: how many of 100 values are inside. Above 50, at most 100. @default 99.99 */
  percentile?: number
}

/** What one layer has of its own; what it leaves out is as for all layers. */
export interface LayerRecipe {
  weights?: WeightRecipe
  /** Of the layer's output. */
  activations?: ActivationRecipe
  /** The layer stays FP32. */
  precision?: 'float'
}

/** How to quantize; JSON. An empty recipe is a good one. */
export interface Recipe {
  version?: 1
  weights?: WeightRecipe
  activations?: ActivationRecipe
  /**
   * Makes the channels of neighbouring layers' weights equally large before anything is quantized (Nagel et al. 2019).
   * Needs samples. @default false
   */
  equalize?: boolean
  /** Takes back what quantization shifts the mean of each output channel by. Needs samples. @default false */
  correctBias?: boolean
  /** Of the choice of samples' parts that algorithms learn from, an integer from 0 up. @default 0 */
  seed?: number
  /** By the name of a node of the model after batch normalization is folded. */
  layers?: Readonly<Record<string, LayerRecipe>>
}
