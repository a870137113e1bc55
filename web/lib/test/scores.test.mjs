// The evaluator and sensitivity: scores that agree with what compare reports.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { open, perceptron, rejects, spyOnWorkers, tensor } from './support.mjs'

const model = () => perceptron({ inputs: 64, hidden: 256, classes: 10 })
const inputs = tensor([1000, 64], 3)
const labels = Uint8Array.from({ length: 1000 }, (_, i) => i % 10)
const narrow = { weights: { bits: 3 }, activations: { bits: 4 } }

for (const worker of [false, true]) {
  test(worker ? 'in a worker' : "in the caller's thread", async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(model())
    const calibration = await lowbit.calibrate(fp32, { samples: inputs })
    const [int8, int3] = await Promise.all(
      [{}, narrow].map((recipe) => lowbit.quantize(fp32, recipe, { calibration })),
    )

    await t.test('scores are those of compare', async () => {
      const evaluator = await lowbit.evaluator(fp32, { inputs, labels })
      const { reference } = evaluator
      assert.equal(reference.agreeing, 1000)
      assert.equal(reference.sqnrDb, Number.POSITIVE_INFINITY)
      assert.equal(reference.kl, 0)
      // Calls at the same time, and models in any order.
      const measured = await Promise.all([int8, int3, fp32, int8].map((m) => evaluator.measure(m)))
      assert.deepEqual(measured[3], measured[0])
      assert.deepEqual(measured[2], reference)
      for (const [i, quantized] of [int8, int3].entries()) {
        const report = await lowbit.compare(fp32, quantized, { inputs, labels, latencyRuns: 0 })
        const { samples, labelled, correct, top1, agreeing, sqnrDb, kl } = measured[i]
        assert.deepEqual(
          { samples, labelled, correct, top1, agreeing },
          {
            samples: report.samples,
            labelled: report.labelled,
            correct: report.b.correct,
            top1: report.b.top1,
            agreeing: report.agreeing,
          },
        )
        // Of the last layer, whose output it is; sums of double, in another order.
        assert.ok(Math.abs(sqnrDb - report.layers.at(-1).accumulated.sqnrDb) < 1e-6)
        assert.ok(kl > 0)
        assert.equal(reference.correct, report.a.correct)
      }
      assert.ok(measured[0].agreeing > measured[1].agreeing)
      assert.ok(measured[0].sqnrDb > measured[1].sqnrDb && measured[0].kl < measured[1].kl)
    })

    await t.test('without labels there is no accuracy', async () => {
      const evaluator = await lowbit.evaluator(fp32, { inputs: [inputs] })
      const { top1, labelled, agreeing } = await evaluator.measure(int8)
      assert.deepEqual([evaluator.reference.top1, top1, labelled], [null, null, 0])
      assert.ok(agreeing > 900)
    })

    await t.test('an evaluator keeps its samples', async () => {
      const changing = { data: inputs.data.slice(), shape: [...inputs.shape] }
      const evaluator = await lowbit.evaluator(fp32, { inputs: changing })
      const before = await evaluator.measure(int3)
      changing.data.fill(0)
      assert.deepEqual(await evaluator.measure(int3), before)
    })

    await t.test('sensitivity quantizes one thing at a time', async () => {
      const { fp32: itself, layers } = await lowbit.sensitivity(fp32, int3, { inputs, labels })
      assert.equal(itself.agreeing, 1000)
      assert.deepEqual(
        layers.map(({ name, op }) => [name, op]),
        [
          ['x', 'Input'],
          ['make_h', 'Gemm'],
          ['make_y', 'Gemm'],
        ],
      )
      assert.equal(layers[0].weights, null)
      const evaluator = await lowbit.evaluator(fp32, { inputs, labels })
      const all = await evaluator.measure(int3)
      for (const score of layers.flatMap(({ weights, output }) => [weights, output])) {
        if (!score) continue
        assert.equal(score.samples, 1000)
        assert.ok(score.agreeing < 1000 && score.sqnrDb > all.sqnrDb)
      }
      const gentle = await lowbit.sensitivity(fp32, int8, { inputs })
      gentle.layers.forEach(({ weights, output }, i) => {
        if (weights) assert.ok(weights.sqnrDb > layers[i].weights.sqnrDb)
        assert.ok(output.sqnrDb > layers[i].output.sqnrDb)
      })
    })
  })
}

test('an evaluator lives on where its worker died, even without its reference', async (t) => {
  const spy = spyOnWorkers()
  const lowbit = await open(t, { worker: spy.start, workers: 1 })
  const fp32 = await lowbit.load(model())
  const int8 = await lowbit.quantize(fp32, {}, { calibration: inputs })
  const evaluator = await lowbit.evaluator(fp32, { inputs, labels })
  const before = await evaluator.measure(int8)
  fp32.dispose()
  assert.deepEqual(await evaluator.measure(int8), before)
  const dying = rejects(evaluator.measure(int8), 'BACKEND_FAILED')
  spy.workers[0].terminate()
  await dying
  const after = await Promise.all([evaluator.measure(int8), evaluator.measure(int8)])
  assert.deepEqual(after, [before, before])
  assert.equal(spy.workers.length, 2)
})

for (const worker of [false, true]) {
  test(`mixed precision and the doctor, ${worker ? 'in a worker' : 'in this thread'}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(perceptron({ inputs: 8, hidden: 32, classes: 4 }))
    const samples = tensor([96, 8], 3)
    const sum = (numbers) => numbers.reduce((a, b) => a + b, 0)

    await t.test(
      'widths within a budget are a recipe that loses no more than one width',
      async () => {
        const { layers, cost, kl, front, chosen } = await lowbit.mixPrecision(fp32, {}, { samples })
        assert.equal(layers.length, 2)
        assert.deepEqual([cost.length, kl.length, cost[0].length], [2, 2, 7])
        assert.ok(
          front.length > 2 && front.every(({ recipe }) => recipe.layers[layers[0]].weights.bits),
        )
        assert.equal(chosen, null)
        const budget = sum(cost.map((bytes) => bytes[4]))
        const mixed = await lowbit.mixPrecision(fp32, {}, { samples, budget })
        assert.ok(mixed.chosen.cost <= budget)
        const evaluator = await lowbit.evaluator(fp32, { inputs: samples })
        const calibration = await lowbit.calibrate(fp32, { samples })
        const measure = async (recipe) =>
          evaluator.measure(await lowbit.quantize(fp32, recipe, { calibration }))
        const { kl: best } = await measure(mixed.chosen.recipe)
        assert.ok(best <= (await measure({ weights: { bits: 4 } })).kl)
        const kept = await lowbit.mixPrecision(
          fp32,
          {},
          { samples, maxDrop: 0.05, bits: [8, 4, 2] },
        )
        assert.ok(kept.score.agreeing >= 0.95 * 96)
      },
    )

    await t.test('repairs that help are kept, and the recipe has them', async () => {
      const recipe = { weights: { bits: 2, granularity: 'tensor' } }
      const stages = new Set()
      const onProgress = ({ stage }) => stages.add(stage)
      const found = await lowbit.diagnose(fp32, recipe, { samples, onProgress })
      assert.ok(found.findings.some(({ isKept }) => isKept))
      for (const { rule, reason, before, after, isKept } of found.findings) {
        assert.match(rule, /^[a-z-]+$/)
        assert.ok(reason.length > 20)
        if (isKept) assert.ok(after.score.kl < before.score.kl)
      }
      assert.ok(found.after.score.kl < found.before.score.kl)
      assert.notDeepEqual(found.recipe.weights, { bits: 2, granularity: 'tensor' })
      assert.ok(stages.has('doctor'))
      const model = await lowbit.quantize(fp32, found.recipe, { calibration: samples })
      const evaluator = await lowbit.evaluator(fp32, { inputs: samples })
      const { kl } = await evaluator.measure(model)
      assert.ok(Math.abs(kl - found.after.score.kl) < 1e-3)
    })

    await t.test('goals that make no sense are refused', async () => {
      const mix = (options) => lowbit.mixPrecision(fp32, {}, { samples, ...options })
      const bad = 'INVALID_ARGUMENT'
      await rejects(mix({ bits: [] }), bad, 'options.bits')
      await rejects(mix({ bits: [9] }), bad, 'options.bits[0]')
      await rejects(mix({ cost: 'money' }), bad, 'options.cost')
      await rejects(mix({ budget: -1 }), bad, 'options.budget')
      await rejects(mix({ maxDrop: Number.NaN }), bad, 'options.maxDrop')
      await rejects(mix({ budget: 1, maxDrop: 1 }), bad, 'options.budget')
      const diagnose = (options) => lowbit.diagnose(fp32, {}, { samples, ...options })
      await rejects(diagnose({ leastGain: 2 }), bad, 'options.leastGain')
      await rejects(diagnose({ keepPerTensor: 1 }), bad, 'options.keepPerTensor')
      await rejects(diagnose({ byteBudget: 'all' }), bad, 'options.byteBudget')
    })
  })
}
