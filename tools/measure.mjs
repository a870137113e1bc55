// Measures the zoo and prints the README's table of accuracy and size: each model in FP32 and INT8 (per channel, 512
// calibration images), on the 10,000 test images, which `npm run data:fetch` brings. `npm run bench` measures speed.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLowbit } from 'lowbit'
import { readSlice, readSplit, toInput } from './data/datasets.mjs'
import { main, projectRoot, say } from './lib/run.mjs'

const models = [
  { name: 'digits-mlp', dataset: 'mnist', slices: 'mnist' },
  { name: 'digits-lenet', dataset: 'mnist', slices: 'mnist' },
  { name: 'fashion-resnet', dataset: 'fashion-mnist', slices: 'fashion' },
  { name: 'fashion-mobilenet', dataset: 'fashion-mnist', slices: 'fashion' },
]

async function measure(lowbit, { name, dataset, slices }) {
  const bytes = readFileSync(join(projectRoot, 'examples/models', `${name}.onnx`))
  const fp32 = await lowbit.load(bytes)
  const calibration = toInput(readSlice(`${slices}-calibration`).images)
  const int8 = await lowbit.quantize(fp32, {}, { calibration })
  const { images, labels } = readSplit(dataset, 'test')
  const report = await lowbit.compare(fp32, int8, {
    inputs: toInput(images),
    labels,
    latencyRuns: 0,
  })
  return { name, report }
}

const percent = (share) => `${(100 * share).toFixed(2)} %`
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} KB`

function row({ name, report: { a, b } }) {
  const sizes = [kilobytes(a.bytes), kilobytes(b.bytes), `${(a.bytes / b.bytes).toFixed(2)}×`]
  return `| ${[name, percent(a.top1), percent(b.top1), ...sizes].join(' | ')} |`
}

await main(async () => {
  const lowbit = await createLowbit()
  say('| model | FP32 top-1 | INT8 top-1 | FP32 file | INT8 file | smaller by |')
  say('|---|---:|---:|---:|---:|---:|')
  for (const model of models) say(row(await measure(lowbit, model)))
  lowbit.dispose()
})
