// Operators that compute on floats only: ours against ONNX Runtime, and ONNX Runtime on the file that is saved.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { elements, randomFrom, randomTensor } from '../support/random.mjs'
import { buildModel } from './onnx.mjs'
import { openModel, runtimes } from './ort.mjs'

/** Relative to the largest number of an output: sums of some hundred numbers, in another order. */
const TOLERANCE = 1e-4

const image = [2, 6, 5, 7]
const int64 = (...values) => ({
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
})
const toFloat = (input) => ['Cast', [input], 'y', { to: 1 }]

/** Networks from x to y: `weights` are shapes by name; opset 17 and an image for x where nothing else is said. */
const networks = {
  LayerNormalization: {
    weights: { s: [5, 7], b: [5, 7] },
    nodes: [['LayerNormalization', ['x', 's', 'b'], 'y', { axis: 2 }]],
  },
  RMSNormalization: {
    weights: { s: [7] },
    nodes: [['RMSNormalization', ['x', 's'], 'y']],
    opset: 23,
  },
  InstanceNormalization: {
    weights: { s: [6], b: [6] },
    nodes: [['InstanceNormalization', ['x', 's', 'b'], 'y']],
  },
  GroupNormalization: {
    weights: { s: [6], b: [6] },
    nodes: [['GroupNormalization', ['x', 's', 'b'], 'y', { num_groups: 3 }]],
    opset: 21,
  },
  ConvTranspose: {
    weights: { w: [6, 2, 4, 3], b: [4] },
    nodes: [
      [
        'ConvTranspose',
        ['x', 'w', 'b'],
        'y',
        { strides: [2, 3], pads: [1, 0, 2, 1], output_padding: [1, 0], group: 2 },
      ],
    ],
  },
  ReduceMean: { nodes: [['ReduceMean', ['x'], 'y', { axes: [1, -1], keepdims: 0 }]] },
  ReduceL2: { nodes: [['ReduceL2', ['x'], 'y', { axes: [2] }]] },
  ReduceLogSumExp: { nodes: [['ReduceLogSumExp', ['x'], 'y', { axes: [0, 3] }]] },
  ArgMax: { nodes: [['ArgMax', ['x'], 'i', { axis: 1 }], toFloat('i')] },
  'TopK, its values': {
    constants: { k: int64(3) },
    nodes: [['TopK', ['x', 'k'], ['y', 'i'], { axis: 1 }]],
  },
  'TopK, its indices': {
    constants: { k: int64(3) },
    nodes: [['TopK', ['x', 'k'], ['v', 'i'], { largest: 0 }], toFloat('i')],
  },
  Einsum: {
    weights: { w: [2, 6, 4, 7] },
    nodes: [['Einsum', ['x', 'w'], 'y', { equation: 'bhqd,bhkd->bhqk' }]],
  },
  LogSoftmax: { nodes: [['LogSoftmax', ['x'], 'y', { axis: 1 }]] },
  'Softmax over several axes': { nodes: [['Softmax', ['x'], 'y', { axis: 2 }]], opset: 11 },
  GlobalMaxPool: { nodes: [['GlobalMaxPool', ['x'], 'y']] },
  'Gemm with a matrix': {
    input: [9, 8],
    weights: { w: [8, 5], c: [9, 5] },
    nodes: [['Gemm', ['x', 'w', 'c'], 'y', { beta: 0.5 }]],
  },
}

const lowbit = await createLowbit()
after(() => lowbit.dispose())

async function runInOrt(runtime, bytes, input) {
  const model = await openModel(runtime, bytes)
  const result = await model.run([input])
  await model.release()
  return result
}

for (const [name, network] of Object.entries(networks)) {
  test(name, async (t) => {
    const { input: shape = image, weights = {}, constants = {}, nodes, opset = 17 } = network
    const random = randomFrom(elements(shape) + name.length)
    const tensors = Object.entries(weights).map(([key, dims]) => [
      key,
      { type: 'float32', dims, data: randomTensor(random, dims).data },
    ])
    const bytes = buildModel({
      inputs: { x: shape },
      outputs: { y: { type: 'float32' } },
      constants: { ...Object.fromEntries(tensors), ...constants },
      nodes,
      opset,
    })
    const model = await lowbit.load(bytes)
    const saved = await model.save('onnx')
    const input = randomTensor(random, shape, 2)
    const [ours] = await model.run([input])
    for (const runtime of runtimes) {
      for (const [which, file] of Object.entries({ given: bytes, saved })) {
        const theirs = await runInOrt(runtime, file, input)
        assert.equal(ours.data.length, theirs.length)
        const largest = theirs.reduce((most, y) => Math.max(most, Math.abs(y)), 0)
        const worst = theirs.reduce((most, y, i) => Math.max(most, Math.abs(y - ours.data[i])), 0)
        assert.ok(worst <= TOLERANCE * largest, `${runtime}, the ${which} file: ${worst} apart`)
        t.diagnostic(`${runtime}, the ${which} file: ${(worst / largest).toExponential(1)}`)
      }
    }
  })
}
