// Work that several workers share: the same results, and nothing lost where one of them fails.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createInstance } from '../dist/instance.js'
import { Pool } from '../dist/pool.js'
import { open, perceptron, rejects, spyOnWorkers, tensor } from './support.mjs'

const sizes = { inputs: 64, hidden: 256, classes: 10 }
/** Ten chunks, the last one short. */
const samples = tensor([9500, 64], 3)
const labels = Array.from({ length: 9500 }, (_, i) => i % 10)

async function openPair(t, options) {
  const lowbit = await open(t, options)
  const fp32 = await lowbit.load(perceptron(sizes))
  const int8 = await lowbit.quantize(fp32, {}, { calibration: tensor([64, 64], 5) })
  const compare = (more) =>
    lowbit.compare(fp32, int8, { inputs: samples, labels, latencyRuns: 0, ...more })
  return { lowbit, fp32, int8, compare }
}

const chunksOn = ({ workers, sent }, verb) =>
  workers.map((worker) => sent.filter((m) => m.verb === verb && m.worker === worker).length)

test('the number of workers changes nothing but the time', async (t) => {
  const results = []
  for (const workers of [undefined, 1, 2, 3]) {
    const { fp32, int8, compare } = await openPair(t, { workers })
    results.push([await compare(), await fp32.run([samples]), await int8.run([samples])])
  }
  const [first, ...others] = results
  assert.equal(first[0].samples, 9500)
  assert.ok(first[0].flips.length > 0)
  for (const other of others) assert.deepEqual(other, first)
})

test('further workers start with work that is long enough, and take part in it', async (t) => {
  const spy = spyOnWorkers()
  const { compare } = await openPair(t, { worker: spy.start, workers: 2 })
  await compare({ inputs: tensor([1024, 64]), labels: undefined })
  assert.equal(spy.workers.length, 1)
  // The second one may start too late for the first call.
  await compare()
  await compare()
  assert.equal(spy.workers.length, 2)
  const [one, two] = chunksOn(spy, 'evaluate')
  assert.equal(one + two, 1 + 2 * 10)
  assert.ok(two > 0, `${one} and ${two} chunks`)
})

/** Calls until the second worker, which starts with the first call, has had a share. */
async function untilBothWork(spy, verb, call) {
  for (let i = 0; i < 50; i++) {
    const before = spy.sent.length
    await call()
    const [, two] = chunksOn({ ...spy, sent: spy.sent.slice(before) }, verb)
    if (two > 0) return
  }
}

/** As C++ does it with all samples in one call. */
async function calibrateAtOnce(bytes) {
  const binary = (name) =>
    WebAssembly.compile(readFileSync(new URL(`../dist/${name}.wasm`, import.meta.url)))
  const instance = await createInstance(await binary('lowbit'))
  await instance.add(await binary('lowbit-quantize'))
  const source = { bytes, constants: [], dimensions: [], files: [] }
  const job = instance.call((module) =>
    module.calibrate(module.load(source, 'simd128', {}), [samples]),
  )
  while (instance.call(() => job.step()));
  return job.result()
}

/** The moving average is what depends on the order in which parts are merged. */
const averaging = { activations: { observer: 'moving-average' } }

test('calibrations, and models quantized by samples, are the same bytes for any number of workers', async (t) => {
  const results = []
  for (const workers of [undefined, 1, 2, 3]) {
    const lowbit = await open(t, { workers })
    const fp32 = await lowbit.load(perceptron(sizes))
    const calibration = await lowbit.calibrate(fp32, { samples })
    assert.equal(calibration.samples, 9500)
    const quantized = [
      await lowbit.quantize(fp32, averaging, { calibration: samples }),
      await lowbit.quantize(fp32, averaging, { calibration }),
      // It learns from the samples, and so calibrates on its own.
      await lowbit.quantize(fp32, { ...averaging, correctBias: true }, { calibration: samples }),
    ]
    results.push([calibration, ...(await Promise.all(quantized.map((m) => m.save('onnx'))))])
  }
  const [first, ...others] = results
  for (const other of others) assert.deepEqual(other, first)
  assert.deepEqual(first[1], first[2])
  assert.deepEqual(await calibrateAtOnce(perceptron(sizes)), first[0])
})

test('calibration is shared, reports the progress of all workers, and can be stopped', async (t) => {
  const spy = spyOnWorkers()
  const { lowbit, fp32 } = await openPair(t, { worker: spy.start, workers: 2 })
  const seen = []
  const onProgress = ({ stage, fraction }) => seen.push([stage, fraction])
  const expected = await lowbit.calibrate(fp32, { samples })
  await untilBothWork(spy, 'calibrate', () => lowbit.calibrate(fp32, { samples }))
  const before = spy.sent.length
  await lowbit.quantize(fp32, {}, { calibration: samples, onProgress })
  const [one, two] = chunksOn({ ...spy, sent: spy.sent.slice(before) }, 'calibrate')
  assert.equal(one + two, 10)
  assert.ok(two > 0, `${one} and ${two} chunks`)
  assert.deepEqual(
    seen.toSorted(([a, i], [b, j]) => a.localeCompare(b) || i - j),
    seen,
  )
  for (const stage of ['calibrate', 'quantize']) {
    const fractions = seen.filter(([name]) => name === stage)
    assert.deepEqual([fractions[0][1], fractions.at(-1)[1]], [0, 1], stage)
  }

  const controller = new AbortController()
  const abort = ({ fraction }) => fraction > 0.2 && controller.abort()
  const options = { samples, onProgress: abort, signal: controller.signal }
  await rejects(lowbit.calibrate(fp32, options), 'ABORTED')
  const kill = () => spy.workers[1].terminate()
  await rejects(lowbit.calibrate(fp32, { samples, onProgress: kill }), 'BACKEND_FAILED')
  assert.deepEqual(await lowbit.calibrate(fp32, { samples }), expected)
})

test('an error of a sample is that of the calibration', async (t) => {
  const { lowbit, fp32 } = await openPair(t, { workers: 2 })
  const broken = { ...samples, data: samples.data.with(9000 * 64, Number.NaN) }
  await rejects(lowbit.calibrate(fp32, { samples: broken }), 'NON_FINITE', 'x')
  await rejects(lowbit.quantize(fp32, {}, { calibration: broken }), 'NON_FINITE', 'x')
})

test('a recipe that does not fit the model is refused before any sample is read', async (t) => {
  const { lowbit, fp32 } = await openPair(t, { workers: 2 })
  const recipe = { layers: { conv9: {} } }
  const stages = new Set()
  const onProgress = ({ stage }) => stages.add(stage)
  const few = tensor([64, 64])
  for (const calibration of [samples, few]) {
    const call = lowbit.quantize(fp32, recipe, { calibration, onProgress })
    await rejects(call, 'INVALID_ARGUMENT', 'layers.conv9')
  }
  for (const verb of ['diagnose', 'mixPrecision']) {
    const call = lowbit[verb](fp32, recipe, { samples: few, onProgress })
    await rejects(call, 'INVALID_ARGUMENT', 'layers.conv9')
  }
  assert.deepEqual([...stages], [])
})

test('progress is that of all workers together', async (t) => {
  const { compare } = await openPair(t, { workers: 3 })
  const seen = []
  const onProgress = ({ stage, fraction }) => seen.push([stage, fraction])
  await compare({ onProgress })
  await compare({ onProgress, latencyRuns: 1 })
  for (const stage of ['compare', 'latency']) {
    const last = seen.findLastIndex(([name]) => name === stage)
    const first = seen.findLastIndex(([name, fraction]) => name === stage && fraction === 0)
    const fractions = seen.slice(first, last + 1).map(([, fraction]) => fraction)
    assert.deepEqual(
      fractions,
      fractions.toSorted((a, b) => a - b),
    )
    assert.equal(fractions.at(-1), 1)
  }
})

test('an abort ends the work of all workers, and everything stays usable', async (t) => {
  const { compare } = await openPair(t, { workers: 3 })
  const expected = await compare()
  const controller = new AbortController()
  const onProgress = ({ fraction }) => fraction > 0.2 && controller.abort()
  await rejects(compare({ onProgress, signal: controller.signal }), 'ABORTED')
  assert.deepEqual(await compare(), expected)
})

for (const place of [0, 1]) {
  test(`a worker that dies is replaced: ${place}`, async (t) => {
    const spy = spyOnWorkers()
    const { compare } = await openPair(t, { worker: spy.start, workers: 2 })
    const expected = await compare()
    // Now both run, and both have work from the first report on.
    await untilBothWork(spy, 'evaluate', compare)
    const onProgress = () => spy.workers[place].terminate()
    await rejects(compare({ onProgress }), 'BACKEND_FAILED')
    assert.deepEqual(await compare(), expected)
    assert.equal(spy.workers.length, 3)
  })
}

test('an error in one chunk is that of the call', async (t) => {
  const { compare } = await openPair(t, { workers: 2 })
  const wrong = labels.with(9000, 10)
  await rejects(compare({ labels: wrong }), 'INVALID_ARGUMENT', 'labels')
  assert.equal((await compare()).labelled, 9500)
})

test('a disposed model is freed in every worker', async (t) => {
  const spy = spyOnWorkers()
  const { fp32, compare } = await openPair(t, { worker: spy.start, workers: 2 })
  await compare()
  await compare()
  fp32.dispose()
  const released = spy.sent.filter(({ kind }) => kind === 'release').map(({ worker }) => worker)
  assert.deepEqual(released, spy.workers)
  await rejects(compare(), 'DISPOSED', 'model')
})

const host = (name) => ({ name, isDead: false })

test('a host that cannot be started leaves its share to the others', async () => {
  const pool = new Pool(host('first'), () => Promise.reject(new Error('no')), 3)
  const names = await pool.share([1, 2, 3], async ({ name }, job) => `${name} ${job}`)
  assert.deepEqual(names, ['first 1', 'first 2', 'first 3'])
})

test('no job begins after a failure', async () => {
  const begun = []
  const pool = new Pool(host('first'), async () => host('second'), 2)
  const failing = pool.share([0, 1, 2, 3, 4], async (_, job) => {
    begun.push(job)
    await new Promise((resolve) => setTimeout(resolve, 5))
    if (job === 1) throw new Error('job 1')
  })
  await assert.rejects(failing, /job 1/)
  const count = begun.length
  await new Promise((resolve) => setTimeout(resolve, 30))
  assert.equal(begun.length, count)
  assert.ok(count < 5)
})
