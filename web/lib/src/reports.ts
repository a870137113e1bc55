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

/** What one layer costs. */
export interface LayerSensitivity {
  /** The node's or the model input's, and its operator or "Input". */
  readonly name: string
  readonly op: string
  /** With this layer's weights alone quantized; `null` for a layer without. */
  readonly weights: Score | null
  /** With this layer's output alone quantized; `null` where it has the integers of its input. */
  readonly output: Score | null
}

/** What each layer costs that is quantized alone. */
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

/** One model of a comparison. */
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
  /**
   * How many samples of each class got which prediction: a square of counts, rows by the right class and columns by the
   * predicted one, as many as the model has classes; where it leaves their number open, as many as occur in either model or
   * the labels. `null` without labels.
   */
  readonly confusion: readonly (readonly number[])[] | null
}

/** How far a layer's output is from that of model a, over all elements of all samples. */
export interface LayerError {
  /**
   * Signal-to-quantization-noise ratio in dB; `Infinity` where the outputs are equal, `-Infinity` where only model a's is all
   * zero.
   */
  readonly sqnrDb: number
  /**
   * Cosine of the angle between the outputs, from -1 to 1; 1 where they are equal, 0 where only one of them is all zero.
   */
  readonly cosine: number
  /** Mean squared error, in the square of the output's unit. */
  readonly mse: number
}

/** How far one layer of b is off that of a. */
export interface LayerReport {
  /** The node's name, its operator, and the value that was compared. */
  readonly name: string
  readonly op: string
  readonly output: string
  /** With every layer up to this one quantized. */
  readonly accumulated: LayerError
  /** With this layer alone quantized: its inputs are the exact ones, rounded to their integers. */
  readonly isolated: LayerError
  /** Median milliseconds of the node in each model; 0 when not measured. */
  readonly aMs: number
  readonly bMs: number
}

/** What a model said of one sample. */
export interface Prediction {
  /** The predicted class. */
  readonly prediction: number
  /** Best minus second-best logit, from 0 up. */
  readonly margin: number
}

/** A sample of which the models predict different classes. */
export interface Flip {
  /** Its index. */
  readonly sample: number
  /** The right class; `null` without labels. */
  readonly label: number | null
  readonly a: Prediction
  readonly b: Prediction
  /** Whether b alone is right (`repaired`), or a alone (`broken`), or neither (`wrong`); `null` without labels. */
  readonly effect: 'repaired' | 'broken' | 'wrong' | null
}

/** What `compare` found. */
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
  /**
   * Every sample that flipped, the worst first: by the sum of both margins, which is the least by which the lead of a's
   * prediction fell.
   */
  readonly flips: readonly Flip[]
  readonly layers: readonly LayerReport[]
}
