// Hundreds of seeded random recipes over the zoo: every one that is taken gives finite logits, the same natively and in
// WebAssembly, and every one that is refused has the same typed error in both. Both run simd128: floats, of layers that a recipe
// leaves in FP32, differ between tiers.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createLowbit, LowbitError } from 'lowbit'
import { readSlice, toInput } from '../../tools/data/datasets.mjs'
import { randomFrom } from '../support/random.mjs'
import { modelPath, nativeLogits } from './int8_logits.mjs'

const zoo = [
  // AdaRound of the largest layers takes seconds.
  { name: 'digits-mlp', slices: 'mnist', count: 60, algorithms: ['gptq'] },
  { name: 'digits-lenet', slices: 'mnist', count: 60, algorithms: ['gptq', 'adaround'] },
  { name: 'fashion-resnet', slices: 'fashion', count: 18, algorithms: ['gptq'] },
  { name: 'fashion-mobilenet', slices: 'fashion', count: 18, algorithms: ['gptq', 'adaround'] },
]
const counts = { calibration: 64, test: 20 }

function recipesFor(random, layers, { count, algorithms }) {
  const pick = (list) => list[Math.floor(random() * list.length)]
  const sometimes = (share, make) => (random() < share ? make() : undefined)
  const weights = () => ({
    bits: pick([2, 3, 4, 5, 6, 7, 8]),
    granularity: pick(['tensor', 'channel', 'channel', 'group:32', 'group:64', 'group:128']),
    clipping: pick(['max', 'mse']),
    rounding: random() < 0.3 ? pick(algorithms) : 'nearest',
  })
  const activations = () => ({
    bits: pick([2, 3, 4, 5, 6, 7, 8, 8, 'float']),
    symmetric: random() < 0.3,
    observer: pick(['minmax', 'moving-average', 'percentile', 'mse', 'entropy']),
    percentile: 99 + random(),
  })
  const layer = () => ({
    weights: sometimes(0.5, () => ({ bits: pick([2, 4, 8]) })),
    activations: sometimes(0.3, () => ({ bits: pick([3, 8, 'float']) })),
    precision: sometimes(0.2, () => 'float'),
  })
  return Array.from({ length: count }, () => ({
    weights: random() < 0.05 ? { bits: 9 } : weights(),
    activations: activations(),
    equalize: random() < 0.15,
    correctBias: random() < 0.15,
    seed: Math.floor(random() * 1000),
    layers: Object.fromEntries(
      [...layers, 'no such layer']
        .filter((name) => random() < (name === 'no such layer' ? 0.05 : 0.2))
        .map((name) => [name, layer()]),
    ),
  }))
}

const firstOf = (slice, count) => {
  const { data, shape } = toInput(readSlice(slice).images)
  return { data: data.subarray(0, count * 784), shape: [count, ...shape.slice(1)] }
}

for (const model of zoo) {
  const { name, slices, count } = model
  test(`${count} recipes of ${name}`, async (t) => {
    const lowbit = await createLowbit({ tier: 'simd128' })
    t.after(() => lowbit.dispose())
    const fp32 = await lowbit.load(readFileSync(modelPath(name)))
    const calibration = firstOf(`${slices}-calibration`, counts.calibration)
    const inputs = firstOf(`${slices}-test`, counts.test)
    const { layers } = await lowbit.mixPrecision(fp32, {}, { samples: inputs, bits: [8] })
    const recipes = recipesFor(randomFrom(count), layers, model)
    const native = await nativeLogits({ name, slices }, 'simd128', recipes, counts)
    let offset = 0
    let refused = 0
    const next = (length) => {
      offset += length
      return native.subarray(offset - length, offset)
    }
    for (const recipe of recipes) {
      const what = JSON.stringify(recipe)
      try {
        const quantized = await lowbit.quantize(fp32, recipe, { calibration })
        const [logits] = await quantized.run([inputs])
        quantized.dispose()
        assert.ok(logits.data.every(Number.isFinite), what)
        const ours = Buffer.from(logits.data.buffer)
        assert.ok(next(ours.length).equals(ours), `other bits than natively: ${what}`)
      } catch (error) {
        if (!(error instanceof LowbitError)) throw error
        assert.equal(next(error.code.length).toString(), error.code, what)
        refused += 1
      }
    }
    assert.equal(offset, native.length)
    t.diagnostic(`${count - refused} taken, ${refused} refused`)
    assert.ok(refused > 0 && refused < count / 2)
  })
}
