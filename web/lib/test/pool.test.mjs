// Work that several workers share: the same results, and nothing lost where one of them fails.

import assert from 'node:assert/strict'
import { test } from 'node:test'
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

const chunksOn = ({ workers, sent }) =>
  workers.map((worker) => sent.filter((m) => m.verb === 'evaluate' && m.worker === worker).length)

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
  const [one, two] = chunksOn(spy)
  assert.equal(one + two, 1 + 2 * 10)
  assert.ok(two > 0, `${one} and ${two} chunks`)
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
    await compare()
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
