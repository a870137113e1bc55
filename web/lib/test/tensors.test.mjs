// Tensors of every element type, and what is said of a model's inputs when it is loaded.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { buildModel, open, perceptron, rejects, tensor } from './support.mjs'

const lowbit = await createLowbit()
const inWorkers = await createLowbit({ workers: 2 })
after(() => {
  lowbit.dispose()
  inWorkers.dispose()
})

const pair = (type, op, shape = ['n']) =>
  buildModel({
    inputs: { a: { shape, type }, b: { shape, type } },
    outputs: { y: { shape, type } },
    nodes: [[op, ['a', 'b'], 'y']],
  })

const kinds = [
  ['uint8', Uint8Array.of(250, 3), Uint8Array.of(10, 4), 'Add', Uint8Array.of(4, 7)],
  ['int8', Int8Array.of(-100, 3), Int8Array.of(2, -4), 'Mul', Int8Array.of(56, -12)],
  ['int32', Int32Array.of(7, -7), Int32Array.of(2, 2), 'Div', Int32Array.of(3, -3)],
  [
    'int64',
    BigInt64Array.of(2n ** 40n, 1n),
    BigInt64Array.of(1n, 2n),
    'Sub',
    BigInt64Array.of(2n ** 40n - 1n, -1n),
  ],
  ['bool', Uint8Array.of(1, 2), Uint8Array.of(0, 255), 'Xor', Uint8Array.of(1, 0)],
]

for (const [type, a, b, op, expected] of kinds) {
  test(`${type}: ${op}, here and in workers, into new memory and into lent`, async () => {
    for (const instance of [lowbit, inWorkers]) {
      const model = await instance.load(pair(type, op))
      assert.deepEqual(model.info.inputs[0], { name: 'a', dtype: type, shape: ['n'] })
      const tensors = [a, b].map((data) => ({ data, shape: [2] }))
      const [y] = await model.run(tensors)
      assert.deepEqual(y, { data: expected, shape: [2] })
      const lent = { data: new expected.constructor(2), shape: [2] }
      const [filled] = await model.run(tensors, { outputs: [lent] })
      assert.equal(filled, lent)
      assert.deepEqual(lent.data, expected)
    }
  })
}

test('many samples of integers are cut and put together again', async () => {
  const model = await inWorkers.load(pair('int64', 'Add', ['n', 1024]))
  const count = 300
  const data = BigInt64Array.from({ length: count * 1024 }, (_, i) => BigInt(i))
  const [y] = await model.run([
    { data, shape: [count, 1024] },
    { data, shape: [count, 1024] },
  ])
  assert.deepEqual(y.shape, [count, 1024])
  assert.ok(y.data.every((value, i) => value === 2n * BigInt(i)))
})

test('a tensor of another type is refused, with the name of the one that is wanted', async () => {
  const model = await lowbit.load(pair('int64', 'Add'))
  const data = { data: BigInt64Array.of(1n), shape: [1] }
  await rejects(
    model.run([data, { data: Int32Array.of(1), shape: [1] }]),
    'TYPE_MISMATCH',
    'inputs[1].data',
  )
  await rejects(model.run([data, { data: [1], shape: [1] }]), 'INVALID_ARGUMENT')
  await rejects(
    model.run([data, data], { outputs: [{ data: Float32Array.of(1), shape: [1] }] }),
    'TYPE_MISMATCH',
    'options.outputs[0].data',
  )
})

test('inputs become constants, and symbolic dimensions numbers, also after the host broke', async () => {
  const bytes = buildModel({
    inputs: { x: ['n', 6], s: { shape: [2], type: 'int64' } },
    outputs: { y: [4, 3] },
    nodes: [['Reshape', ['x', 's'], 'y']],
  })
  const s = { data: BigInt64Array.of(4n, 3n), shape: [2] }
  await rejects(lowbit.load(bytes), 'UNSUPPORTED_FEATURE', 'make_y')
  const x = { data: Float32Array.from({ length: 12 }, (_, i) => i), shape: [2, 6] }
  for (const instance of [lowbit, inWorkers]) {
    const model = await instance.load(bytes, { constants: { s }, dimensions: { n: 2 } })
    assert.deepEqual(model.info.inputs, [{ name: 'x', dtype: 'float32', shape: [2, 6] }])
    const [y] = await model.run([x])
    assert.deepEqual(y, { data: x.data, shape: [4, 3] })
  }
  await rejects(lowbit.load(bytes, { constants: { t: s } }), 'INVALID_ARGUMENT', 't')
  await rejects(lowbit.load(bytes, { constants: { s: x } }), 'TYPE_MISMATCH', 's')
  await rejects(
    lowbit.load(bytes, { constants: { s }, dimensions: { m: 1 } }),
    'INVALID_ARGUMENT',
    'm',
  )
  await rejects(
    lowbit.load(bytes, { dimensions: { n: 0 } }),
    'INVALID_ARGUMENT',
    'options.dimensions.n',
  )
})

test('a model runs on where memory has grown, and for shapes that change', async (t) => {
  const own = await open(t, { worker: false })
  const model = await own.load(pair('float32', 'Add'))
  const sum = async (...numbers) => {
    const x = { data: Float32Array.from(numbers), shape: [numbers.length] }
    return [...(await model.run([x, x]))[0].data]
  }
  assert.deepEqual(await sum(1, 2), [2, 4])
  const large = await own.load(perceptron({ inputs: 1024, hidden: 8192 }))
  await large.run([tensor([1, 1024], 1)])
  assert.deepEqual(await sum(3, 4), [6, 8])
  assert.deepEqual(await sum(5), [10])
  // A plan that cannot be made leaves none that could be taken for it.
  const one = { data: Float32Array.of(1), shape: [1, 1] }
  await rejects(model.run([one, one]), 'SHAPE_MISMATCH')
  assert.deepEqual(await sum(7), [14])
})

test('tensors of the model may lie in files, which are handed over', async () => {
  const bytes = buildModel({
    inputs: { x: ['n', 3] },
    outputs: { y: ['n', 3] },
    constants: { w: { type: 'float32', dims: [3], file: 'w.bin' } },
    nodes: [['Add', ['x', 'w'], 'y']],
  })
  assert.deepEqual((await lowbit.inspect(bytes)).files, ['w.bin'])
  const file = new Uint8Array(Float32Array.of(1, 2, 3).buffer)
  const x = { data: Float32Array.of(10, 20, 30), shape: [1, 3] }
  for (const instance of [lowbit, inWorkers]) {
    const given = file.slice()
    const model = await instance.load(bytes, { files: { 'w.bin': given } })
    given.fill(0)
    // Several hosts load it, some of them only now.
    const sums = await Promise.all([model.run([x]), model.run([x]), model.run([x])])
    for (const [y] of sums) assert.deepEqual(y.data, Float32Array.of(11, 22, 33))
  }
  await rejects(lowbit.load(bytes), 'UNSUPPORTED_FEATURE', 'w')
  await rejects(lowbit.load(bytes, { files: { 'w.bin': file.subarray(4) } }), 'INVALID_MODEL', 'w')
  await rejects(
    lowbit.load(bytes, { files: { 'w.bin': 'text' } }),
    'INVALID_ARGUMENT',
    'options.files.w.bin',
  )
  await rejects(lowbit.load(bytes, { files: 1 }), 'INVALID_ARGUMENT', 'options.files')
})
