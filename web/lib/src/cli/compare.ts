// lowbit compare: two models on the same data, and a gate.

import type { ModelReport, Report } from 'lowbit'
import type { Command } from './command.js'
import { about, exits } from './failures.js'
import { layersOf } from './layers.js'
import { loadModel, type ModelFile } from './models.js'
import { formatBytes, formatCount, formatMs, formatPercent, table } from './output.js'
import { dataFile, readInputs, readLabels, scaleOption } from './tensors.js'

/** What a drop is measured in: counts, which divide without a remainder where percentages would not. */
function dropOf({ samples, labelled, agreeing, a, b }: Report): { drop: number; what: string } {
  if (labelled > 0) return { drop: ((a.correct - b.correct) * 100) / labelled, what: 'top-1 fell' }
  return { drop: ((samples - agreeing) * 100) / samples, what: 'agreement fell' }
}

const outcome = ({ bytes }: ModelFile, { top1, latencyMs }: ModelReport) => ({
  top1,
  bytes,
  median_ms: latencyMs?.median ?? null,
})

function describe(report: Report, files: readonly [ModelFile, ModelFile]): string[] {
  const models = [report.a, report.b].map((model, index) => {
    const { file, bytes } = files[index] as ModelFile
    const top1 = model.top1 === null ? '' : formatPercent(model.top1)
    const latency = model.latencyMs === null ? '' : formatMs(model.latencyMs.median)
    return ['ab'[index] ?? '', file, top1, formatBytes(bytes), latency]
  })
  const layers = layersOf(report).map(({ name, op, sqnr_db }) => [
    name,
    op,
    sqnr_db === null ? 'equal' : sqnr_db.toFixed(1),
  ])
  return [
    ...table(
      [['', 'model', report.labelled > 0 ? 'top-1' : '', 'size', 'median'], ...models],
      [2, 3, 4],
    ),
    '',
    `agreement on ${formatCount(report.samples)} samples: ${formatPercent(report.agreeing / report.samples)}`,
    '',
    ...table([['layer', 'operator', 'SQNR dB'], ...layers], [2]),
  ]
}

export const compare: Command = {
  name: 'compare',
  positionals: ['A', 'B'],
  summary:
    'Compares two models on the same data: accuracy, agreement, size, time and the error of each layer.',
  details: [
    'The first output of both must be [samples, classes]. With --max-drop the exit status is 1 where b loses more than',
    'POINTS percentage points of top-1 to a; without --labels, where they disagree on more than POINTS percent of the samples.',
  ],
  options: {
    data: { value: dataFile, multiple: true, help: 'samples of an input' },
    labels: { value: 'FILE', help: 'the class of each sample' },
    ...scaleOption,
    'max-drop': { value: 'POINTS', help: 'the most that b may lose' },
  },
  examples: [
    ['compare m.onnx q.onnx --data x.npy --labels y.npy', 'what quantization costs'],
    [
      'compare m.onnx q.onnx --data x.npy --labels y.npy --max-drop 0.5 --json',
      'a gate: exit status 1 where top-1 falls by more than half a point',
    ],
    [
      'compare m.onnx q.onnx --data test.images.idx3.gz --labels test.labels.idx1.gz --scale 1/255',
      'on images of bytes',
    ],
  ],
  async run({ args, output, calls, open }) {
    const [fileA = '', fileB = ''] = args.positionals
    args.required('data')
    const maxDrop = args.number('max-drop', 0)
    const lowbit = await open()
    const a = await loadModel(lowbit, fileA, calls)
    const b = await loadModel(lowbit, fileB, calls)
    const inputs = await readInputs(lowbit, a.model, args, 'data')
    const labelsFile = args.text('labels')
    const labels = labelsFile === undefined ? {} : { labels: await readLabels(lowbit, labelsFile) }
    const report = await about(`${fileA} and ${fileB}`, () =>
      lowbit.compare(a.model, b.model, { inputs, ...labels, ...calls }),
    )

    const answer = {
      samples: report.samples,
      agreement: report.agreeing / report.samples,
      a: outcome(a, report.a),
      b: outcome(b, report.b),
      layers: layersOf(report),
    }
    output.answer(answer, () => describe(report, [a, b]))
    const { drop, what } = dropOf(report)
    if (maxDrop === undefined || drop <= maxDrop) return exits.ok
    output.note(`lowbit: ${what} by ${drop.toFixed(2)} points; --max-drop allows ${maxDrop}`)
    return exits.gate
  },
}
