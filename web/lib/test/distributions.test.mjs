// What histograms are drawn from: activations, weights and accumulators, as the core sees them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noise, open, perceptron, rejects, tensor } from './support.mjs'

const samples = tensor([200, 8], 3)
const sum = (numbers) => numbers.reduce((total, x) => total + x, 0)

for (const worker of [false, true]) {
  test(worker ? 'in a worker' : "in the caller's thread", async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(perceptron())
    const calibration = await lowbit.calibrate(fp32, { samples })
    const recipe = { weights: { bits: 3 }, activations: { bits: 4 } }
    const quantized = await lowbit.quantize(fp32, recipe, { calibration })

    await t.test('values are what calibration saw', async () => {
      const values = await lowbit.values(calibration)
      assert.deepEqual(
        values.map(({ name, count }) => [name, count]),
        [
          ['r', 200 * 16],
          ['x', 200 * 8],
          ['y', 200 * 3],
        ],
      )
      const [relu, input] = values
      assert.equal(relu.min, 0)
      assert.ok(relu.zeros > 0 && relu.zeros < relu.count)
      assert.equal(input.min, Math.min(...samples.data))
      assert.equal(input.max, Math.max(...samples.data))
    })

    await t.test('a distribution before and after rounding', async () => {
      const { name, min, max, count, zeros, histogram, curve, choices, range } =
        await lowbit.distribution(calibration, 'r', { bits: 3, bins: 20, points: 10 })
      assert.equal(name, 'r')
      assert.deepEqual([histogram.low, histogram.high, range], [min, max, null])
      assert.equal(histogram.counts.length, 20)
      assert.equal(sum(histogram.counts), count - zeros)
      assert.equal(curve.length, 10)
      assert.equal(curve.at(-1).max, max)
      assert.equal(curve.at(-1).clipError, 0)
      assert.ok(curve[0].clipError > curve[0].roundError)
      assert.deepEqual(Object.keys(choices), [
        'minmax',
        'moving-average',
        'percentile',
        'mse',
        'entropy',
      ])
      for (const choice of Object.values(choices)) {
        assert.equal(choice.counts.length, 8)
        assert.equal(sum(choice.counts), count)
        assert.ok(choice.counts[choice.zeroPoint - choice.qmin] >= zeros)
        assert.ok(
          choice.clipError + choice.roundError >= choices.mse.clipError + choices.mse.roundError,
        )
      }
      assert.equal(choices.minmax.scale, Math.fround(max / 7))
    })

    await t.test('the integers are those of quantize', async () => {
      const { choices, count } = await lowbit.distribution(calibration, 'x', { bits: 4 })
      const { quantization } = quantized.info.inputs[0]
      const { scale, zeroPoint, counts } = choices.minmax
      assert.deepEqual({ scale, zeroPoint }, quantization)
      const exact = new Float64Array(16)
      for (const x of samples.data) {
        exact[Math.max(0, Math.min(15, Math.round(x / scale) + zeroPoint))]++
      }
      // Elements are known to within a bin, of which an edge between two integers cuts one.
      assert.ok(exact.every((expected, q) => Math.abs(expected - counts[q]) < 0.01 * count))
    })

    await t.test("a range of one's own", async () => {
      const own = { min: -0.25, max: 0.5 }
      const options = { bits: 4, symmetric: true, range: own }
      const { range, count } = await lowbit.distribution(calibration, 'x', options)
      assert.deepEqual([range.min, range.max, range.qmin, range.zeroPoint], [-0.5, 0.5, 1, 8])
      assert.equal(range.counts.length, 15)
      assert.equal(sum(range.counts), count)
      assert.ok(range.clipError > range.roundError)
    })

    await t.test('weights before and after', async () => {
      const layers = await lowbit.layers(fp32)
      assert.deepEqual(layers, [
        { name: 'make_h', op: 'Gemm', channels: 16, count: 128 },
        { name: 'make_y', op: 'Gemm', channels: 3, count: 48 },
      ])
      assert.deepEqual(await lowbit.layers(quantized), layers)
      const before = await lowbit.weights(fp32, 'make_y', { bins: 10 })
      const after = await lowbit.weights(quantized, 'make_y', { bins: 10 })
      const weights = noise(48)
      assert.equal(before.histogram.low, Math.min(...weights))
      assert.equal(before.histogram.high, Math.max(...weights))
      assert.equal(before.integers, null)
      assert.equal(sum(before.histogram.counts), 48)
      assert.equal(sum(after.histogram.counts), 48)
      assert.equal(after.integers.qmin, -3)
      assert.equal(sum(after.integers.counts), 48)
      before.ranges.forEach(({ min, max, scale }, channel) => {
        const own = weights.subarray(16 * channel, 16 * channel + 16)
        assert.deepEqual([min, max, scale], [Math.min(...own), Math.max(...own), null])
        assert.equal(after.ranges[channel].scale, Math.fround(Math.max(-min, max) / 3))
      })
      const one = await lowbit.weights(quantized, 'make_y', { channel: 2 })
      assert.equal(one.histogram.counts.length, 128)
      assert.equal(sum(one.integers.counts), 16)
      assert.deepEqual(one.ranges, after.ranges)
    })

    await t.test('accumulators are bounded by their weights', async () => {
      const layers = await lowbit.accumulators(quantized)
      assert.deepEqual(
        layers.map(({ name, op }) => [name, op]),
        [
          ['make_h', 'Gemm'],
          ['make_y', 'Gemm'],
        ],
      )
      for (const { low, high, bits, share } of layers) {
        assert.ok(low.every((least, channel) => least < high[channel]))
        const most = Math.max(...high, ...low.map((least) => -1 - least))
        assert.equal(bits, Math.floor(Math.log2(most)) + 2)
        assert.ok(share > 0 && share < 2 ** (bits - 32))
      }
    })

    await t.test('errors', async () => {
      await assert.rejects(lowbit.distribution(calibration, 'h'), /there are r, x, y/)
      await rejects(lowbit.distribution(calibration, 'h'), 'INVALID_ARGUMENT', 'h')
      await rejects(lowbit.distribution(calibration, 7), 'INVALID_ARGUMENT', 'value')
      const broken = { samples: 1, bytes: calibration.bytes.slice(0, 30) }
      await rejects(lowbit.values(broken), 'INVALID_DATA', /^byte/)
      await rejects(lowbit.distribution(broken, 'x'), 'INVALID_DATA', /^byte/)
      await rejects(lowbit.values(samples), 'INVALID_ARGUMENT', 'calibration')
      await rejects(lowbit.values({ bytes: [1] }), 'INVALID_ARGUMENT', 'calibration.bytes')
      for (const [options, where] of [
        [null, 'options'],
        [{ bits: 9 }, 'options.bits'],
        [{ symmetric: 1 }, 'options.symmetric'],
        [{ percentile: 50 }, 'options.percentile'],
        [{ bins: 0 }, 'options.bins'],
        [{ bins: 4097 }, 'options.bins'],
        [{ points: 1.5 }, 'options.points'],
        [{ range: 3 }, 'options.range'],
        [{ range: { min: 0.5, max: 1 } }, 'options.range'],
        [{ range: { min: 0, max: 1e39 } }, 'options.range'],
      ]) {
        await rejects(lowbit.distribution(calibration, 'x', options), 'INVALID_ARGUMENT', where)
      }
      await assert.rejects(lowbit.weights(fp32, 'conv'), /there are make_h, make_y/)
      await rejects(lowbit.weights(fp32, 'conv'), 'INVALID_ARGUMENT', 'conv')
      await rejects(lowbit.weights(fp32), 'INVALID_ARGUMENT', 'layer')
      await rejects(lowbit.weights(fp32, 'make_y', { channel: 3 }), 'INVALID_ARGUMENT', 'make_y')
      await rejects(
        lowbit.weights(fp32, 'make_y', { channel: -1 }),
        'INVALID_ARGUMENT',
        'options.channel',
      )
      await rejects(
        lowbit.weights(fp32, 'make_y', { bins: -1 }),
        'INVALID_ARGUMENT',
        'options.bins',
      )
      await rejects(lowbit.layers({}), 'INVALID_ARGUMENT', 'model')
      await rejects(lowbit.accumulators(fp32), 'INVALID_ARGUMENT', 'quantized')
    })
  })
}
