// What a comparison's predictions say of single samples and of classes: counted here, where the labels are.

import type { RawModelReport, RawReport } from './raw.js'
import type { Flip, Prediction, Report, ValueInfo } from './types.js'

function predictionOf({ predictions, margins }: RawModelReport, sample: number): Prediction {
  return { prediction: predictions[sample] ?? 0, margin: margins[sample] ?? 0 }
}

function effectOf(label: number | null, a: Prediction, b: Prediction): Flip['effect'] {
  if (label === null) return null
  if (label === a.prediction) return 'broken'
  return label === b.prediction ? 'repaired' : 'wrong'
}

/** Of equal falls, the earlier sample comes first. */
function flipsOf(report: RawReport, labels: Int32Array): Flip[] {
  const flips: Flip[] = []
  for (let sample = 0; sample < report.samples; ++sample) {
    const a = predictionOf(report.a, sample)
    const b = predictionOf(report.b, sample)
    if (a.prediction === b.prediction) continue
    const label = labels[sample] ?? null
    flips.push({ sample, label, a, b, effect: effectOf(label, a, b) })
  }
  const fall = ({ a, b }: Flip) => a.margin + b.margin
  return flips.sort((first, second) => fall(second) - fall(first))
}

function confusionOf(predictions: Int32Array, labels: Int32Array, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  labels.forEach((label, sample) => {
    const row = counts[label]
    const column = predictions[sample]
    if (row && column !== undefined) row[column] = (row[column] ?? 0) + 1
  })
  return counts
}

/** As many as the output [samples, classes] says, or else as occur. */
function classCount(output: ValueInfo | undefined, ...occurring: Int32Array[]): number {
  const declared = output?.shape[1]
  if (typeof declared === 'number') return declared
  const larger = (most: number, index: number) => Math.max(most, index)
  return 1 + Math.max(...occurring.map((classes) => classes.reduce(larger, 0)))
}

/** `labels`: empty, or one class per sample. `output`: the first one of either model. */
export function withOutcomes(
  report: RawReport,
  labels: Int32Array,
  output: ValueInfo | undefined,
): Report {
  const { a, b } = report
  const classes = classCount(output, labels, a.predictions, b.predictions)
  const withConfusion = (model: RawModelReport) => ({
    ...model,
    confusion: labels.length > 0 ? confusionOf(model.predictions, labels, classes) : null,
  })
  return {
    ...report,
    a: withConfusion(a),
    b: withConfusion(b),
    flips: flipsOf(report, labels),
  }
}
