// What surrounds the work: progress, abortion, disposal, and recovery where the backend breaks.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createLowbit } from 'lowbit'
import { open, perceptron, rejects, spyOnWorkers, tensor } from './support.mjs'

const samples = tensor([2000, 64], 3)
const large = () => perceptron({ inputs: 64, hidden: 256, classes: 10 })

/** Has every stage that there is. */
const thorough = { weights: { bits: 4, rounding: 'adaround' }, equalize: true, correctBias: true }

function documentedStages() {
  const types = readFileSync(new URL('../src/types.ts', import.meta.url), 'utf8')
  const [, union] = /readonly stage:([\s|'a-z-]+)/.exec(types)
  return new Set([...union.matchAll(/'([a-z-]+)'/g)].map(([, stage]) => stage))
}

for (const worker of [false, true]) {
  const thread = worker ? 'in a worker' : "in the caller's thread"

  test(`progress goes from 0 to 1 in every stage, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const stages = []
    const seen = new Map()
    const onProgress = ({ stage, fraction }) => {
      if (!seen.has(stage)) {
        stages.push(stage)
        assert.equal(fraction, 0)
      }
      assert.ok(fraction >= (seen.get(stage) ?? 0))
      seen.set(stage, fraction)
    }
    const fp32 = await lowbit.load(large(), { onProgress })
    const int8 = await lowbit.quantize(fp32, {}, { calibration: samples, onProgress })
    await int8.run([samples], { onProgress })
    await lowbit.compare(fp32, int8, { inputs: samples, latencyRuns: 3, onProgress })
    assert.deepEqual(stages, ['load', 'calibrate', 'quantize', 'run', 'compare', 'latency'])
    assert.deepEqual([...new Set(seen.values())], [1])

    const evaluate = { inputs: samples, onProgress }
    const later = [
      () => lowbit.calibrate(fp32, { samples, onProgress }),
      () => lowbit.quantize(fp32, thorough, { calibration: samples, onProgress }),
      () => lowbit.evaluator(fp32, evaluate),
      () => lowbit.sensitivity(fp32, int8, evaluate),
      () => lowbit.mixPrecision(fp32, {}, { samples, bits: [8, 4], onProgress }),
      () => lowbit.diagnose(fp32, {}, { samples, onProgress }),
    ]
    const all = new Set(stages)
    for (const call of later) {
      stages.length = 0
      seen.clear()
      await call()
      assert.deepEqual([...new Set(seen.values())], [1])
      for (const stage of stages) all.add(stage)
    }
    assert.deepEqual(all, documentedStages())
  })

  test(`an abort rejects at once, and everything stays usable, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(large())
    const int8 = await lowbit.quantize(fp32, {}, { calibration: samples })
    const evaluator = await lowbit.evaluator(fp32, { inputs: samples })
    const reason = new Error('enough')
    const calls = [
      (options) => lowbit.load(large(), options),
      (options) => lowbit.quantize(fp32, {}, { calibration: samples, ...options }),
      (options) => fp32.run([samples], options),
      (options) => lowbit.compare(fp32, int8, { inputs: samples, ...options }),
      (options) => lowbit.calibrate(fp32, { samples, ...options }),
      (options) => lowbit.quantize(fp32, thorough, { calibration: samples, ...options }),
      (options) => lowbit.evaluator(fp32, { inputs: samples, ...options }),
      (options) => evaluator.measure(int8, options),
      (options) => lowbit.sensitivity(fp32, int8, { inputs: samples, ...options }),
      (options) => lowbit.mixPrecision(fp32, {}, { samples, bits: [8, 4], ...options }),
      (options) => lowbit.diagnose(fp32, {}, { samples, ...options }),
    ]
    for (const call of calls) {
      await rejects(call({ signal: AbortSignal.abort(reason) }), 'ABORTED')

      const controller = new AbortController()
      let reports = 0
      const onProgress = () => {
        reports++
        controller.abort(reason)
      }
      const promise = call({ signal: controller.signal, onProgress })
      await assert.rejects(promise, { code: 'ABORTED', cause: reason })
      assert.equal(reports, 1)
    }
    assert.equal((await int8.run([tensor([1, 64])]))[0].data.length, 10)
  })

  test(`an abort during AdaRound leaves the models as they were, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(large())
    const expected = await (await lowbit.quantize(fp32, thorough, { calibration: samples })).save(
      'onnx',
    )
    const controller = new AbortController()
    let stage
    const aborting = lowbit.quantize(fp32, thorough, {
      calibration: samples,
      signal: controller.signal,
      onProgress(progress) {
        stage = progress.stage
        if (stage === 'improve' && progress.fraction > 0) controller.abort()
      },
    })
    await rejects(aborting, 'ABORTED')
    assert.equal(stage, 'improve')
    const again = await lowbit.quantize(fp32, thorough, { calibration: samples })
    assert.deepEqual(await again.save('onnx'), expected)
  })

  test(`an error in onProgress ends the call with it, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(large())
    const problem = new TypeError('mine')
    const onProgress = () => {
      throw problem
    }
    await assert.rejects(fp32.run([samples], { onProgress }), problem)
    assert.equal((await fp32.run([samples]))[0].data.length, 20_000)
  })

  test(`calls take turns, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const fp32 = await lowbit.load(large())
    const int8 = await lowbit.quantize(fp32, {}, { calibration: samples })
    const order = []
    await Promise.all([
      lowbit.compare(fp32, int8, { inputs: samples }).then(() => order.push('long')),
      int8.run([tensor([1, 64])]).then(() => order.push('short')),
    ])
    assert.deepEqual(order, ['short', 'long'])
  })

  test(`one run after another lets timers fire, and writes where the outputs are lent, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const model = await lowbit.load(large())
    const x = tensor([1, 64])
    const expected = [...(await model.run([x]))[0].data]
    const y = { data: new Float32Array(10), shape: [1, 10] }
    let hasFired = false
    setTimeout(() => {
      hasFired = true
    })
    const end = performance.now() + 10_000
    while (!hasFired && performance.now() < end) {
      const [output] = await model.run([x], { outputs: [y] })
      assert.equal(output.data, y.data)
      assert.deepEqual([...y.data], expected)
      y.data.fill(0)
    }
    assert.ok(hasFired)
    const [own] = await model.run([x])
    assert.deepEqual([...own.data], expected)
    assert.deepEqual([...y.data], Array(10).fill(0))
    const lent = { outputs: [{ ...y, shape: [10, 1] }] }
    await rejects(model.run([x], lent), 'SHAPE_MISMATCH', 'options.outputs[0]')
    model.dispose()
    await rejects(model.run([x]), 'DISPOSED', 'model')
  })

  test(`disposal, ${thread}`, async (t) => {
    const lowbit = await open(t, { worker })
    const model = await lowbit.load(large())
    // Done or interrupted, whichever came first.
    const outcome = model.run([samples]).then(
      ([y]) => y.data.length,
      ({ code, where }) => `${code} ${where}`,
    )
    await new Promise((resolve) => setTimeout(resolve))
    model.dispose()
    model.dispose()
    assert.ok([20_000, 'DISPOSED model'].includes(await outcome), `${await outcome}`)
    await rejects(model.run([samples]), 'DISPOSED', 'model')
    await rejects(model.save('onnx'), 'DISPOSED', 'model')
    await rejects(lowbit.quantize(model, {}, { calibration: samples }), 'DISPOSED', 'model')
    await rejects(lowbit.calibrate(model, { samples }), 'DISPOSED', 'model')

    const survivor = await lowbit.load(large())
    const evaluator = await lowbit.evaluator(survivor, { inputs: samples })
    const int8 = await lowbit.quantize(survivor, {}, { calibration: samples })
    const scores = [evaluator.measure(int8), evaluator.measure(survivor)].map((score) =>
      score.then(
        ({ agreeing }) => agreeing > 0,
        ({ code, where }) => code === 'DISPOSED' && where === 'evaluator',
      ),
    )
    await new Promise((resolve) => setTimeout(resolve))
    evaluator.dispose()
    evaluator.dispose()
    assert.deepEqual(await Promise.all(scores), [true, true])
    await rejects(evaluator.measure(int8), 'DISPOSED', 'evaluator')
    const other = await lowbit.evaluator(survivor, { inputs: samples })

    const pending = rejects(survivor.run([samples]), 'DISPOSED', 'lowbit')
    lowbit.dispose()
    lowbit.dispose()
    await pending
    await rejects(survivor.run([samples]), 'DISPOSED', 'lowbit')
    await rejects(other.measure(survivor), 'DISPOSED', 'lowbit')
    await rejects(lowbit.load(large()), 'DISPOSED', 'lowbit')
    survivor.dispose()
  })
}

test('`using` disposes', { skip: !Symbol.dispose }, async () => {
  const lowbit = await createLowbit()
  const model = await lowbit.load(large())
  model[Symbol.dispose]()
  await rejects(model.run([samples]), 'DISPOSED', 'model')
  const reference = await lowbit.load(large())
  const evaluator = await lowbit.evaluator(reference, { inputs: samples })
  evaluator[Symbol.dispose]()
  await rejects(evaluator.measure(reference), 'DISPOSED', 'evaluator')
  lowbit[Symbol.dispose]()
  await rejects(lowbit.load(large()), 'DISPOSED', 'lowbit')
})

test('a worker that dies is replaced, with its models', async (t) => {
  const spy = spyOnWorkers()
  const lowbit = await open(t, { worker: spy.start, workers: 1 })
  const fp32 = await lowbit.load(large())
  const int8 = await lowbit.quantize(fp32, {}, { calibration: samples })
  const [before] = await int8.run([samples])

  const onProgress = ({ stage }) => stage === 'compare' && spy.workers[0].terminate()
  const dying = lowbit.compare(fp32, int8, { inputs: samples, onProgress })
  const bystander = fp32.run([samples])
  await rejects(dying, 'BACKEND_FAILED')
  await rejects(bystander, 'BACKEND_FAILED').catch(() => bystander)

  const [[after]] = await Promise.all([int8.run([samples]), fp32.run([samples])])
  assert.deepEqual(after.data, before.data)
  assert.equal(spy.workers.length, 2)
})

/** Forgets `count` models, and waits until two of them are freed; gives the warnings. */
async function forgetModels(t, options, count = 5) {
  setFlagsFromString('--expose_gc')
  const collectGarbage = runInNewContext('gc')
  const { mock } = t.mock.method(console, 'warn', () => {})
  const spy = spyOnWorkers()
  const lowbit = await open(t, { ...options, worker: spy.start })
  for (let i = 0; i < count; i++) await lowbit.load(large())
  const freed = () => spy.sent.filter(({ kind }) => kind === 'release').length
  for (let i = 0; i < 100 && freed() < 2; i++) {
    collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.ok(freed() >= 2)
  mock.restore()
  return mock.calls.map(({ arguments: [text] }) => text)
}

test('models that were forgotten are freed, and the first is reported', async (t) => {
  const warnings = await forgetModels(t, {})
  assert.equal(warnings.length, 1)
  assert.match(warnings[0], /dispose\(\)/)
  assert.deepEqual(await forgetModels(t, { warnUndisposed: false }), [])
})

test('a model that was forgotten lasts as long as the calls on it', async (t) => {
  setFlagsFromString('--expose_gc')
  const collectGarbage = runInNewContext('gc')
  const lowbit = await open(t, { worker: true })
  const samples = tensor([4096, 8])
  let collections = 0
  const onProgress = () => {
    collections++
    collectGarbage()
  }
  const made = await lowbit.calibrate(await lowbit.load(perceptron()), { samples, onProgress })
  assert.equal(made.samples, 4096)
  assert.ok(collections > 2)
})

test('a worker does not keep the process alive', async () => {
  // Without a call to end it: the test run itself would hang here.
  const lowbit = await createLowbit({ worker: true })
  await lowbit.load(large())
})
