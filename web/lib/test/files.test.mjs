// What files hold: models that are not loaded, and arrays.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noise, open, perceptron, rejects, single, weights } from './support.mjs'

for (const worker of [false, true]) {
  test(`inspect, ${worker ? 'worker' : 'main'}`, async (t) => {
    const lowbit = await open(t, { worker })
    const { info } = await lowbit.load(perceptron())
    assert.deepEqual(await lowbit.inspect(perceptron()), {
      opset: 17,
      inputs: info.inputs,
      outputs: info.outputs,
      operators: info.operators,
      parameters: info.parameters,
      files: [],
      unsupported: [],
    })
    const bytes = single('Frobnicate', { opset: 99, constants: { w: weights([2, 3]) } })
    const { opset, operators, parameters, unsupported } = await lowbit.inspect(bytes)
    assert.equal(opset, 99)
    assert.deepEqual(operators, { Frobnicate: 1 })
    assert.equal(parameters, 6)
    assert.deepEqual(unsupported, [{ op: 'Frobnicate', nodes: ['make_y'] }])
    await rejects(lowbit.inspect(bytes.subarray(0, 20)), 'INVALID_MODEL', /^byte \d+$/)
    await rejects(lowbit.inspect('m.onnx'), 'INVALID_ARGUMENT', 'bytes')
  })

  test(`arrays, ${worker ? 'worker' : 'main'}`, async (t) => {
    const lowbit = await open(t, { worker })
    for (const shape of [[], [1], [0, 3], [2, 3, 4]]) {
      const tensor = { data: noise(shape.reduce((product, size) => product * size, 1)), shape }
      const file = await lowbit.writeArray(tensor)
      assert.equal(String.fromCharCode(...file.subarray(1, 6)), 'NUMPY')
      assert.deepEqual(await lowbit.readArray(file), tensor)
    }
    for (const data of [Uint8Array.of(1, 255), Int8Array.of(-1, 1), Int32Array.of(-70000, 1)]) {
      const file = await lowbit.writeArray({ data, shape: [2] })
      assert.deepEqual(await lowbit.readArray(file), { data, shape: [2] })
    }
    const large = { data: BigInt64Array.of(-(2n ** 60n)), shape: [1] }
    assert.deepEqual(await lowbit.readArray(await lowbit.writeArray(large)), large)
    const idx = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 1, 7, 255)
    assert.deepEqual(await lowbit.readArray(idx), { data: Uint8Array.of(7, 255), shape: [2, 1] })
    await rejects(lowbit.readArray(idx.subarray(0, 9)), 'INVALID_DATA', /^byte \d+$/)
    await rejects(lowbit.readArray(new Uint8Array()), 'INVALID_DATA', 'byte 0')
    const data = new Float32Array(2)
    await rejects(lowbit.writeArray({ data, shape: [3] }), 'SHAPE_MISMATCH', 'tensor.shape')
    await rejects(lowbit.writeArray([1, 2]), 'INVALID_ARGUMENT', 'tensor.data')
  })
}

test('classes of a file may be given as labels', async (t) => {
  const lowbit = await open(t)
  const model = await lowbit.load(perceptron())
  const inputs = { data: noise(24), shape: [3, 8] }
  const { a } = await lowbit.compare(model, model, { inputs, latencyRuns: 0 })
  const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, ...a.predictions)
  const { data: labels } = await lowbit.readArray(idx)
  const report = await lowbit.compare(model, model, { inputs, labels, latencyRuns: 0 })
  assert.equal(report.a.top1, 1)
})
