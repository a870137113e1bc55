// load, run, quantize, compare and save, in the caller's thread and in a worker.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { hasRelaxed, noise, open, perceptron, single, tensor } from './support.mjs'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

const sizes = { inputs: 8, hidden: 16, classes: 3 }

/** The perceptron's logits in double precision. */
function expectedLogits(x) {
  const { inputs, hidden, classes } = sizes
  const [w1, b1] = [noise(hidden * inputs), noise(hidden, 7)]
  const [w2, b2] = [noise(classes * hidden), noise(classes, 9)]
  const dense = (row, w, b) =>
    Array.from(b, (bias, i) => row.reduce((sum, v, k) => sum + v * w[i * row.length + k], bias))
  const logits = []
  for (let at = 0; at < x.length; at += inputs) {
    const h = dense(Array.from(x.subarray(at, at + inputs)), w1, b1).map((v) => Math.max(v, 0))
    logits.push(...dense(h, w2, b2))
  }
  return logits
}

function assertNear(actual, expected, tolerance) {
  assert.equal(actual.length, expected.length)
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]) <= tolerance, `${i}: ${value} against ${expected[i]}`)
  })
}

for (const worker of [false, true]) {
  test(worker ? 'in a worker' : "in the caller's thread", async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(perceptron(sizes))
    const samples = tensor([300, sizes.inputs], 3)

    await t.test('the backend says what runs and where', () => {
      assert.equal(lowbit.backend.tier, hasRelaxed ? 'relaxed' : 'simd128')
      assert.equal('dot' in lowbit.backend, hasRelaxed)
      assert.equal(lowbit.backend.thread, worker ? 'worker' : 'main')
      assert.match(lowbit.backend.reason, /\.$/)
      assert.equal(lowbit.version, version)
    })

    await t.test('a loaded model tells what it is', () => {
      assert.deepEqual(fp32.info, {
        inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 8] }],
        outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 3] }],
        operators: { Gemm: 2, Relu: 1 },
        parameters: 8 * 16 + 16 + 16 * 3 + 3,
        quantized: false,
        metadata: {},
      })
    })

    await t.test('run computes any number of samples', async () => {
      for (const count of [1, 2, 31, 300]) {
        const x = { data: samples.data.subarray(0, count * 8), shape: [count, 8] }
        const [y] = await fp32.run([x])
        assert.deepEqual(y.shape, [count, 3])
        assertNear(y.data, expectedLogits(x.data), 1e-5)
      }
    })

    await t.test('results are copies, arguments are left alone', async () => {
      const before = samples.data.slice()
      const [first] = await fp32.run([samples])
      const kept = first.data.slice()
      await fp32.run([tensor([300, 8], 77)])
      assert.deepEqual(first.data, kept)
      assert.deepEqual(samples.data, before)
    })

    await t.test('run fills lent outputs, however many samples', async () => {
      const lent = tensor([300, 3], 5)
      for (const x of [samples, tensor([300, 8], 77)]) {
        const results = await fp32.run([x], { outputs: [lent] })
        assert.deepEqual(results, [lent])
        assert.equal(results[0].data, lent.data)
        assert.deepEqual(lent, (await fp32.run([x]))[0])
      }
      const one = { data: new Float32Array(3), shape: [1, 3] }
      const x = { data: samples.data.subarray(0, 8), shape: [1, 8] }
      const [result] = await fp32.run([x], { outputs: [one] })
      assert.equal(result.data, one.data)
      assertNear(one.data, expectedLogits(x.data), 1e-5)
    })

    const int8 = await lowbit.quantize(fp32, {}, { calibration: samples })

    await t.test('a quantized model is near and knows its integers', async () => {
      assert.equal(int8.info.quantized, true)
      assert.equal(fp32.info.quantized, false)
      const { scale, zeroPoint } = int8.info.outputs[0].quantization
      assert.ok(scale > 0 && Number.isInteger(zeroPoint) && zeroPoint >= 0 && zeroPoint <= 255)
      assert.ok(int8.info.inputs[0].quantization.scale > 0)
      const [y] = await int8.run([samples])
      assertNear(y.data, expectedLogits(samples.data), 0.1)
      for (const logit of y.data) {
        const integer = logit / scale + zeroPoint
        assert.ok(Math.abs(integer - Math.round(integer)) < 1e-3, `${integer}`)
      }
    })

    await t.test('save gives bytes that load to the same integers', async () => {
      const bytes = await int8.save('onnx')
      const again = await lowbit.load(bytes)
      const [expected] = await int8.run([samples])
      const [actual] = await again.run([samples])
      assert.deepEqual(actual.data, expected.data)
      assert.equal(again.info.quantized, true)
      const copy = await lowbit.load(await fp32.save('onnx'))
      assert.deepEqual(await copy.run([samples]), await fp32.run([samples]))
    })

    await t.test('every form of a saved model loads to what it was', async () => {
      const [integers] = await int8.run([samples])
      const int4 = await lowbit.quantize(fp32, { weights: { bits: 4 } }, { calibration: samples })
      const [fewer] = await int4.run([samples])
      const again = async (model, options) => {
        const loaded = await lowbit.load(await model.save('onnx', options))
        return { info: loaded.info, y: (await loaded.run([samples]))[0].data }
      }
      assert.deepEqual((await again(int8, { form: 'operators' })).y, integers.data)
      assert.deepEqual((await again(int4, { form: 'operators', int4: true })).y, fewer.data)
      const reals = await again(int8, { form: 'float' })
      assert.equal(reals.info.quantized, false)
      assertNear(reals.y, integers.data, 0.1)
      assertNear((await again(fp32, { float16: true })).y, expectedLogits(samples.data), 0.01)
      const header = new TextDecoder().decode(await int8.save('c'))
      assert.match(header, /static const int8_t lowbit_\w+_weights\[/)
    })

    await t.test('a quantized model says how it was made', async () => {
      assert.deepEqual(fp32.info.metadata, {})
      const { metadata } = (await lowbit.load(await int8.save('onnx'))).info
      assert.deepEqual(metadata, int8.info.metadata)
      assert.deepEqual(JSON.parse(metadata['lowbit.calibration']), { samples: 300 })
      assert.deepEqual(JSON.parse(metadata['lowbit.recipe']), { version: 1 })
      assert.match(metadata['lowbit.version'], /^\d+\.\d+\.\d+$/)
    })

    await t.test('compare reports both models', async () => {
      const labels = Array.from({ length: 300 }, (_, i) => i % 3)
      const report = await lowbit.compare(fp32, int8, { inputs: samples, labels, latencyRuns: 5 })
      const [fp32Y] = await fp32.run([samples])
      const classOf = (i) => {
        const row = Array.from(fp32Y.data.subarray(i * 3, i * 3 + 3))
        return row.indexOf(Math.max(...row))
      }
      assert.deepEqual(
        report.a.predictions,
        Int32Array.from({ length: 300 }, (_, i) => classOf(i)),
      )
      assert.equal(report.a.correct, labels.filter((label, i) => label === classOf(i)).length)
      assert.equal(report.a.top1, report.a.correct / 300)
      const agreeing = report.a.predictions.filter((label, i) => label === report.b.predictions[i])
      assert.equal(report.agreeing, agreeing.length)
      assert.equal(report.samples, 300)
      assert.equal(report.labelled, 300)
      assert.equal(report.b.bytes, (await int8.save('onnx')).length)
      assert.equal(report.b.margins.length, 300)
      const { difference, low, high } = report.top1Difference
      assert.ok(Math.abs(difference - (report.b.top1 - report.a.top1)) < 1e-12)
      assert.ok(low <= difference && difference <= high)
      for (const { latencyMs } of [report.a, report.b]) {
        assert.ok(0 < latencyMs.p10 && latencyMs.p10 <= latencyMs.median)
        assert.ok(latencyMs.median <= latencyMs.p90)
      }
      assert.deepEqual(
        report.layers.map(({ op, output }) => [op, output]),
        [
          ['Gemm', 'r'],
          ['Gemm', 'y'],
        ],
      )
      for (const layer of report.layers) {
        for (const { sqnrDb, cosine, mse } of [layer.accumulated, layer.isolated]) {
          assert.ok(sqnrDb > 20 && sqnrDb < 70, `${sqnrDb}`)
          // Noise of a tenth of the signal's length, which 20 dB are, turns it by at most asin(0.1).
          assert.ok(cosine > 0.994 && cosine < 1, `${cosine}`)
          assert.ok(mse > 0, `${mse}`)
        }
        assert.ok(layer.aMs > 0 && layer.bMs > 0)
      }
    })

    await t.test('compare leaves out what it is not given', async () => {
      const report = await lowbit.compare(fp32, int8, { inputs: samples, latencyRuns: 0 })
      assert.equal(report.labelled, 0)
      assert.equal(report.top1Difference, null)
      assert.equal(report.a.top1, null)
      assert.equal(report.b.latencyMs, null)
    })

    await t.test('the recipe matters: one scale per tensor is coarser', async () => {
      const recipe = { weights: { bits: 8, granularity: 'tensor' }, activations: { bits: 8 } }
      const coarse = await lowbit.quantize(fp32, recipe, { calibration: [samples] })
      const options = { inputs: samples, latencyRuns: 0 }
      const [fine, rough] = await Promise.all([
        lowbit.compare(fp32, int8, options),
        lowbit.compare(fp32, coarse, options),
      ])
      assert.notDeepEqual(
        (await coarse.run([samples]))[0].data,
        (await int8.run([samples]))[0].data,
      )
      assert.ok(fine.layers[0].isolated.sqnrDb > rough.layers[0].isolated.sqnrDb)
    })

    await t.test(
      'weights of fewer bits are coarser, and saved they give the same integers',
      async () => {
        const recipe = { weights: { bits: 4 } }
        const int4 = await lowbit.quantize(fp32, recipe, { calibration: [samples] })
        const options = { inputs: samples, latencyRuns: 0 }
        const [fine, rough] = await Promise.all([
          lowbit.compare(fp32, int8, options),
          lowbit.compare(fp32, int4, options),
        ])
        assert.ok(fine.layers[0].isolated.sqnrDb > rough.layers[0].isolated.sqnrDb + 12)
        const loaded = await lowbit.load(await int4.save('onnx'))
        assert.deepEqual(await loaded.run([samples]), await int4.run([samples]))
      },
    )

    await t.test('an input that is part of a larger buffer is read as it is', async () => {
      const large = new Float32Array(10_000)
      large.set(samples.data.subarray(0, 16), 5000)
      const x = { data: large.subarray(5000, 5016), shape: [2, 8] }
      const [y] = await fp32.run([x])
      assertNear(y.data, expectedLogits(x.data), 1e-5)
    })
  })
}

test('every tier makes the same quantized model, and its integers are the same', async (t) => {
  const samples = tensor([64, 8], 5)
  const kernels = [{ tier: 'reference' }, { tier: 'simd128' }]
  if (hasRelaxed) kernels.push({ tier: 'relaxed' }, { tier: 'relaxed', dot: 'none' })
  const results = []
  for (const options of kernels) {
    const lowbit = await open(t, options)
    assert.equal(lowbit.backend.tier, options.tier)
    if (options.dot) assert.equal(lowbit.backend.dot, options.dot)
    const fp32 = await lowbit.load(perceptron(sizes))
    assertNear((await fp32.run([samples]))[0].data, expectedLogits(samples.data), 1e-5)
    const int8 = await lowbit.quantize(fp32, {}, { calibration: samples })
    results.push({ bytes: await int8.save('onnx'), logits: (await int8.run([samples]))[0].data })
  }
  for (const result of results) assert.deepEqual(result, results[0])
})

test('a model that takes a fixed number of samples runs a multiple of them', async (t) => {
  const lowbit = await open(t)
  const fixed = await lowbit.load(perceptron({ ...sizes, batch: 4 }))
  const free = await lowbit.load(perceptron(sizes))
  const x = tensor([12, 8], 11)
  const [expected] = await free.run([x])
  const [actual] = await fixed.run([x])
  assert.deepEqual(actual.shape, [12, 3])
  assertNear(actual.data, expected.data, 1e-6)
})

test('samples that do not lie along the first dimension run in one piece', async (t) => {
  const lowbit = await open(t)
  const model = await lowbit.load(single('Softmax', { x: [2, 'n'], attributes: { axis: 1 } }))
  const [y] = await model.run([tensor([2, 5])])
  assert.deepEqual(y.shape, [2, 5])
  for (const row of [y.data.subarray(0, 5), y.data.subarray(5)]) {
    assertNear([row.reduce((sum, value) => sum + value, 0)], [1], 1e-6)
  }
})
