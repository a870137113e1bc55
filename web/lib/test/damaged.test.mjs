// Real models with flipped bits and cut short: a typed error or a result, and never a lost instance.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { LowbitError } from 'lowbit'
import { randomFrom } from '../../../tests/support/random.mjs'
import { open, spyOnWorkers, tensor } from './support.mjs'

/** `npm run hostile` asks for more. */
const flips = Number(process.env.LOWBIT_FLIPS ?? 100)
const names = ['digits-mlp', 'digits-lenet', 'fashion-resnet', 'fashion-mobilenet']
const read = (name) =>
  new Uint8Array(readFileSync(new URL(`../../../examples/models/${name}.onnx`, import.meta.url)))
const broken = ['BACKEND_FAILED', 'OUT_OF_MEMORY']

/** Loads and runs; what comes of it must be a typed error that leaves the instance alone, or outputs. */
async function tryModel(lowbit, bytes) {
  let model
  try {
    model = await lowbit.load(bytes)
    const [{ shape }] = model.info.inputs
    const dims = shape.map((dim) => (typeof dim === 'number' ? dim : 1))
    if (dims.reduce((product, dim) => product * dim, 1) > 2 ** 16) return 'large'
    await model.run([tensor(dims, 1)])
    return 'ran'
  } catch (error) {
    assert.ok(error instanceof LowbitError, `${error.stack}`)
    assert.ok(!broken.includes(error.code), error.message)
    assert.ok(error.message.length > 5)
    return error.code
  } finally {
    model?.dispose()
  }
}

for (const name of names) {
  test(`${name} with flipped bits, and cut short`, async (t) => {
    const spy = spyOnWorkers()
    const lowbit = await open(t, { worker: spy.start, workers: 1 })
    const whole = read(name)
    const fp32 = await lowbit.load(whole)
    const int8 = await lowbit.quantize(fp32, {}, { calibration: tensor([8, 1, 28, 28], 2) })
    const random = randomFrom(1)
    for (const bytes of [whole, await int8.save('onnx')]) {
      assert.equal(await tryModel(lowbit, bytes), 'ran')
      for (let i = 0; i < flips / 2; i++) {
        // Every other one in the first bytes, which are structure and no weights.
        const at = Math.floor(random() * (i % 2 ? bytes.length : 2000))
        const bit = 1 << Math.floor(random() * 8)
        bytes[at] ^= bit
        await tryModel(lowbit, bytes)
        bytes[at] ^= bit
        assert.equal(await tryModel(lowbit, bytes.subarray(0, at)), 'INVALID_MODEL')
      }
    }
    assert.equal(spy.workers.length, 1, 'no instance was lost')
  })
}
