// Models that are bound: their tensors are read and written where they lie.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildModel, open, perceptron, rejects, tensor } from './support.mjs'

const here = { worker: false }

/** Asserts that `action` throws a LowbitError of this code. */
const throws = (action, code) => assert.throws(action, { name: 'LowbitError', code })

test('a bound model gives what run gives, of what is written in place, and keeps its inputs', async (t) => {
  const lowbit = await open(t, here)
  const fp32 = await lowbit.load(perceptron())
  const int8 = await lowbit.quantize(fp32, {}, { calibration: tensor([16, 8], 1) })
  for (const model of [fp32, int8]) {
    const [a, b] = [tensor([4, 8], 2), tensor([4, 8], 3)]
    const bound = await model.bind([a])
    const [x] = bound.inputs
    const [y] = bound.outputs
    assert.deepEqual([x.shape, y.shape], [a.shape, [4, 3]])
    assert.deepEqual(x.data, a.data)
    for (const { data } of [a, b, b]) {
      x.data.set(data)
      bound.run()
      const [expected] = await model.run([{ data, shape: [4, 8] }])
      assert.deepEqual(y.data, expected.data)
      assert.deepEqual(x.data, data)
    }
    bound.dispose()
  }
})

test('it is a model of its own: others run, grow the memory and are disposed of', async (t) => {
  const lowbit = await open(t, here)
  const model = await lowbit.load(perceptron())
  const a = tensor([2, 8], 1)
  const [expected] = await model.run([a])
  const bound = await model.bind([a])
  const other = await model.bind([tensor([2, 8], 5)])
  bound.run()
  other.run()
  const before = bound.inputs[0].data

  await model.run([tensor([7, 8], 2)])
  assert.deepEqual(bound.outputs[0].data, expected.data)
  model.dispose()
  const large = await lowbit.load(perceptron({ inputs: 2048, hidden: 2048 }))
  await large.run([tensor([1, 2048], 3)])
  assert.equal(before.length, 0, 'memory grew')
  assert.deepEqual(bound.inputs[0].data, a.data)
  bound.run()
  assert.deepEqual(bound.outputs[0].data, expected.data)
})

test('elements of other types; what is not 0 is true', async (t) => {
  const lowbit = await open(t, here)
  const shape = [3]
  const model = await lowbit.load(
    buildModel({
      inputs: { a: { shape, type: 'bool' }, b: { shape, type: 'bool' } },
      outputs: { y: { shape, type: 'bool' } },
      nodes: [['Xor', ['a', 'b'], 'y']],
    }),
  )
  const first = { data: Uint8Array.of(1, 9, 0), shape }
  const bound = await model.bind([first, first])
  assert.deepEqual(bound.inputs[0].data, Uint8Array.of(1, 1, 0))
  bound.inputs[1].data.set([0, 77, 5])
  bound.run()
  assert.deepEqual(bound.outputs[0].data, Uint8Array.of(1, 0, 1))
})

test('1,000 bindings that come and go leave the memory as it was after the tenth', async (t) => {
  const lowbit = await open(t, here)
  const model = await lowbit.load(perceptron({ inputs: 64, hidden: 128 }))
  const x = tensor([1, 64], 1)
  let after10
  for (let i = 1; i <= 1000; i++) {
    const bound = await model.bind([x])
    bound.run()
    if (i === 10) after10 = bound.inputs[0].data.buffer.byteLength
    if (i === 1000) assert.equal(bound.inputs[0].data.buffer.byteLength, after10)
    bound.dispose()
  }
})

test('what cannot be bound, and what is gone, is said', async (t) => {
  const inWorker = await open(t, { worker: true })
  const away = await inWorker.load(perceptron())
  await rejects(away.bind([tensor([1, 8], 1)]), 'UNSUPPORTED_FEATURE', 'worker')

  const lowbit = await open(t, here)
  const model = await lowbit.load(perceptron())
  await rejects(model.bind([tensor([1, 9], 1)]), 'SHAPE_MISMATCH')
  await rejects(model.bind(tensor([1, 8], 1)), 'INVALID_ARGUMENT', 'inputs')
  const fixed = await lowbit.load(perceptron({ batch: 2 }))
  await rejects(fixed.bind([tensor([4, 8], 1)]), 'SHAPE_MISMATCH')

  const bound = await model.bind([tensor([1, 8], 1)])
  const [x] = bound.inputs
  bound.dispose()
  bound.dispose()
  throws(() => bound.run(), 'DISPOSED')
  throws(() => x.data, 'DISPOSED')

  const last = await model.bind([tensor([1, 8], 1)])
  model.dispose()
  await rejects(model.bind([tensor([1, 8], 1)]), 'DISPOSED')
  lowbit.dispose()
  throws(() => last.run(), 'DISPOSED')
})
