import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertLogitsAgree } from './compare.mjs'
import { buildModel, outputQuantization } from './onnx.mjs'
import { operatorModels } from './operator_models.mjs'
import { openModel, runOnImages, runtimes } from './ort.mjs'

const float32 = (dims, ...values) => ({ type: 'float32', dims, data: Float32Array.from(values) })

for (const runtime of runtimes) {
  describe(runtime, () => {
    test('images become pixel / 255 and keep their order over several batches', async () => {
      const model = buildModel({
        inputs: { x: ['N', 1, 1, 2] },
        outputs: { y: ['N', 3] },
        constants: { w: float32([3, 2], 1, 0, 0, 1, 2, -1), b: float32([3], 0, 0.5, 0) },
        nodes: [
          ['Flatten', ['x'], 'f', { axis: 1 }],
          ['Gemm', ['f', 'w', 'b'], 'y', { transB: 1 }],
        ],
      })
      const count = 501
      const data = Uint8Array.from({ length: 2 * count }, (_, i) => (i * 37) % 256)
      const logits = await runOnImages(runtime, model, { dims: [count, 1, 2], data })
      const expected = Array.from({ length: count }, (_, i) => {
        const [p, q] = [data[2 * i] / 255, data[2 * i + 1] / 255]
        return [p, q + 0.5, 2 * p - q]
      }).flat()
      assert.equal(logits.length, expected.length)
      for (const [i, logit] of logits.entries())
        assert.ok(Math.abs(logit - expected[i]) < 1e-6, `logit ${i}`)
    })

    test('QuantizeLinear rounds x / scale half to even, then adds the zero point', async () => {
      const bytes = buildModel({
        inputs: { x: [8] },
        outputs: { y: [8] },
        constants: {
          scale: float32([], 0.5),
          zero: { type: 'uint8', dims: [], data: Uint8Array.of(3) },
        },
        nodes: [
          ['QuantizeLinear', ['x', 'scale', 'zero'], 'q'],
          ['DequantizeLinear', ['q', 'scale', 'zero'], 'y'],
        ],
      })
      const model = await openModel(runtime, bytes)
      const data = Float32Array.of(0.25, 0.75, -0.25, -0.75, 1e9, -1e9, 0, 126)
      const result = await model.run([{ shape: [8], data }])
      await model.release()
      assert.deepEqual([...result], [0, 1, 0, -1, 126, -1.5, 0, 126])
      assert.deepEqual(outputQuantization(bytes), { scale: 0.5, zeroPoint: 3, min: 0, max: 255 })
    })
  })
}

describe('the two builds of ONNX Runtime agree in FP32 on', () => {
  for (const { name, bytes, samples } of operatorModels) {
    test(name, async () => {
      const input = samples(8, 1)
      const [native, web] = await Promise.all(
        runtimes.map(async (runtime) => {
          const model = await openModel(runtime, bytes)
          const result = await model.run([input])
          await model.release()
          return result
        }),
      )
      assert.ok(native.some((value) => value !== 0))
      assertLogitsAgree(native, web, native.length / 8)
    })
  }
})
