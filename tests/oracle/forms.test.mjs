// The forms in which a model is saved beside QDQ of 8 bits: each runs in ONNX Runtime with our integers, and is read back to
// them. Over the operators, and over the models of examples/models with the committed test images.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { readSlice, toInput } from '../../tools/data/datasets.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { assertIntegersAgree, compareLogits, toIntegers } from './compare.mjs'
import { outputQuantization, readModel } from './onnx.mjs'
import { operatorModels } from './operator_models.mjs'
import { openModel, runtimes } from './ort.mjs'

const CALIBRATION_COUNT = 64
const SAMPLE_COUNT = 32
const IMAGE_COUNT = 400

/** Of the reals of a quantized model beside its integers: no more than 8 bits cost, but a lost activation is more. */
const ROUNDED_TOLERANCE = 0.25

/** The operators with constants that become halves. */
const weighted = ['Conv', 'Gemm', 'MatMul', 'BatchNormalization']

/**
 * A half is off by 2^-11 of itself at most, and so are the products of a layer. Their sum is off by more of itself the more
 * they cancel out, here by up to twice that; and each of the layers adds it to what it is given.
 */
const halfTolerance = (operators) =>
  2 * weighted.reduce((sum, op) => sum + (operators[op] ?? 0), 0) * 2 ** -11

const lowbit = await createLowbit()
after(() => lowbit.dispose())

const firstImages = ({ dims: [, height, width], data }) =>
  toInput({
    dims: [IMAGE_COUNT, height, width],
    data: data.subarray(0, IMAGE_COUNT * height * width),
  })

const zoo = [
  ['digits-mlp', 'mnist'],
  ['digits-lenet', 'mnist'],
  ['fashion-resnet', 'fashion'],
  ['fashion-mobilenet', 'fashion'],
].map(([name, slices]) => ({
  name,
  bytes: readFileSync(join(projectRoot, 'examples', 'models', `${name}.onnx`)),
  calibration: toInput(readSlice(`${slices}-calibration`).images),
  input: firstImages(readSlice(`${slices}-test`).images),
  operators: weighted,
}))

const models = [
  ...operatorModels.map(({ name, bytes, operators, samples }) => ({
    name,
    bytes,
    operators,
    calibration: samples(CALIBRATION_COUNT, 1),
    input: samples(SAMPLE_COUNT, 2),
  })),
  ...zoo,
]

async function runInOrt(runtime, bytes, input) {
  const model = await openModel(runtime, bytes)
  try {
    return await model.run([input])
  } finally {
    await model.release()
  }
}

const forms = [
  { recipe: {}, options: { form: 'operators' } },
  { recipe: { activations: { bits: 6 } }, options: { form: 'operators' } },
  { recipe: { weights: { bits: 4 } }, options: { int4: true } },
  { recipe: { weights: { bits: 4 } }, options: { form: 'operators', int4: true } },
]

for (const { name, bytes, operators, calibration, input } of models) {
  const hasWeights = weighted.some((operator) => operators.includes(operator))
  for (const { recipe, options } of forms) {
    if (options.int4 && !hasWeights) continue
    test(`${name}, ${JSON.stringify(recipe)} as ${JSON.stringify(options)}`, async (t) => {
      const fp32 = await lowbit.load(bytes)
      const quantized = await lowbit.quantize(fp32, recipe, { calibration })
      const saved = await quantized.save('onnx', options)
      const quantization = outputQuantization(saved)
      const [ours] = await quantized.run([input])

      for (const runtime of runtimes) {
        const theirs = await runInOrt(runtime, saved, input)
        const integers = [ours.data, theirs].map((values) => toIntegers(values, quantization))
        t.diagnostic(`${runtime}: ${assertIntegersAgree(...integers)}`)
      }
      const again = await lowbit.load(saved)
      const [result] = await again.run([input])
      assert.deepEqual(result.data, ours.data, 'loaded again, it gives the same integers')
      assert.deepEqual(again.info.operators, quantized.info.operators)
      for (const model of [fp32, quantized, again]) model.dispose()
    })
  }

  test(`${name} with integers at both ends`, async (t) => {
    const fp32 = await lowbit.load(bytes)
    const quantized = await lowbit.quantize(fp32, {}, { calibration })
    const { scale, zeroPoint } = quantized.info.inputs[0].quantization
    const toByte = (x) => Math.min(Math.max(Math.round(x / scale) + zeroPoint, 0), 255)
    const given = { shape: input.shape, data: Uint8Array.from(input.data, toByte) }
    const data = Float32Array.from(given.data, (byte) => scale * (byte - zeroPoint))
    const [reals] = await quantized.run([{ shape: input.shape, data }])
    const of = quantized.info.outputs[0].quantization
    const integers = toIntegers(reals.data, { ...of, min: 0, max: 255 })
    for (const form of ['qdq', 'operators']) {
      const saved = await quantized.save('onnx', { form, integers: true })
      const model = await lowbit.load(saved)
      const [ours] = await model.run([given])
      assert.ok(ours.data instanceof Uint8Array)
      assert.deepEqual([...ours.data], [...integers], 'those of the model of reals')
      for (const runtime of runtimes) {
        const theirs = await runInOrt(runtime, saved, given)
        t.diagnostic(`${runtime}, ${form}: ${assertIntegersAgree(ours.data, theirs)}`)
      }
      model.dispose()
    }
    fp32.dispose()
    quantized.dispose()
  })

  test(`${name} in FP32, of reals in 16 bits and of the quantized model's`, async (t) => {
    const fp32 = await lowbit.load(bytes)
    const int8 = await lowbit.quantize(fp32, {}, { calibration })
    const [reference] = await fp32.run([input])
    const classes = reference.data.length / input.shape[0]
    const half = await fp32.save('onnx', { float16: true })
    const reals = await int8.save('onnx', { form: 'float' })
    assert.equal((await lowbit.load(reals)).info.quantized, false)
    for (const saved of [half, reals]) {
      const [ours] = await (await lowbit.load(saved)).run([input])
      for (const runtime of runtimes) {
        const theirs = await runInOrt(runtime, saved, input)
        const { worst } = compareLogits(ours.data, theirs, classes)
        assert.ok(worst <= 1e-3, `${runtime}: ${worst}`)
      }
      if (saved === reals) {
        const [{ data }] = await int8.run([input])
        const { worst } = compareLogits(ours.data, data, classes)
        assert.ok(worst <= ROUNDED_TOLERANCE, `${worst}`)
      } else {
        const { worst } = compareLogits(ours.data, reference.data, classes)
        t.diagnostic(`${(worst * 2 ** 11).toFixed(2)} units of half precision`)
        assert.ok(worst <= halfTolerance(fp32.info.operators), `${worst}`)
      }
    }
    fp32.dispose()
    int8.dispose()
  })
}

test('operator form leaves nothing of a convolutional network in pairs', async () => {
  const { bytes, calibration } = zoo[2]
  const int8 = await lowbit.quantize(await lowbit.load(bytes), {}, { calibration })
  const { nodes } = readModel(await int8.save('onnx', { form: 'operators' }))
  const ops = nodes.map(([op]) => op)
  assert.equal(ops.filter((op) => op === 'DequantizeLinear').length, 1)
  assert.equal(ops.filter((op) => op === 'QuantizeLinear').length, 1)
  assert.ok(ops.includes('QLinearConv') && !ops.includes('Conv'))
})

test('weights of 4 bits take half of what 8 bits take, reals half of what they took', async (t) => {
  for (const { name, bytes, calibration } of zoo) {
    const fp32 = await lowbit.load(bytes)
    const recipe = { weights: { bits: 4 } }
    const quantized = await lowbit.quantize(fp32, recipe, { calibration })
    const [wide, narrow, half] = await Promise.all([
      quantized.save('onnx'),
      quantized.save('onnx', { int4: true }),
      fp32.save('onnx', { float16: true }),
    ])
    t.diagnostic(
      `${name}: FP32 ${bytes.length}, half ${half.length}; ${wide.length}, int4 ${narrow.length}`,
    )
    const { constants } = readModel(wide)
    const weights = Object.values(constants).filter(
      ({ type, data }) => type === 'int8' && data.length > 64,
    )
    const saving = weights.reduce((sum, { data }) => sum + Math.floor(data.length / 2), 0)
    assert.ok(wide.length - narrow.length > 0.8 * saving)
    assert.ok(half.length < 0.6 * bytes.length)
  }
})
