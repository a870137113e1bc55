// The functions of one value: FP32 near ONNX Runtime's, and their tables of integers over many ranges.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createLowbit } from 'lowbit'
import { randomFrom } from '../support/random.mjs'
import { compareIntegers, toIntegers } from './compare.mjs'
import { buildModel, outputQuantization } from './onnx.mjs'
import { positiveOnly, UNARY_OPSET, unaryNodes } from './operator_models.mjs'
import { openModel, runtimes } from './ort.mjs'

const RANGES = 40
const INTEGERS = 256

/**
 * How far y = f(x) of two engines may be apart: 4 ulp each, of the largest number on the way, which may be x or, as in
 * ONNX Runtime's e^x - 1, one.
 */
const tolerance = (x, y) => 8 * 2 ** -23 * Math.max(1, Math.abs(x), Math.abs(y))

/** The largest share of the integers that differ, by 1. Only ONNX Runtime's tanh was seen to miss a rounding, 1 in 10,240. */
const DIFFERENCES = { Tanh: 2e-4 }

const lowbit = await createLowbit()
after(() => lowbit.dispose())

/** `INTEGERS` evenly spaced numbers from below 0, or from little above it, to above it. */
function ramp(random, isPositive) {
  const [low, high] = [isPositive ? 0.05 : -12 * random() ** 2, 0.1 + 12 * random() ** 2]
  const data = Float32Array.from(
    { length: INTEGERS },
    (_, i) => low + ((high - low) * i) / (INTEGERS - 1),
  )
  return { shape: [1, INTEGERS], data }
}

for (const [name, node] of Object.entries(unaryNodes)) {
  for (const runtime of runtimes) {
    test(`${name} agrees with ${runtime}`, async (t) => {
      const bytes = buildModel({
        inputs: { x: ['N', INTEGERS] },
        outputs: { y: ['N', INTEGERS] },
        nodes: [node],
        opset: UNARY_OPSET,
      })
      const run = async (model, input) => {
        const session = await openModel(runtime, model)
        const result = await session.run([input])
        await session.release()
        return result
      }
      const random = randomFrom(7)
      const fp32 = await lowbit.load(bytes)
      let differing = 0
      let worst = 0
      for (let range = 0; range < RANGES; range += 1) {
        const input = ramp(random, positiveOnly.has(name))
        const [ours] = await fp32.run([input])
        for (const [i, theirs] of (await run(bytes, input)).entries()) {
          const distance = Math.abs(ours.data[i] - theirs)
          if (distance > 0) worst = Math.max(worst, distance / tolerance(input.data[i], theirs))
        }

        const int8 = await lowbit.quantize(fp32, {}, { calibration: input })
        const saved = await int8.save('onnx')
        const [integers] = await int8.run([input])
        const both = [integers.data, await run(saved, input)]
        const quantization = outputQuantization(saved)
        const result = compareIntegers(...both.map((values) => toIntegers(values, quantization)))
        assert.ok(result.worst <= 1, `${result.worst} steps apart`)
        differing += result.count - result.equal
        int8.dispose()
      }
      t.diagnostic(
        `${differing} of ${RANGES * INTEGERS} integers differ, FP32 by ${worst.toFixed(2)} of the tolerance`,
      )
      assert.ok(worst <= 1, `FP32 differs by ${worst} of the tolerance`)
      assert.ok(differing <= (DIFFERENCES[name] ?? 0) * RANGES * INTEGERS, `${differing} differ`)
    })
  }
}
