// Which tiles the kernels take, and who times them. How long anything takes is not tested.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { beside } from '../dist/beside.js'
import { startBridge } from '../dist/bridge.js'
import { hasRelaxed, open, perceptron, rejects, spyOnWorkers, tensor } from './support.mjs'

const sizes = { inputs: 64, hidden: 256, classes: 10 }
const samples = tensor([9500, 64], 3)
const starts = ({ sent }) => sent.filter(({ kind }) => kind === 'start')

async function results(lowbit) {
  const fp32 = await lowbit.load(perceptron(sizes))
  const int8 = await lowbit.quantize(fp32, {}, { calibration: tensor([64, 64], 5) })
  const inputs = [tensor([61, 64])]
  return [await fp32.run(inputs), await int8.run(inputs)]
}

test('tuned or not, with whatever tiles, results are the same', async (t) => {
  const expected = await results(await open(t, { tune: false }))
  assert.deepEqual(await results(await open(t)), expected)
  if (!hasRelaxed) return
  for (const rows of [4, 6, 8]) {
    const tiles = { f32: rows, int8: rows }
    const worker = () => {
      const started = beside.startWorker()
      const post = started.postMessage
      started.postMessage = (message, transfer) => {
        const known = { relaxed_u: tiles, relaxed_s: tiles, relaxed_p: tiles, relaxed: tiles }
        post({ ...message, tuning: { known, budgetMs: 0 } }, transfer)
      }
      return started
    }
    const lowbit = await open(t, { worker })
    assert.deepEqual(lowbit.backend.tiles, tiles)
    assert.deepEqual(await results(lowbit), expected)
  }
})

test('the tiles are those of the precisions that have a choice', async (t) => {
  const tilesOf = async (options) => (await open(t, options)).backend.tiles
  for (const tier of ['reference', 'simd128']) assert.deepEqual(await tilesOf({ tier }), {})
  if (!hasRelaxed) return
  const expected = { none: { f32: 6 }, signed: { f32: 6, int8: 4 }, unsigned: { f32: 6, int8: 6 } }
  for (const [dot, tiles] of Object.entries(expected)) {
    assert.deepEqual(await tilesOf({ dot, tune: false }), tiles)
    assert.deepEqual(Object.keys(await tilesOf({ dot })), Object.keys(tiles))
  }
})

test('a second instance, and a second worker, take what the first found', async (t) => {
  const first = await open(t)
  const spy = spyOnWorkers()
  const { backend } = await open(t, { worker: spy.start, workers: 2 })
  assert.deepEqual(backend.tiles, first.backend.tiles)
  const second = await open(t, { worker: spy.start, workers: 2 })
  const model = await second.load(perceptron(sizes))
  await second.compare(model, model, { inputs: samples, latencyRuns: 0 })
  assert.equal(starts(spy).length, 3)
  for (const { tuning } of starts(spy)) {
    assert.ok(Object.values(tuning.known).some((tiles) => tiles.f32 === first.backend.tiles.f32))
  }
})

test('a worker takes the tiles that it is given', async () => {
  const first = await WebAssembly.compile(
    readFileSync(new URL('../dist/lowbit.wasm', import.meta.url)),
  )
  const tiles = { f32: 8 }
  const tuning = { known: { simd128: tiles }, budgetMs: 16 }
  const host = await startBridge(beside.startWorker(), [first], 'simd128', tuning)
  assert.deepEqual(host.tiles, tiles)
  host.end()
})

test('without tuning nobody is given time for it, nor what others found', async (t) => {
  await open(t)
  const spy = spyOnWorkers()
  await open(t, { worker: spy.start, tune: false })
  assert.deepEqual(starts(spy)[0].tuning, { known: {}, budgetMs: 0 })
  await rejects(open(t, { tune: 1 }), 'INVALID_ARGUMENT', 'options.tune')
})
