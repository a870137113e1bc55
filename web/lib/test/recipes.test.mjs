// Recipes of every option, and calibrations that serve many of them: the same bytes in every thread and tier.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { buildModel, weights as constant, hasRelaxed, noise, open, tensor } from './support.mjs'

const sizes = { inputs: 256, hidden: 64, classes: 10 }

/** Smaller by powers of two from row to row and along each row, as finer scales are for. */
function uneven(rows, columns, seed) {
  const shrink = (i) => 2 ** -(Math.floor(i / columns) % 4) * 2 ** -(Math.floor(i / 32) % 4)
  return constant(
    [rows, columns],
    noise(rows * columns, seed).map((value, i) => value * shrink(i)),
  )
}

// make_h -> Relu -> make_y
const model = () =>
  buildModel({
    inputs: { x: ['batch', sizes.inputs] },
    outputs: { y: ['batch', sizes.classes] },
    constants: {
      w1: uneven(sizes.hidden, sizes.inputs, 1),
      b1: constant([sizes.hidden], noise(sizes.hidden, 7)),
      w2: uneven(sizes.classes, sizes.hidden, 2),
      b2: constant([sizes.classes], noise(sizes.classes, 9)),
    },
    nodes: [
      ['Gemm', ['x', 'w1', 'b1'], 'h', { transB: 1 }],
      ['Relu', ['h'], 'r'],
      ['Gemm', ['r', 'w2', 'b2'], 'y', { transB: 1 }],
    ],
  })
const samples = tensor([300, sizes.inputs], 3)

const weights = (recipe) => ({ weights: { bits: 3, ...recipe } })
const activations = (recipe) => ({ activations: { bits: 5, ...recipe } })

/** What needs no more than a calibration. */
const plain = {
  'nothing said': {},
  'everything said': {
    version: 1,
    weights: { bits: 8, granularity: 'channel', clipping: 'max', rounding: 'nearest' },
    activations: { bits: 8, symmetric: false, observer: 'minmax', percentile: 99.99 },
    equalize: false,
    correctBias: false,
    seed: 0,
    layers: {},
  },
  ...Object.fromEntries([2, 3, 4, 5, 6, 7].map((bits) => [`weights ${bits}`, weights({ bits })])),
  tensor: weights({ granularity: 'tensor' }),
  'group:32': weights({ granularity: 'group:32' }),
  'group:64': weights({ granularity: 'group:64' }),
  'group:128': weights({ granularity: 'group:128' }),
  clipping: weights({ bits: 2, clipping: 'mse' }),
  ...Object.fromEntries([2, 4, 6].map((bits) => [`activations ${bits}`, activations({ bits })])),
  'activations float': { ...weights(), activations: { bits: 'float' } },
  symmetric: activations({ symmetric: true }),
  'moving-average': activations({ observer: 'moving-average' }),
  percentile: activations({ observer: 'percentile', percentile: 99 }),
  mse: activations({ observer: 'mse' }),
  entropy: activations({ observer: 'entropy' }),
  'a layer of its own': { ...weights(), layers: { make_y: { weights: { bits: 8 } } } },
  'a float layer': { ...weights(), layers: { make_h: { precision: 'float' } } },
}

/** What learns from samples. */
const learning = {
  adaround: weights({ rounding: 'adaround' }),
  gptq: weights({ rounding: 'gptq', granularity: 'group:32', clipping: 'mse' }),
  equalize: { ...weights({ granularity: 'tensor' }), equalize: true },
  correctBias: { ...weights(), correctBias: true },
}

const hash = (bytes) => createHash('sha256').update(bytes).digest('hex')

const places = [
  { tier: 'simd128', worker: false },
  { tier: 'simd128', worker: true },
  { tier: 'reference', worker: false },
  ...(hasRelaxed ? [{ tier: 'relaxed', worker: true }] : []),
]

test('every recipe gives the same bytes and warnings in every thread and tier', async (t) => {
  const made = await Promise.all(
    places.map(async (place) => {
      const lowbit = await open(t, place)
      const fp32 = await lowbit.load(model())
      const results = {}
      for (const [name, recipe] of Object.entries({ ...plain, ...learning })) {
        const quantized = await lowbit.quantize(fp32, recipe, { calibration: samples })
        results[name] = { bytes: await quantized.save('onnx'), warnings: quantized.warnings }
      }
      return results
    }),
  )
  for (const results of made) assert.deepEqual(results, made[0])
  const [first] = made
  assert.deepEqual(first['everything said'], first['nothing said'])
  const seen = new Map([[hash(first['nothing said'].bytes), 'nothing said']])
  delete first['nothing said']
  delete first['everything said']
  for (const [name, { bytes }] of Object.entries(first)) {
    assert.ok(!seen.has(hash(bytes)), `${name} is the same as ${seen.get(hash(bytes))}`)
    seen.set(hash(bytes), name)
  }
})

for (const worker of [false, true]) {
  test(`options do what they are for, ${worker ? 'in a worker' : "in the caller's thread"}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(model())
    const evaluator = await lowbit.evaluator(fp32, { inputs: samples })
    const db = {}
    for (const [name, recipe] of Object.entries({ ...plain, ...learning })) {
      const quantized = await lowbit.quantize(fp32, recipe, { calibration: samples })
      const score = await evaluator.measure(quantized)
      db[name] = score.sqnrDb
    }
    // From the best to the worst.
    const orders = [
      [
        'nothing said',
        'weights 7',
        'weights 6',
        'weights 5',
        'weights 4',
        'weights 3',
        'weights 2',
      ],
      ['nothing said', 'activations 6', 'activations 4', 'activations 2'],
      ['group:32', 'group:64', 'weights 3', 'tensor'],
      ['clipping', 'weights 2'],
      ['activations float', 'weights 3'],
      ['a layer of its own', 'weights 3'],
      ['a float layer', 'weights 3'],
      ['adaround', 'weights 3'],
      ['gptq', 'group:32'],
    ]
    for (const order of orders) {
      const sorted = [...order].sort((a, b) => db[b] - db[a])
      assert.deepEqual(sorted, order, JSON.stringify(db))
    }
    assert.ok(db['nothing said'] > 30)
  })

  test(`a calibration serves as its samples do, ${worker ? 'in a worker' : "in the caller's thread"}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(model())
    const made = await lowbit.calibrate(fp32, { samples: [samples] })
    assert.equal(made.samples, 300)
    assert.ok(made.bytes instanceof Uint8Array)
    // As it comes from a file, in a buffer that holds more than it.
    const stored = { samples: made.samples, bytes: Buffer.concat([made.bytes, Buffer.alloc(9)]) }
    stored.bytes = stored.bytes.subarray(0, made.bytes.length)
    for (const calibration of [made, structuredClone(made), stored]) {
      for (const [name, recipe] of Object.entries(plain)) {
        const [expected, actual] = await Promise.all([
          lowbit.quantize(fp32, recipe, { calibration: samples }),
          lowbit.quantize(fp32, recipe, { calibration }),
        ])
        assert.deepEqual(await actual.save('onnx'), await expected.save('onnx'), name)
      }
    }
    assert.deepEqual(new Uint8Array(stored.bytes), made.bytes, 'arguments are left alone')
    const elsewhere = await open(t, { tier: 'reference', worker: !worker })
    const again = await elsewhere.calibrate(await elsewhere.load(model()), { samples })
    assert.deepEqual(again, made)
  })
}

test('warnings say for whom a recipe asks too much of few samples', async (t) => {
  const lowbit = await open(t)
  const fp32 = await lowbit.load(model())
  assert.deepEqual(fp32.warnings, [])
  const few = { data: samples.data.subarray(0, 100 * 256), shape: [100, 256] }
  const { warnings } = await lowbit.quantize(fp32, learning.adaround, { calibration: few })
  assert.equal(warnings.length, 1)
  assert.match(warnings[0], /'make_h'.* 100 rows/)
  const enough = await lowbit.quantize(fp32, learning.adaround, { calibration: samples })
  assert.deepEqual(enough.warnings, [])
})
