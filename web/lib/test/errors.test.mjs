// Every code of the one list of errors, and where each comes from.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createLowbit, errorCodes } from 'lowbit'
import { buildModel, open, perceptron, rejects, single, tensor, weights } from './support.mjs'

test('the codes are those of C++, in order', () => {
  const list = readFileSync(new URL('../../../src/base/errors.inc', import.meta.url), 'utf8')
  const codes = [...list.matchAll(/^LOWBIT_ERROR\(\w+, "(\w+)"/gm)].map(([, code]) => code)
  assert.ok(codes.length > 10)
  assert.deepEqual([...errorCodes], codes)
})

for (const worker of [false, true]) {
  test(`models that cannot be loaded, ${worker ? 'worker' : 'main'}`, async (t) => {
    const lowbit = await open(t, { worker })
    const bytes = perceptron()
    await rejects(lowbit.load(bytes.subarray(0, bytes.length / 2)), 'INVALID_MODEL', /^byte \d+$/)
    await rejects(lowbit.load(new Uint8Array()), 'INVALID_MODEL')
    await rejects(lowbit.load(single('Frobnicate')), 'UNSUPPORTED_OPERATOR', /make_y|Frobnicate/)
    await rejects(lowbit.load(single('Relu', { opset: 24 })), 'UNSUPPORTED_FEATURE')
    const rank9 = Array(9).fill(1)
    await rejects(lowbit.load(single('Relu', { x: rank9 })), 'LIMIT_EXCEEDED')
  })
}

test('models that cannot be run or quantized', async (t) => {
  const lowbit = await open(t)
  const calibration = tensor([4, 8])

  const long = buildModel({
    inputs: { x: ['n', 40_000] },
    outputs: { y: ['n', 2] },
    constants: { w: weights([2, 40_000]) },
    nodes: [['Gemm', ['x', 'w'], 'y', { transB: 1 }]],
  })
  const model = await lowbit.load(long)
  const x = tensor([1, 40_000])
  const integers = lowbit.quantize(model, {}, { calibration: x }).then((int8) => int8.run([x]))
  await rejects(integers, 'ACCUMULATOR_OVERFLOW', 'make_y')

  const infinite = weights([2, 8])
  infinite.data[3] = Number.POSITIVE_INFINITY
  const broken = buildModel({
    inputs: { x: ['n', 8] },
    outputs: { y: ['n', 2] },
    constants: { w: infinite },
    nodes: [['Gemm', ['x', 'w'], 'y', { transB: 1 }]],
  })
  await rejects(lowbit.load(broken), 'NON_FINITE', 'w')

  const fp32 = await lowbit.load(perceptron())
  const poisoned = tensor([4, 8])
  poisoned.data[17] = Number.NaN
  await rejects(lowbit.quantize(fp32, {}, { calibration: poisoned }), 'NON_FINITE', 'x')
  const int8 = await lowbit.quantize(fp32, {}, { calibration })
  await rejects(lowbit.quantize(int8, {}, { calibration }), 'INVALID_ARGUMENT')
})

test('a tensor beyond what a plan may take is refused, and the next call works', async (t) => {
  const lowbit = await open(t, { worker: false })
  const model = await lowbit.load(single('Relu', { x: [1, 'n'] }))
  const other = await lowbit.load(perceptron())
  const huge = { data: new Float32Array(300_000_000), shape: [1, 300_000_000] }
  await rejects(model.run([huge]), 'LIMIT_EXCEEDED')
  const [y] = await model.run([{ data: Float32Array.of(-1, 2), shape: [1, 2] }])
  assert.deepEqual([...y.data], [0, 2])
  assert.equal((await other.run([tensor([2, 8])]))[0].data.length, 6)
})

test('arguments', async (t) => {
  const lowbit = await open(t)
  const model = await lowbit.load(perceptron())
  const int8 = await lowbit.quantize(model, {}, { calibration: tensor([4, 8]) })
  const x = tensor([4, 8])
  const [bad, mismatch] = ['INVALID_ARGUMENT', 'SHAPE_MISMATCH']

  await t.test('createLowbit', async () => {
    await rejects(createLowbit(null), bad, 'options')
    await rejects(createLowbit({ tier: 'avx' }), bad, 'options.tier')
    await rejects(createLowbit({ worker: 'yes' }), bad, 'options.worker')
    await rejects(createLowbit({ wasm: 7 }), bad, 'options.wasm')
    await rejects(createLowbit({ wasm: { simd: '' } }), bad, 'options.wasm.simd')
    await rejects(createLowbit({ wasm: { relaxed: 7 } }), bad, 'options.wasm.relaxed')
    for (const workers of [0, 1.5, -1, '2']) {
      await rejects(createLowbit({ workers }), bad, 'options.workers')
    }
    await rejects(createLowbit({ workers: 2, worker: false }), bad, 'options.workers')
  })

  await t.test('load', async () => {
    for (const bytes of [undefined, null, 'text', [1, 2], new Float32Array(2)]) {
      await rejects(lowbit.load(bytes), bad, 'bytes')
    }
    await rejects(lowbit.load(perceptron(), 5), bad, 'options')
    await rejects(lowbit.load(perceptron(), { signal: {} }), bad, 'options.signal')
    await rejects(lowbit.load(perceptron(), { onProgress: 1 }), bad, 'options.onProgress')
  })

  await t.test('run', async () => {
    await rejects(model.run(x), bad, 'inputs')
    await rejects(model.run([]), mismatch, 'inputs')
    await rejects(model.run([x, x]), mismatch, 'inputs')
    await rejects(model.run([null]), bad, 'inputs[0]')
    await rejects(model.run([{ data: [1, 2], shape: [2] }]), bad, 'inputs[0].data')
    await rejects(model.run([{ data: x.data, shape: 32 }]), bad, 'inputs[0].shape')
    await rejects(model.run([{ data: x.data, shape: [-4, -8] }]), bad, 'inputs[0].shape')
    await rejects(model.run([{ data: x.data, shape: [3, 8] }]), mismatch, 'inputs[0].shape')
    await rejects(model.run([{ data: x.data, shape: [8, 4] }]), mismatch, 'x')
    await rejects(model.run([{ data: x.data, shape: [32] }]), mismatch, 'x')
    const run = (...outputs) => model.run([x], { outputs })
    await rejects(model.run([x], { outputs: x }), bad, 'options.outputs')
    await rejects(run(), mismatch, 'options.outputs')
    await rejects(run({ data: [1], shape: [1] }), bad, 'options.outputs[0].data')
    const data = new Float32Array(12)
    for (const shape of [[12], [3, 4], [2, 6]]) {
      await rejects(run({ data, shape }), mismatch, 'options.outputs[0]')
    }
    await rejects(run({ data: data.subarray(3), shape: [3, 3] }), mismatch, 'options.outputs[0]')
    await rejects(model.save('tflite'), bad, 'format')
    await rejects(model.save('onnx', null), bad, 'options')
    await rejects(model.save('onnx', { form: 'tflite' }), bad, 'options.form')
    await rejects(model.save('onnx', { int4: 1 }), bad, 'options.int4')
  })

  await t.test('quantize', async () => {
    const calibration = x
    await rejects(lowbit.quantize({}, {}, { calibration }), bad, 'model')
    await rejects(lowbit.quantize(model, null, { calibration }), bad, 'recipe')
    await rejects(lowbit.quantize(model, { bits: 8 }, { calibration }), bad, 'bits')
    for (const bits of [1, 9, 4.5, '4']) {
      const recipe = { weights: { bits } }
      await rejects(lowbit.quantize(model, recipe, { calibration }), bad, 'weights.bits')
    }
    const narrow = { activations: { bits: 1 } }
    await rejects(lowbit.quantize(model, narrow, { calibration }), bad, 'activations.bits')
    const grouped = { weights: { granularity: 'group' } }
    await rejects(lowbit.quantize(model, grouped, { calibration }), bad, 'weights.granularity')
    const layers = { 'no such layer': { precision: 'float' } }
    const where = 'layers.no such layer'
    await rejects(lowbit.quantize(model, { layers }, { calibration }), bad, where)
    await rejects(lowbit.quantize(model, {}), bad, 'options')
    await rejects(lowbit.quantize(model, {}, {}), bad, 'options.calibration')
    const empty = { data: new Float32Array(), shape: [0, 8] }
    const none = lowbit.quantize(model, {}, { calibration: empty })
    await rejects(none, 'EMPTY_CALIBRATION', 'options.calibration')
    await rejects(lowbit.quantize(model, {}, { calibration: [] }), mismatch, 'options.calibration')
    await rejects(lowbit.quantize(int8, {}, { calibration }), bad, 'model')
  })

  await t.test('recipes', async () => {
    const refuses = (recipe, where) =>
      rejects(lowbit.quantize(model, recipe, { calibration: x }), bad, where)
    const cycle = {}
    cycle.layers = { a: cycle }
    const throwing = {
      toJSON() {
        throw new TypeError('mine')
      },
    }
    for (const recipe of [cycle, { seed: 1n }, throwing, { toJSON: () => undefined }, []]) {
      await refuses(recipe, 'recipe')
    }
    const deep = {}
    for (let at = deep, i = 0; i < 100; i++) at = at.weights = {}
    await refuses(deep, /^byte \d+$/)
    await refuses({ version: 2 }, 'version')
    await refuses({ equalize: 1 }, 'equalize')
    await refuses({ correctBias: 'yes' }, 'correctBias')
    for (const seed of [-1, 0.5, 2 ** 32, Number.NaN, null]) await refuses({ seed }, 'seed')
    await refuses({ weights: null }, 'weights')
    await refuses({ weights: { group: 32 } }, 'weights.group')
    await refuses({ weights: { bits: Number.NaN } }, 'weights.bits')
    await refuses({ weights: { clipping: 'min' } }, 'weights.clipping')
    await refuses({ weights: { rounding: 'down' } }, 'weights.rounding')
    await refuses({ activations: { bits: 'int8' } }, 'activations.bits')
    await refuses({ activations: { symmetric: 0 } }, 'activations.symmetric')
    await refuses({ activations: { observer: 'max' } }, 'activations.observer')
    for (const percentile of [50, 101, Number.NaN, '99']) {
      await refuses({ activations: { percentile } }, 'activations.percentile')
    }
    const layer = (recipe) => ({ layers: { make_h: recipe } })
    await refuses({ layers: [] }, 'layers')
    await refuses(layer(4), 'layers.make_h')
    await refuses(layer({ bits: 4 }), 'layers.make_h.bits')
    await refuses(layer({ precision: 'int8' }), 'layers.make_h.precision')
    await refuses(layer({ weights: { bits: 9 } }), 'layers.make_h.weights.bits')
    const outside = layer({ activations: { percentile: 0 } })
    await refuses(outside, 'layers.make_h.activations.percentile')
  })

  await t.test('calibrate', async () => {
    const calibrate = (samples) => lowbit.calibrate(model, { samples })
    await rejects(lowbit.calibrate({}, { samples: x }), bad, 'model')
    await rejects(lowbit.calibrate(int8, { samples: x }), bad, 'model')
    await rejects(lowbit.calibrate(model), bad, 'options')
    await rejects(calibrate(undefined), bad, 'options.samples')
    await rejects(calibrate([x, x]), mismatch, 'options.samples')
    await rejects(calibrate([{ ...x, data: [1] }]), bad, 'options.samples[0].data')
    await rejects(calibrate(tensor([4, 9])), mismatch, 'x')
    const empty = { data: new Float32Array(), shape: [0, 8] }
    await rejects(calibrate(empty), 'EMPTY_CALIBRATION', 'options.samples')
    const poisoned = tensor([4, 8])
    poisoned.data[3] = Number.POSITIVE_INFINITY
    await rejects(calibrate(poisoned), 'NON_FINITE', 'x')
  })

  await t.test('a calibration', async () => {
    const quantize = (calibration, recipe = {}) => lowbit.quantize(model, recipe, { calibration })
    const calibration = await lowbit.calibrate(model, { samples: x })
    const { bytes } = calibration
    await rejects(quantize({ bytes: [...bytes] }), bad, 'options.calibration.bytes')
    for (const length of [0, 1, 7, bytes.length - 1]) {
      await rejects(quantize({ bytes: bytes.subarray(0, length) }), 'INVALID_DATA', /^byte \d+$/)
    }
    await rejects(quantize({ bytes: perceptron() }), 'INVALID_DATA', 'byte 0')
    const newer = bytes.slice()
    newer[7] = 9
    await rejects(quantize({ bytes: newer }), 'UNSUPPORTED_FEATURE')
    const relu = await lowbit.load(single('Relu', { x: ['n', 8], y: ['n', 8] }))
    const foreign = await lowbit.calibrate(relu, { samples: x })
    await rejects(quantize(foreign), bad, /^[hry]$/)
    for (const recipe of [
      { equalize: true },
      { correctBias: true },
      { weights: { rounding: 'gptq' } },
      { layers: { make_h: { weights: { rounding: 'adaround' } } } },
    ]) {
      await rejects(quantize(calibration, recipe), bad, 'calibration')
    }
    await quantize(calibration)
  })

  await t.test('evaluator', async () => {
    const start = (options) => lowbit.evaluator(model, { inputs: x, ...options })
    await rejects(lowbit.evaluator({}, { inputs: x }), bad, 'reference')
    await rejects(lowbit.evaluator(model), bad, 'options')
    await rejects(start({ inputs: undefined }), bad, 'options.inputs')
    await rejects(start({ inputs: tensor([4, 9]) }), mismatch, 'x')
    await rejects(
      start({ inputs: { data: new Float32Array(), shape: [0, 8] } }),
      bad,
      'options.inputs',
    )
    await rejects(start({ labels: [1] }), mismatch, 'options.labels')
    await rejects(start({ labels: [0, 1, -1, 2] }), bad, 'options.labels[2]')
    await rejects(start({ labels: [0, 1, 2, 3] }), bad, 'labels')
    const evaluator = await start({ labels: [0, 1, 2, 0] })
    await rejects(evaluator.measure(evaluator), bad, 'model')
    await rejects(evaluator.measure(int8, null), bad, 'options')
    const wider = await lowbit.load(perceptron({ inputs: 9 }))
    await rejects(evaluator.measure(wider), mismatch, 'x')
    const more = await lowbit.load(perceptron({ classes: 4 }))
    await rejects(evaluator.measure(more), mismatch, 'model')
    assert.equal((await evaluator.measure(int8)).samples, 4)
  })

  await t.test('sensitivity', async () => {
    const measure = (options) => lowbit.sensitivity(model, int8, { inputs: x, ...options })
    await rejects(lowbit.sensitivity({}, int8, { inputs: x }), bad, 'fp32')
    await rejects(lowbit.sensitivity(int8, int8, { inputs: x }), bad, 'fp32')
    await rejects(lowbit.sensitivity(model, {}, { inputs: x }), bad, 'quantized')
    await rejects(lowbit.sensitivity(model, model, { inputs: x }), bad, 'quantized')
    await rejects(lowbit.sensitivity(model, int8), bad, 'options')
    await rejects(measure({ inputs: tensor([4, 9]) }), mismatch, 'x')
    await rejects(measure({ labels: [1, 2] }), mismatch, 'options.labels')
    await rejects(measure({ labels: [0, 1, 2, 3] }), bad, 'labels')
  })

  await t.test('compare', async () => {
    const compare = (options) => lowbit.compare(model, int8, { inputs: x, ...options })
    await rejects(lowbit.compare(model, model.info, { inputs: x }), bad, 'b')
    await rejects(compare({ labels: [1, 2] }), mismatch, 'options.labels')
    await rejects(compare({ labels: 4 }), bad, 'options.labels')
    await rejects(compare({ labels: [0, 1, 0.5, 2] }), bad, 'options.labels[2]')
    await rejects(compare({ labels: [0, 1, 2, 3] }), bad, 'labels')
    await rejects(compare({ latencyRuns: -1 }), bad, 'options.latencyRuns')
    await rejects(compare({ inputs: tensor([4, 9]) }), mismatch, 'x')
    const empty = { data: new Float32Array(), shape: [0, 8] }
    await rejects(compare({ inputs: empty }), bad, 'options.inputs')
  })

  await t.test('a model of another instance', async (t) => {
    const other = await open(t)
    await rejects(other.quantize(model, {}, { calibration: x }), bad, 'model')
    await rejects(lowbit.compare(model, await other.load(perceptron()), { inputs: x }), bad, 'b')
  })
})
