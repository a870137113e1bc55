// What measuring models gives.

/** How far a model is from the one that it stands for, by their logits for the same samples. */
export interface Score {
  readonly samples: number
  readonly labelled: number
  /** Labelled samples predicted right. */
  readonly correct: number
  /** Share of the labelled samples predicted right, from 0 to 1; `null` without labels. */
  readonly top1: number | null
  /** Samples of which both models predict the same class. */
  readonly agreeing: number
  /** Signal-to-quantization-noise ratio of the logits in dB. */
  readonly sqnrDb: number
  /** Mean Kullback-Leibler divergence between the models' probabilities, in nats. */
  readonly kl: number
}

export interface LayerSensitivity {
  /** The node's or the model input's, and its operator or "Input". */
  readonly name: string
  readonly op: string
  /** With this layer's weights alone quantized; `null` for a layer without. */
  readonly weights: Score | null
  /** With this layer's output alone quantized; `null` where it has the integers of its input. */
  readonly output: Score | null
}

export interface Sensitivity {
  /** The FP32 model against itself: its accuracy. */
  readonly fp32: Score
  /** Inputs, then layers in the order in which they run. */
  readonly layers: readonly LayerSensitivity[]
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
