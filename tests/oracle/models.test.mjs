// The models of examples/models: FP32 against ONNX Runtime, then quantized per channel with the 512 calibration images,
// saved, and run by ONNX Runtime unchanged. On all 10,000 test images where the data set is in the cache, else on the 2,000
// committed ones.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { isCached, readSlice, readSplit, toInput } from '../../tools/data/datasets.mjs'
import { projectRoot } from '../../tools/lib/run.mjs'
import { accuracy, assertIntegersAgree, assertLogitsAgree, toIntegers } from './compare.mjs'
import { outputQuantization } from './onnx.mjs'
import { inBatches, runOnImages, runtimes } from './ort.mjs'

const CLASSES = 10

/** `lossPoints` is how much accuracy, in percentage points, 8 bits may cost. */
const models = [
  { name: 'digits-mlp', dataset: 'mnist', slices: 'mnist', lossPoints: 0.3 },
  { name: 'digits-lenet', dataset: 'mnist', slices: 'mnist', lossPoints: 0.3 },
  { name: 'fashion-resnet', dataset: 'fashion-mnist', slices: 'fashion', lossPoints: 0.3 },
  { name: 'fashion-mobilenet', dataset: 'fashion-mnist', slices: 'fashion', lossPoints: 1 },
]

/** A larger FP32 file than this must shrink by the factor; in a smaller one the graph itself weighs too much. */
const SHRINKING_FROM_BYTES = 200_000
const SHRINK_FACTOR = 3.6

const lowbit = await createLowbit()
after(() => lowbit.dispose())

const runOurs = (model, images) =>
  inBatches(images, async (input) => (await model.run([input]))[0].data)

for (const { name, dataset, slices, lossPoints } of models) {
  test(name, async (t) => {
    const bytes = readFileSync(join(projectRoot, 'examples', 'models', `${name}.onnx`))
    const fp32 = await lowbit.load(bytes)
    const calibration = toInput(readSlice(`${slices}-calibration`).images)
    const recipe = { weights: { granularity: 'channel' } }
    const int8 = await lowbit.quantize(fp32, recipe, { calibration })
    const saved = await int8.save('onnx')
    const quantization = outputQuantization(saved)

    await t.test('the saved integer model is smaller', (t) => {
      const factor = bytes.length / saved.length
      t.diagnostic(`${bytes.length} -> ${saved.length} bytes, ${factor.toFixed(2)} times smaller`)
      assert.ok(
        factor >= (bytes.length > SHRINKING_FROM_BYTES ? SHRINK_FACTOR : 1),
        `${factor} times`,
      )
    })

    const { images, labels } = isCached(dataset)
      ? readSplit(dataset, 'test')
      : readSlice(`${slices}-test`)
    const on = `on ${images.dims[0]} images`
    const ourFp32 = await runOurs(fp32, images)
    const ourInt8 = await runOurs(int8, images)

    await t.test(`8 bits cost at most ${lossPoints} points of accuracy ${on}`, (t) => {
      const before = 100 * accuracy(ourFp32, labels, CLASSES)
      const quantized = 100 * accuracy(ourInt8, labels, CLASSES)
      t.diagnostic(`FP32 ${before.toFixed(2)} %, INT8 ${quantized.toFixed(2)} %`)
      assert.ok(before - quantized <= lossPoints, `${(before - quantized).toFixed(2)} points lost`)
    })

    for (const runtime of runtimes) {
      await t.test(`FP32 agrees with ${runtime} ${on}`, async (t) => {
        const theirs = await runOnImages(runtime, bytes, images)
        t.diagnostic(assertLogitsAgree(ourFp32, theirs, CLASSES))
      })

      await t.test(`the saved integer model agrees with ${runtime} ${on}`, async (t) => {
        const theirs = await runOnImages(runtime, saved, images)
        const integers = [ourInt8, theirs].map((logits) => toIntegers(logits, quantization))
        t.diagnostic(assertIntegersAgree(...integers))
      })
    }
  })
}

/** Integers of fewer bits than their container, and symmetric ones. */
const recipes = [
  { activations: { bits: 4 } },
  { activations: { bits: 8, symmetric: true } },
  { activations: { bits: 6, symmetric: true }, weights: { bits: 4 } },
]
/** A float layer before a float MaxPool, or right before QuantizeLinear, where its weights must stay float, too. */
const floatLayer = { activations: { bits: 5 }, layers: { conv2: { precision: 'float' } } }

for (const { name, slices } of [models[1], models[2]]) {
  const bytes = readFileSync(join(projectRoot, 'examples', 'models', `${name}.onnx`))
  const calibration = toInput(readSlice(`${slices}-calibration`).images)
  const { images } = readSlice(`${slices}-test`)
  for (const recipe of [...recipes, floatLayer]) {
    test(`${name}, ${JSON.stringify(recipe)}: the saved model agrees`, async (t) => {
      const fp32 = await lowbit.load(bytes)
      const quantized = await lowbit.quantize(fp32, recipe, { calibration })
      const saved = await quantized.save('onnx')
      const ours = await runOurs(quantized, images)
      for (const runtime of runtimes) {
        const theirs = await runOnImages(runtime, saved, images)
        const integers = [ours, theirs].map((logits) =>
          toIntegers(logits, outputQuantization(saved)),
        )
        t.diagnostic(`${runtime}: ${assertIntegersAgree(...integers)}`)
      }
    })
  }
}
