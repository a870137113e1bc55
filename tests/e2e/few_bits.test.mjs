// Few bits in a browser, as a page that installed the package has them: AdaRound in a worker, which can be stopped at any
// moment, and a layer's bits that change from one measurement to the next. Times are printed, not tested.

import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readSlice, toInput } from '../../tools/data/datasets.mjs'
import { launchChromium } from '../../tools/lib/chromium.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { serve } from '../../tools/serve.mjs'
import { installPackage } from '../package/install.mjs'

const html = '<!doctype html><html lang="en"><title>Lowbit</title><link rel="icon" href="data:,">'

let folder, server, browser
before(async (t) => {
  folder = installPackage(t).app
  writeFileSync(join(folder, 'index.html'), html)
  server = await serve(folder, 0)
  browser = await launchChromium()
})
after(async () => {
  await browser.close()
  await server.close()
})

function putSlice(name) {
  const { images, labels } = readSlice(name)
  const { data, shape } = toInput(images)
  writeFileSync(join(folder, `${name}.f32`), data)
  return { file: `${name}.f32`, shape, labels: [...labels] }
}

/** A page that has `lowbit`, the model `fp32`, and the samples `calibration` and `test`. */
async function openPage(t, model, dataset) {
  copyFileSync(join(projectRoot, `examples/models/${model}.onnx`), join(folder, 'model.onnx'))
  const page = await browser.newPage()
  t.after(() => page.close())
  await page.goto(server.address)
  const slices = [putSlice(`${dataset}-calibration`), putSlice(`${dataset}-test`)]
  await page.evaluate(async (slices) => {
    const { createLowbit } = await import('/node_modules/lowbit/dist/index.js')
    const fetchBuffer = async (path) => (await fetch(path)).arrayBuffer()
    const [calibration, test] = await Promise.all(
      slices.map(async ({ file, shape, labels }) => ({
        inputs: { data: new Float32Array(await fetchBuffer(file)), shape },
        labels,
      })),
    )
    const lowbit = await createLowbit()
    const fp32 = await lowbit.load(await fetchBuffer('model.onnx'))
    Object.assign(globalThis, { lowbit, fp32, calibration, test })
  }, slices)
  return page
}

test('AdaRound reports its progress, can be stopped, and is worth its time', async (t) => {
  const page = await openPage(t, 'fashion-resnet', 'fashion')
  const seen = await page.evaluate(async () => {
    const { lowbit, fp32, calibration, test } = globalThis
    const recipe = { weights: { bits: 4, rounding: 'adaround' } }
    const given = { calibration: calibration.inputs }
    const image = { data: test.inputs.data.slice(0, 784), shape: [1, 1, 28, 28] }
    const evaluator = await lowbit.evaluator(fp32, test)

    const start = performance.now()
    const reports = [start]
    const onProgress = () => reports.push(performance.now())
    const adaround = await lowbit.quantize(fp32, recipe, { ...given, onProgress })
    const seconds = (performance.now() - start) / 1000
    const gaps_ms = reports.slice(1).map((time, i) => time - reports[i])
    const nearest = await lowbit.quantize(fp32, { weights: { bits: 4 } }, given)

    // When so much is done: how long that takes differs from run to run. A little after the report that says so, between two.
    const stop = async (part) => {
      const controller = new AbortController()
      let aborted = 0
      const abort = () => {
        aborted = performance.now()
        controller.abort()
      }
      let timer
      const call = lowbit.quantize(fp32, recipe, {
        ...given,
        signal: controller.signal,
        onProgress: ({ stage, fraction }) => {
          if (stage === 'improve' && fraction >= part) timer ??= setTimeout(abort, 30)
        },
      })
      const outcome = await call.then(
        () => 'done',
        (error) => error.code,
      )
      clearTimeout(timer)
      const rejected = performance.now()
      const [{ data }] = await fp32.run([image])
      const answered = performance.now()
      const classes = data.length
      return { outcome, classes, reject_ms: rejected - aborted, answer_ms: answered - rejected }
    }
    const stops = []
    for (const part of [0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9]) {
      stops.push(await stop(part))
    }
    return {
      thread: lowbit.backend.thread,
      tier: lowbit.backend.tier,
      seconds,
      reportCount: reports.length - 1,
      longestGap_ms: Math.max(...gaps_ms),
      fp32: evaluator.reference,
      adaround: await evaluator.measure(adaround),
      nearest: await evaluator.measure(nearest),
      stops,
    }
  })
  const { seconds, reportCount, longestGap_ms, stops } = seen
  const worst = (name) => Math.max(...stops.map((stop) => stop[name])).toFixed(1)
  const percent = ({ top1 }) => `${(100 * top1).toFixed(2)} %`
  t.diagnostic(`AdaRound in ${seconds.toFixed(2)} s (${seen.tier})`)
  t.diagnostic(`${(reportCount / seconds).toFixed(1)} reports a second`)
  t.diagnostic(`the longest time without a report: ${longestGap_ms.toFixed(0)} ms`)
  t.diagnostic(`worst of ${stops.length} aborts: rejected after ${worst('reject_ms')} ms`)
  t.diagnostic(`and the next call answered after ${worst('answer_ms')} ms more`)
  t.diagnostic(
    `FP32 ${percent(seen.fp32)}, AdaRound ${percent(seen.adaround)}, nearest ${percent(seen.nearest)}`,
  )
  assert.equal(seen.thread, 'worker')
  assert.ok(reportCount > 10)
  for (const { outcome, classes } of stops) assert.deepEqual([outcome, classes], ['ABORTED', 10])
  assert.ok(seen.adaround.sqnrDb > seen.nearest.sqnrDb + 3)
  assert.ok(seen.adaround.top1 > seen.fp32.top1 - 0.02)
})

test('an evaluator measures what one layer of other bits costs', async (t) => {
  const page = await openPage(t, 'digits-lenet', 'mnist')
  const { layers, sensitivity_ms, evaluator_ms, calibrate_ms } = await page.evaluate(async () => {
    const { lowbit, fp32, calibration, test } = globalThis
    const timed = async (work) => {
      const start = performance.now()
      const result = await work()
      return [result, performance.now() - start]
    }
    const count = 1000
    const samples = {
      inputs: { data: test.inputs.data.subarray(0, count * 784), shape: [count, 1, 28, 28] },
      labels: test.labels.slice(0, count),
    }
    const [made, calibrate_ms] = await timed(() =>
      lowbit.calibrate(fp32, { samples: calibration.inputs }),
    )
    const base = await lowbit.quantize(fp32, {}, { calibration: made })
    const [evaluator, evaluator_ms] = await timed(() => lowbit.evaluator(fp32, samples))
    const [sensitivity, sensitivity_ms] = await timed(() => lowbit.sensitivity(fp32, base, samples))
    const names = sensitivity.layers.filter(({ weights }) => weights).map(({ name }) => name)
    const middle = names[names.length >> 1]
    const layers = []
    for (const name of [names[0], middle, names.at(-1)]) {
      const recipe = { layers: { [name]: { weights: { bits: 3 } } } }
      const times = []
      const scores = []
      for (let i = 0; i < 9; i++) {
        await evaluator.measure(base)
        const start = performance.now()
        const changed = await lowbit.quantize(fp32, recipe, { calibration: made })
        const quantized = performance.now()
        scores.push(await evaluator.measure(changed))
        times.push([quantized - start, performance.now() - quantized])
        changed.dispose()
      }
      const median = (k) => times.map((time) => time[k]).sort((a, b) => a - b)[4]
      const fresh = await lowbit.evaluator(fp32, samples)
      const changed = await lowbit.quantize(fp32, recipe, { calibration: made })
      const expected = await fresh.measure(changed)
      layers.push({ name, scores, expected, quantize_ms: median(0), measure_ms: median(1) })
    }
    return { layers, sensitivity_ms, evaluator_ms, calibrate_ms }
  })
  t.diagnostic(`calibrate ${calibrate_ms.toFixed(0)} ms, evaluator ${evaluator_ms.toFixed(0)} ms`)
  t.diagnostic(`sensitivity ${sensitivity_ms.toFixed(0)} ms`)
  for (const { name, scores, expected, quantize_ms, measure_ms } of layers) {
    const sum = (quantize_ms + measure_ms).toFixed(1)
    t.diagnostic(
      `${name}: ${sum} ms = quantize ${quantize_ms.toFixed(1)} + measure ${measure_ms.toFixed(1)}`,
    )
    for (const score of scores) assert.deepEqual(score, expected)
    assert.equal(expected.labelled, 1000)
    assert.ok(expected.top1 > 0.9 && expected.agreeing < 1000)
  }
})
