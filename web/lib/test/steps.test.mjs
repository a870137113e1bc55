// How long work is cut into steps, and samples into batches.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Instance } from '../dist/instance.js'
import { batchingOf, chunksOf, joinSamples, Pacer, Steps, sliceSamples } from '../dist/steps.js'

const info = (...shapes) => ({
  inputs: shapes.slice(0, -1).map((shape) => ({ shape })),
  outputs: shapes.slice(-1).map((shape) => ({ shape })),
})
const zeros = (...shape) => ({
  data: new Float32Array(shape.reduce((product, size) => product * size, 1)),
  shape,
})

test('samples are cut where every value has them along its first dimension', () => {
  const free = info(['batch', 4], ['batch', 3])
  assert.deepEqual(batchingOf(free, [zeros(10, 4)]), { samples: 10, least: 1, batch: 32 })
  const fixed = info([5, 4], [5, 3])
  assert.deepEqual(batchingOf(fixed, [zeros(10, 4)]), { samples: 10, least: 5, batch: 5 })
  const whole = { samples: 10, least: 10, batch: 10 }
  assert.deepEqual(batchingOf(info([3, 4], [3, 3]), [zeros(10, 4)]), whole)
  assert.deepEqual(batchingOf(info(['batch', 4], ['other', 3]), [zeros(10, 4)]), whole)
  assert.deepEqual(batchingOf(info(['batch', 4], [1, 3]), [zeros(10, 4)]), whole)
  const two = info(['batch', 4], ['batch', 2], ['batch', 3])
  assert.equal(batchingOf(two, [zeros(10, 4), zeros(10, 2)]).least, 1)
  assert.deepEqual(batchingOf(two, [zeros(10, 4), zeros(5, 2)]), whole)
})

test('the larger a sample, the fewer at once, down to one', () => {
  const batch = (...inputs) =>
    batchingOf(info(...inputs.map(() => ['batch', 'n']), ['batch', 3]), inputs).batch
  assert.equal(batch(zeros(3, 256)), 32)
  assert.equal(batch(zeros(3, 257)), 16)
  assert.equal(batch(zeros(3, 784)), 8)
  assert.equal(batch(zeros(3, 784), zeros(3, 784)), 4)
  assert.equal(batch(zeros(3, 100_000)), 1)
})

test('chunks are whole batches, and together all samples', () => {
  const chunks = chunksOf({ samples: 600, least: 1, batch: 8 })
  assert.deepEqual(chunks, [
    { first: 0, count: 256 },
    { first: 256, count: 256 },
    { first: 512, count: 88 },
  ])
  assert.deepEqual(chunksOf({ samples: 10, least: 10, batch: 10 }), [{ first: 0, count: 10 }])
})

test('slices share the data, and joined they are the whole', () => {
  const input = { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [6, 2] }
  const [slice] = sliceSamples([input], 2, 3)
  assert.deepEqual(slice, { data: Float32Array.of(4, 5, 6, 7, 8, 9), shape: [3, 2] })
  assert.equal(slice.data.buffer, input.data.buffer)
  const parts = [0, 2, 4].map((first) => sliceSamples([input], first, 2))
  assert.deepEqual(joinSamples(parts), [input])
})

test('all samples are the inputs as they are, also where one has another first dimension', () => {
  const inputs = [zeros(2, 3), zeros(3, 2), zeros()]
  assert.deepEqual(sliceSamples(inputs, 0, 2), inputs)
})

const burn = (ms) => {
  const end = performance.now() + ms
  while (performance.now() < end);
}
const control = () => ({ isAborted: false, onProgress() {} })

test('every item is worked on once, in order, in batches', async () => {
  const calls = []
  await new Steps(control(), new Pacer()).over('run', 20, 8, (...call) => calls.push(call))
  assert.deepEqual(calls, [
    [0, 8],
    [8, 8],
    [16, 4],
  ])
})

test('every stage of a job begins with 0 and ends with 1, and what lies between is reported in time', async () => {
  const left = [
    { stage: 'calibrate', fraction: 0.5 },
    { stage: 'quantize', fraction: 0 },
    ...Array.from({ length: 60 }, (_, i) => ({ stage: 'improve', fraction: i / 60 })),
  ]
  const reports = []
  const times = []
  const reporting = {
    isAborted: false,
    onProgress({ stage, fraction }) {
      reports.push(`${stage} ${fraction}`)
      times.push(performance.now())
    },
  }
  await new Steps(reporting, new Pacer()).through(() => {
    burn(10)
    return left.shift() ?? null
  })
  assert.deepEqual(reports.slice(0, 5), [
    'calibrate 0',
    'calibrate 1',
    'quantize 0',
    'quantize 1',
    'improve 0',
  ])
  assert.equal(reports.at(-1), 'improve 1')
  // 600 ms of work; a report is due every 100 ms, and a machine that is busy elsewhere may miss one.
  assert.ok(times.length >= 5 + 4, `${reports}`)
  assert.ok(times.length <= 5 + 60 / 2, `${reports}`)
})

test('a job that is aborted in its last step has no result', async () => {
  const stoppable = control()
  const work = new Steps(stoppable, new Pacer()).through(() => {
    stoppable.isAborted = true
    return null
  })
  await assert.rejects(work, { code: 'ABORTED' })
})

test('the event loop turns between steps, and work stops when told to', async () => {
  const stoppable = control()
  const done = []
  setTimeout(() => {
    stoppable.isAborted = true
  }, 20)
  const work = (first) => {
    done.push(first)
    burn(12)
  }
  await assert.rejects(new Steps(stoppable, new Pacer()).over('run', 1000, 1, work), {
    code: 'ABORTED',
  })
  assert.ok(done.length < 50, `${done.length}`)
})

test('short calls together let the event loop turn, one alone does not', async () => {
  let hasTurned = false
  setImmediate(() => {
    hasTurned = true
  })
  const pacer = new Pacer()
  const seen = []
  const watched = { isAborted: false, onProgress: ({ fraction }) => seen.push(fraction) }
  await new Steps(watched, pacer).over('run', 1, 1, () => {})
  assert.deepEqual(seen, [0, 1])
  assert.equal(hasTurned, false)
  for (let i = 0; i < 10; i++) await new Steps(control(), pacer).over('run', 1, 1, () => burn(5))
  assert.equal(hasTurned, true)
})

test('an instance that trapped is never entered again', () => {
  const instance = new Instance({ version: () => '1' })
  assert.equal(
    instance.call((module) => module.version()),
    '1',
  )
  const error = { code: 'INVALID_MODEL', message: 'no', where: 'byte 0' }
  assert.throws(() => instance.call(() => ({ error })), { code: 'INVALID_MODEL', where: 'byte 0' })
  assert.equal(instance.isBroken, false)
  const trap = () => {
    throw new WebAssembly.RuntimeError('unreachable')
  }
  assert.throws(() => instance.call(trap), { code: 'BACKEND_FAILED', message: /unreachable/ })
  assert.equal(instance.isBroken, true)
  assert.throws(() => instance.call((module) => module.version()), { code: 'BACKEND_FAILED' })
  instance.free({ delete: () => assert.fail('entered') })
})

for (const message of ['OUT_OF_MEMORY', 'Array buffer allocation failed']) {
  test(`an instance without memory says so: ${message}`, () => {
    const instance = new Instance({})
    const fail = () => {
      throw new RangeError(message)
    }
    assert.throws(() => instance.call(fail), { code: 'OUT_OF_MEMORY' })
    assert.equal(instance.isBroken, true)
  })
}
