// Measures the zoo and prints the README's table: accuracy and size of each model in FP32 and INT8 (per channel, 512
// calibration images), and milliseconds per image on one thread, beside onnxruntime-web's on the same files, all
// interleaved in one run: medians after a warm-up. Accuracy is on the 10,000 test images, which `npm run data:fetch` brings.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLowbit } from 'lowbit'
import { openModel } from '../tests/oracle/ort.mjs'
import { readSlice, readSplit, toInput } from './data/datasets.mjs'
import { main, projectRoot, say } from './lib/run.mjs'

const models = [
  { name: 'digits-mlp', dataset: 'mnist', slices: 'mnist' },
  { name: 'digits-lenet', dataset: 'mnist', slices: 'mnist' },
  { name: 'fashion-resnet', dataset: 'fashion-mnist', slices: 'fashion' },
  { name: 'fashion-mobilenet', dataset: 'fashion-mnist', slices: 'fashion' },
]

const warmupCount = 200
const runCount = 400

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

/** The median milliseconds of each function, called in turn. */
async function interleaved(functions) {
  const times = functions.map(() => [])
  for (let i = 0; i < warmupCount + runCount; i++) {
    for (const [index, run] of functions.entries()) {
      const start = performance.now()
      await run()
      if (i >= warmupCount) times[index].push(performance.now() - start)
    }
  }
  return times.map(median)
}

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

  const one = toInput(readSlice(`${slices}-calibration`).images)
  const size = 28 * 28
  const image = { shape: [1, 1, 28, 28], data: one.data.slice(0, size) }
  const theirs = [
    await openModel('onnxruntime-web', bytes),
    await openModel('onnxruntime-web', await int8.save('onnx')),
  ]
  const functions = [fp32, int8, ...theirs].map((model) => () => model.run([image]))
  return { name, report, times: await interleaved(functions) }
}

const percent = (share) => `${(100 * share).toFixed(2)} %`
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} KB`
const microseconds = (ms) => `${(1000 * ms).toFixed(0)} µs`

function row({ name, report: { a, b }, times }) {
  const cells = [
    name,
    percent(a.top1),
    percent(b.top1),
    `${kilobytes(a.bytes)} → ${kilobytes(b.bytes)} (${(a.bytes / b.bytes).toFixed(2)}×)`,
    ...times.map(microseconds),
    `${(times[0] / times[1]).toFixed(2)}×`,
    `${(times[2] / times[0]).toFixed(2)}×`,
    `${(times[3] / times[1]).toFixed(2)}×`,
  ]
  return `| ${cells.join(' | ')} |`
}

await main(async () => {
  const lowbit = await createLowbit()
  const headings = [
    'model',
    'FP32 top-1',
    'INT8 top-1',
    'size',
    'FP32',
    'INT8',
    'ORT-web FP32',
    'ORT-web INT8',
    'INT8 over FP32',
    'FP32 over ORT-web',
    'INT8 over ORT-web',
  ]
  say(`Node ${process.versions.node}, ${lowbit.backend.tier}, one thread, one image at a time`)
  say(`| ${headings.join(' | ')} |`)
  say(`|${headings.map((_, i) => (i ? '---:' : '---')).join('|')}|`)
  for (const model of models) say(row(await measure(lowbit, model)))
  lowbit.dispose()
})
