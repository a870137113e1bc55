// What stays of models that are gone, and of workers that were killed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LowbitError } from 'lowbit'
import { randomFrom } from '../../../tests/support/random.mjs'
import { open, perceptron, spyOnWorkers, tensor } from './support.mjs'

/** The memories of the instances that are made from here on. */
function watchMemories(t) {
  const memories = []
  const { instantiate } = WebAssembly
  t.mock.method(WebAssembly, 'instantiate', async (...args) => {
    const made = await instantiate(...args)
    const found = Object.values(made.exports ?? {}).find((e) => e instanceof WebAssembly.Memory)
    if (found) memories.push(found)
    return made
  })
  return memories
}

test('1,000 models that come and go leave the memory as it was after the tenth', async (t) => {
  const memories = watchMemories(t)
  const lowbit = await open(t, { worker: false })
  assert.equal(memories.length, 1)
  const bytes = perceptron({ inputs: 64, hidden: 128, classes: 10 })
  const calibration = tensor([16, 64], 1)
  const x = tensor([1, 64], 2)
  let after10
  for (let i = 1; i <= 1000; i++) {
    const fp32 = await lowbit.load(bytes)
    const int8 = await lowbit.quantize(fp32, {}, { calibration })
    await fp32.run([x])
    await int8.run([x])
    fp32.dispose()
    int8.dispose()
    if (i === 10) after10 = memories[0].buffer.byteLength
  }
  assert.equal(memories[0].buffer.byteLength, after10)
  assert.equal(memories.length, 1)
})

test('whenever a worker is killed, the next call works', async (t) => {
  const spy = spyOnWorkers()
  const lowbit = await open(t, { worker: spy.start, workers: 1, tune: false })
  const fp32 = await lowbit.load(perceptron())
  const samples = tensor([2000, 8], 3)
  const x = tensor([4, 8], 4)
  const [expected] = await fp32.run([x])
  const random = randomFrom(1)
  // An idle worker does not keep Node alive, not even one whose end is waited for.
  const alive = setInterval(() => {}, 1000)
  t.after(() => clearInterval(alive))
  const calls = [
    () => lowbit.quantize(fp32, {}, { calibration: samples }).then((model) => model.dispose()),
    () => lowbit.calibrate(fp32, { samples }),
    () => fp32.run([samples]),
    () => lowbit.load(perceptron()).then((model) => model.dispose()),
  ]
  const times = []
  for (let i = 0; i < 100; i++) {
    const dying = calls[i % calls.length]().catch((error) => error)
    await sleep(10 * random())
    await spy.workers.at(-1).terminate()
    const error = await dying
    if (error instanceof Error) {
      assert.ok(error instanceof LowbitError, `${error}`)
      assert.equal(error.code, 'BACKEND_FAILED')
    }
    const start = performance.now()
    const [after] = await fp32.run([x])
    times.push(performance.now() - start)
    assert.deepEqual(after, expected)
  }
  assert.ok(spy.workers.length > 90, `${spy.workers.length} workers`)
  t.diagnostic(`the next call took at most ${Math.max(...times).toFixed(0)} ms`)
})
